"""The storage limit of a user: uploads as declared, results, recordings, and what running
recordings may still store. Objects between stages do not count."""

from __future__ import annotations

from functions.api.jobs.recipes import MEGABYTE
from shared.cameras.recording import Recording, running_recordings
from shared.errors import StorageFull
from shared.http.request import ApiRequest


def free_storage_bytes(request: ApiRequest) -> int:
    """Returns what the user may still store; negative when the limit is exceeded. Concurrent
    requests read the same usage, so together they can exceed the limit by what the rate limits
    allow."""
    store, owner = request.services.store, request.user.uid
    running = map(Recording.from_doc, store.run_query(running_recordings(owner)))
    reserved = sum(recording.reserved_bytes for recording in running)
    limit = request.settings.max_storage_mb * MEGABYTE
    return limit - store.sum_stored_bytes(owner) - reserved


def check_storage(request: ApiRequest, additional_bytes: int) -> None:
    """Raises StorageFull when `additional_bytes` more do not fit."""
    if free_storage_bytes(request) < additional_bytes:
        raise StorageFull
