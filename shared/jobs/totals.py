"""Running totals of the jobs of an owner: `totals/{hash of owner}.{first character of job id}`.

They are changed in the batch that changes the job, which has the job's version as its precondition.
So repeated deliveries, retries and lost responses count nothing twice. A deleted job counts
nothing.

A document takes about one sustained write a second, so the totals of an owner are split into
shards: one for each first character of a job's id, which is 16 for ids in hexadecimal. The jobs of
a shard follow each other in the order of ids, so a shard can be counted again without the others
(`maintenance/recount.py`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from shared.flows.documents import Doc, Increment, Merge, Query, Write
from shared.pipeline import Bucket
from shared.recipes.results import FilmResult
from shared.recipes.upload_results import Uploads

TOTALS = "totals"
DELETED = "deleted"
"""`Status.DELETED`. `model.py` imports this module."""
COUNTED_FIELDS = ("status", "artifacts", "facts", "worked_ms")
"""The fields of a job from which its share of the totals is computed."""


def totals_path(owner: str, job_id: str) -> str:
    """Returns the path of the shard that counts a job. The owner is hashed, because a user id may
    contain a slash."""
    return f"{TOTALS}/{hashlib.sha256(owner.encode()).hexdigest()[:32]}.{job_id[0]}"


def job_share(job: Mapping[str, Any]) -> Counter[str]:
    """Returns what a job adds to the totals, from the fields of its document.

    `jobs.{status}` is 1, `results` the number of artifacts for users, `input_ms` and `film_ms` the
    lengths of the inputs and of the film, `worked_ms.{stage}` the working time of a stage that is
    done.
    """
    share: Counter[str] = Counter()
    if not job or job["status"] == DELETED:
        return share
    share[f"jobs.{job['status']}"] = 1
    share["results"] = sum(row["bucket"] == Bucket.OUTPUTS for row in job["artifacts"])
    uploads, film = Uploads.find_current(job["facts"]), FilmResult.find_current(job["facts"])
    if uploads is not None:
        durations = [upload.duration_s for upload in uploads.inputs.values()]
        share["input_ms"] = round(1000 * sum(durations))
    if film is not None:
        share["film_ms"] = round(1000 * film.duration_s)
    for stage, worked_ms in job.get("worked_ms", {}).items():
        share[f"worked_ms.{stage}"] = worked_ms
    return share


def totals_writes(
    owner: str, job_id: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Write]:
    """Returns the write that counts a change of a job, or no write when its share is the same.

    Args:
        before: The counted fields of the job's document; empty for a new job.
        after: The same fields after the change.
    """
    share = job_share(after)
    share.subtract(job_share(before))
    changes = {name: Increment(by) for name, by in share.items() if by}
    if not changes:
        return []
    return [Merge(totals_path(owner, job_id), {"owner": owner, **changes})]


def read_totals(shards: Iterable[Doc]) -> Counter[str]:
    """Returns the sum of shards, by the names of `job_share`."""
    totals: Counter[str] = Counter()
    for shard in shards:
        for name, value in shard.data.items():
            if isinstance(value, Mapping):
                totals.update({f"{name}.{key}": count for key, count in value.items()})
            elif name != "owner":
                totals[name] += value
    return totals


def totals_fields(owner: str, totals: Mapping[str, int]) -> dict[str, Any]:
    """Returns the document of a shard."""
    fields: dict[str, Any] = {
        "owner": owner, "jobs": {}, "results": 0, "input_ms": 0, "film_ms": 0, "worked_ms": {},
    }  # fmt: skip
    for name, value in totals.items():
        field, _, key = name.partition(".")
        if key:
            fields[field][key] = value
        else:
            fields[field] = value
    return fields


def next_owner(collection: str, after: str) -> Query:
    """Returns the query for the first document of the owner that follows `after`."""
    # "~" follows every character of an id.
    return Query(collection, order_by="owner", after=(after, "~"), limit=1)
