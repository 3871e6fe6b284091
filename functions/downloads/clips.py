"""Lookup of the caller's recording clips."""

from __future__ import annotations

from shared.cameras.recording import Recording, recording_path
from shared.errors import NotFound
from shared.http.request import ApiRequest
from shared.recipes.stored_object import Artifact


def find_clip(request: ApiRequest) -> Artifact:
    """Returns the clip of the caller's recording in the path. Raises NotFound."""
    (doc,) = request.services.store.read([recording_path(request.path_params["recording_id"])])
    clip = None
    if doc is not None and doc.data["owner"] == request.user.uid:
        clip = Recording.from_doc(doc).clip_artifact
    if clip is None:
        raise NotFound("There is no such recording, or it has no clip yet.")
    return clip
