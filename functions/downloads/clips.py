"""Whose clip is asked for: the caller's own."""

from __future__ import annotations

from shared.cameras.recording import Recording, recording_path
from shared.errors import NotFound
from shared.http.request import ApiRequest
from shared.recipes.stored_object import Artifact


def find_clip(request: ApiRequest) -> Artifact:
    """The clip of the caller's recording that the path names. Raises NotFound."""
    (doc,) = request.services.store.read([recording_path(request.path_params["recording_id"])])
    film = None
    if doc is not None and doc.data["owner"] == request.user.uid:
        film = Recording.from_doc(doc).clip_artifact
    if film is None:
        raise NotFound("There is no such recording, or it has no clip yet.")
    return film
