"""The uploads of a job: uploaded by the user, or copied from another object."""

from __future__ import annotations

from shared.jobs.model import JobInput
from shared.pipeline import RECORDINGS_PREFIX, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject


def ensure_upload(objects: ObjectStore, job_input: JobInput) -> StoredObject | None:
    """Returns the input's object, or None.

    If the input is a copy of another object and does not exist yet, Cloud Storage copies it now
    from the recorded version. This also completes a copy that was interrupted.
    """
    upload = objects.stat(Bucket.UPLOADS, job_input.object)
    if upload is not None or not job_input.source:
        return upload
    name, _, generation = job_input.source.rpartition("#")
    # Clips of recordings are in the bucket of results; uploads have no such prefix.
    bucket = Bucket.OUTPUTS if name.startswith(RECORDINGS_PREFIX) else Bucket.UPLOADS
    original = objects.stat(bucket, name)
    if original is None or original.generation != int(generation):
        return None
    copy, _ = objects.copy(original, Bucket.UPLOADS, job_input.object, spec=job_input.source)
    return copy


def delete_superseded_uploads(objects: ObjectStore, job_input: JobInput) -> int:
    """Deletes the uploads of an input with older numbers than the declared one. Returns their
    number. The declared upload and any later one stay."""
    if not job_input.upload:
        return 0
    prefix, _, _ = job_input.object.rpartition(".")
    count = 0
    for stored in objects.list_objects(Bucket.UPLOADS, f"{prefix}."):
        number = stored.name.removeprefix(f"{prefix}.")
        if number.isdigit() and int(number) < job_input.upload:
            objects.delete(stored.bucket, stored.name, stored.generation)
            count += 1
    return count
