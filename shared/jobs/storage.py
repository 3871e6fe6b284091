"""The bytes of a job that count towards the storage limit of its owner.

Inputs count as declared until they are examined, then as stored; pictures that are added to a deck
as declared. Results count until the job is deleted, also those that an edited deck replaced: their
objects are kept, because links to them may be in use. Objects between stages do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.jobs.model import Job, JobInput
from shared.recipes.films.added_pictures import AddedPicture
from shared.recipes.stored_object import Artifact


def storage_fields(
    job: Job, inputs: Iterable[JobInput], artifacts: Iterable[Artifact]
) -> dict[str, Any]:
    """Returns the fields of a job with these inputs and artifacts. They are set, not incremented:
    with the job's version in the batch they are right however often a unit is delivered."""
    inputs, artifacts = tuple(inputs), tuple(artifacts)
    kept = {(artifact.bucket, artifact.object, artifact.generation) for artifact in artifacts}
    replaced_bytes = job.replaced_bytes + sum(
        artifact.size_bytes
        for artifact in job.artifacts
        if (artifact.bucket, artifact.object, artifact.generation) not in kept
    )
    return {
        "inputs": [item.to_dict() for item in inputs],
        "artifacts": [artifact.to_dict() for artifact in artifacts],
        "replaced_bytes": replaced_bytes,
        "stored_bytes": _sum_bytes(inputs, artifacts, job.deck_pictures) + replaced_bytes,
    }


def stored_bytes(job: Job) -> int:
    """Returns the bytes of a job, the field `stored_bytes` of its document."""
    return _sum_bytes(job.inputs, job.artifacts, job.deck_pictures) + job.replaced_bytes


def _sum_bytes(*groups: Iterable[JobInput | Artifact | AddedPicture]) -> int:
    return sum(item.size_bytes for group in groups for item in group)
