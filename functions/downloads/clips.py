"""Whose clip is asked for: the caller's own."""

from __future__ import annotations

from shared.cameras.recording import Recording, recording_path
from shared.errors import NotFound
from shared.http.request import Call
from shared.recipes.stored_object import Artefact


def own_clip(call: Call) -> Artefact:
    """The clip of the caller's recording that the path names. Raises NotFound."""
    (doc,) = call.world.store.read([recording_path(call.named["recording_id"])])
    film = None
    if doc is not None and doc.data["owner"] == call.user.uid:
        film = Recording.from_doc(doc).film
    if film is None:
        raise NotFound("There is no such recording, or it has no clip yet.")
    return film
