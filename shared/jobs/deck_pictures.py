"""Pictures that a user adds to the deck of a job."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.flows.documents import Update, job_path
from shared.jobs.model import Job
from shared.jobs.storage import storage_fields
from shared.recipes.films.added_pictures import AddedPicture


def declare_picture(job: Job, picture: AddedPicture, now: datetime) -> Update:
    """Returns the write that declares a picture, or declares it with other values. It conflicts
    with every change of the job, so no picture is declared in a deleted job."""
    rows = {item.sha256: item for item in job.deck_pictures} | {picture.sha256: picture}
    pictures = tuple(rows.values())
    fields = storage_fields(replace(job, deck_pictures=pictures), job.inputs, job.artifacts)
    declared = [item.to_dict() for item in pictures]
    fields |= {"deck_pictures": declared, "updated_at": now}
    return Update(job_path(job.id), fields, job.version)
