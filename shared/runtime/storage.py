"""The storage limit of a user: uploads as declared, results, recordings, and what running
recordings may still store. Objects between stages do not count."""

from __future__ import annotations

from shared.cameras.recording import Recording, running_recordings
from shared.ports.store import JobStore
from shared.runtime.settings import Settings

MEGABYTE = 1_000_000


def free_storage_bytes(store: JobStore, owner: str, settings: Settings) -> int:
    """Returns what a user may still store; negative when the limit is exceeded. Concurrent requests
    read the same usage, so together they can exceed the limit by what the rate limits allow."""
    running = map(Recording.from_doc, store.run_query(running_recordings(owner)))
    reserved = sum(recording.reserved_bytes for recording in running)
    return settings.max_storage_mb * MEGABYTE - store.sum_stored_bytes(owner) - reserved
