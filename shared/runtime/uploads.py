"""What has arrived for a job: uploaded by a person, or copied from what is uploaded elsewhere."""

from __future__ import annotations

from shared.jobs.model import JobInput
from shared.pipeline import RECORDINGS_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject


def find_upload(objects: ObjectStore, job_input: JobInput) -> StoredObject | None:
    """The input's object, or None. A copy that is not there yet is made now, within Cloud Storage
    and of the version that was pinned: whoever asks finishes what broke off."""
    there = objects.stat(Bucket.UPLOADS, job_input.object)
    if there is not None or not job_input.source:
        return there
    name, _, generation = job_input.source.rpartition("#")
    # Clips of recordings lie among the results, and nothing of that name among the uploads.
    bucket = Bucket.OUTPUTS if name.startswith(RECORDINGS_PREFIX) else Bucket.UPLOADS
    original = objects.stat(bucket, name)
    if original is None or original.generation != int(generation):
        return None
    copy, _ = objects.copy(original, Bucket.UPLOADS, job_input.object, spec=job_input.source)
    return copy
