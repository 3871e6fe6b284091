"""Counts the totals of an owner again, from the documents of the jobs.

A job and its totals are written in one batch, so the code cannot make them differ. Documents that
were written by hand can, and jobs that are older than the totals.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from shared.flows.documents import CommitResult, Create, Update, owned_documents
from shared.flows.effects import Flow, commit, read, run_query
from shared.jobs.totals import (
    TOTALS,
    job_share,
    next_owner,
    read_totals,
    totals_fields,
    totals_path,
)

JOBS = "jobs"
PAGE_SIZE = 300


class Recount(StrEnum):
    """The result for a shard. With CHANGED_MEANWHILE nothing was written, because its jobs changed
    while they were counted."""

    RIGHT = "right"
    WRONG = "wrong"
    CORRECTED = "corrected"
    CHANGED_MEANWHILE = "changed meanwhile"


def list_owners() -> Flow[list[str]]:
    """Returns the owners of jobs and of totals. Reads one document for each."""
    owners: set[str] = set()
    for collection in (JOBS, TOTALS):
        after = ""
        while docs := (yield from run_query(next_owner(collection, after))):
            after = str(docs[0].data["owner"])
            owners.add(after)
    return sorted(owners)


def list_shards(owner: str) -> Flow[list[str]]:
    """Returns the shards in which an owner has jobs or totals."""
    docs = yield from run_query(owned_documents(TOTALS, owner))
    shards = {doc.id.rpartition(".")[2] for doc in docs}
    after = ""
    while jobs := (yield from run_query(owned_documents(JOBS, owner, after=after, limit=1))):
        shards.add(jobs[0].id[0])
        # "~" follows every character of an id.
        after = f"{jobs[0].id[0]}~"
    return sorted(shards)


def recount_shard(owner: str, shard: str, *, correct: bool) -> Flow[Recount]:
    """Counts the jobs of a shard in pages and compares its totals. With `correct` wrong totals are
    replaced.

    The totals are read before the jobs and are written with the version that was read. A job that
    is counted in between changes that version, so no outdated sum is written.
    """
    path = totals_path(owner, shard)
    (doc,) = yield from read(path)
    jobs: Counter[str] = Counter()
    # The shard precedes the ids that start with it.
    after = shard
    while docs := (
        yield from run_query(owned_documents(JOBS, owner, after=after, limit=PAGE_SIZE))
    ):
        of_shard = [job for job in docs if job.id.startswith(shard)]
        for job in of_shard:
            jobs.update(job_share(job.data))
        if len(of_shard) < PAGE_SIZE:
            break
        after = docs[-1].id
    totals = read_totals([] if doc is None else [doc])
    if {name: n for name, n in totals.items() if n} == {name: n for name, n in jobs.items() if n}:
        return Recount.RIGHT
    if not correct:
        # A job that was counted after the totals were read is no difference.
        (latest,) = yield from read(path)
        is_same = (doc and doc.version) == (latest and latest.version)
        return Recount.WRONG if is_same else Recount.CHANGED_MEANWHILE
    fields = totals_fields(owner, jobs)
    write = Create(path, fields) if doc is None else Update(path, fields, doc.version)
    if (yield from commit(write)) is CommitResult.OK:
        return Recount.CORRECTED
    return Recount.CHANGED_MEANWHILE
