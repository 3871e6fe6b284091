"""Removing everything of a person, in steps that may be repeated.

LOCKING   the account takes nobody in any more (only when it goes as well)
REMOVING  every job leaves its tombstone first, so that what runs stops; then all else goes
          … a quarter of an hour: longer than any function runs, so what was being written is there
CHECKING  the same again, then a look into every bucket and collection; until nothing is left
CLOSING   tombstones forget whose they were, the account goes, the receipt is signed
"""

from __future__ import annotations

from collections.abc import Iterable

from functions.personal_data.finding import Belongings
from functions.personal_data.inventory import (
    Removed,
    an_object,
    as_lines,
    document,
    forget,
    job_ids,
    write_down,
    written_down,
)
from functions.personal_data.receipt import make_receipt, store_public_key
from shared import bootstrap
from shared.domain import operating
from shared.domain.data_requests import RECEIPTS, Phase
from shared.domain.documents import Delete, Doc, Update
from shared.domain.errand import ErrandOutcome, Postponed, Settled
from shared.domain.job import Status
from shared.domain.operating import SECOND_PURGE_S
from shared.domain.pipeline import Bucket
from shared.driver import Driver
from shared.errors import NotFound
from shared.stage import ErrandTask

LOOK_AGAIN_S = 120
"""When something is left: whoever wrote it had a token that was good for another minute."""


def shut_out(task: ErrandTask) -> ErrandOutcome:
    """From now on nobody comes in; a token that was looked at holds for a minute more."""
    bootstrap.doorkeeper().shut_out(task.errand.owner)
    return Postponed(0, fields={"phase": Phase.REMOVING}, progress=True)


def remove(task: ErrandTask) -> ErrandOutcome:
    """The first time over everything."""
    _remove_all(task)
    return Postponed(SECOND_PURGE_S, fields={"phase": Phase.CHECKING}, progress=True)


def look_again(task: ErrandTask) -> ErrandOutcome:
    """The second time, for what was still being written; then a look whether anything is left."""
    _remove_all(task)
    rows = written_down(task.world.store, task.errand.id)
    jobs = list(job_ids(rows))
    for number in jobs:
        task.check()
        # Whose it was is all that a tombstone still tells.
        task.world.store.commit([Update(f"jobs/{number}", {"owner": ""})])
    left = _belongings(task).left(jobs, task.check)
    if any(left.values()):
        where = ", ".join(f"{name}: {count}" for name, count in sorted(left.items()) if count)
        return Postponed(LOOK_AGAIN_S, "still-there", f"Something is left ({where}).")
    fields = {"phase": Phase.CLOSING, "looked_in": left}
    return Postponed(0, fields=fields, progress=True)


def close(task: ErrandTask) -> ErrandOutcome:
    """The account last; then the receipt, which is the only thing that stays."""
    errand, world = task.errand, task.world
    account = bool(errand.data["account"])
    if account:
        bootstrap.doorkeeper().remove(errand.owner)
        if bootstrap.doorkeeper().is_there(errand.owner):
            return Postponed(LOOK_AGAIN_S, "still-there", "The account is still there.")
    rows = written_down(world.store, errand.id)
    content = as_lines(rows)
    store_public_key(world.store, task.settings)
    made = make_receipt(task, rows, content, world.clock.now())
    name = f"{RECEIPTS}{errand.id}/inventory.jsonl"
    with world.objects.create(
        Bucket.OUTPUTS, name, content_type="application/x-ndjson", spec=made.inventory_sha256
    ) as writer:
        writer.write(content)
    forget(world.store, errand.id)
    return Settled(
        {
            "phase": Phase.ERASED,
            "owner": "",
            "receipt": made.token,
            "inventory": writer.stored.artefact("inventory.jsonl", "inventory").to_dict(),
        }
    )


def _remove_all(task: ErrandTask) -> None:
    belongings = _belongings(task)
    # Every tombstone before the first purge: what runs stops, and nothing new begins.
    jobs = list(belongings.jobs())
    for doc in jobs:
        _remove_job(task, belongings, doc)
    _remove_documents(task, belongings.beside_jobs())
    for folder, there in belongings.kept_for_the_owner():
        task.check()
        write_down(task.world.store, task.errand.id, [an_object(one) for one in there])
        for one in there:
            task.world.objects.remove(folder.bucket, one.name, one.generation)


def _remove_job(task: ErrandTask, belongings: Belongings, doc: Doc) -> None:
    task.check()
    found = belongings.of_job(doc.id)
    # The tombstone is written down as well: it is what says which jobs there were.
    write_down(task.world.store, task.errand.id, [document(doc.path), *found])
    if doc.data["status"] == Status.DELETED and not found:
        return
    try:
        Driver(task.world).run(operating.delete(doc.id, task.world.clockwork))
    except NotFound:
        return
    # Of a running job more may have been written since; it is gone with the purge, or is found
    # the next time.
    late = belongings.of_job(doc.id)
    write_down(task.world.store, task.errand.id, late)
    for one in late:
        _remove_one(task, one)


def _remove_one(task: ErrandTask, one: Removed) -> None:
    if one.kind == "document":
        task.world.store.commit([Delete(one.name)])
    else:
        role, _, name = one.name.partition("/")
        task.world.objects.remove(Bucket(role), name, one.generation)


def _remove_documents(task: ErrandTask, paths: Iterable[str]) -> None:
    found = list(paths)
    write_down(task.world.store, task.errand.id, [document(path) for path in found])
    for path in found:
        task.check()
        task.world.store.commit([Delete(path)])


def _belongings(task: ErrandTask) -> Belongings:
    until = None if task.errand.data["account"] else task.errand.data["requested_at"]
    return Belongings(task.world.store, task.world.objects, task.errand.owner, until)
