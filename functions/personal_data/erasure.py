"""Removing everything of a person, in steps that may be repeated.

LOCKING   the account takes nobody in any more (only when it goes as well)
REMOVING  job by job a tombstone, at which what runs stops; then what stands beside the jobs
          … a quarter of an hour: longer than any function runs, so what was being written is there
CHECKING  the same again, and a look into every bucket and collection; until nothing is left
CLOSING   the account goes, the receipt is signed
ERASED    what the inventory was put together from goes as well

What is about to be removed is written down first, so that no crash takes it from the inventory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from functions.personal_data.belongings import Belongings
from functions.personal_data.inventory import (
    Removed,
    Totals,
    an_object,
    document,
    forget,
    inventory,
    paths_written_down,
    write_down,
)
from functions.personal_data.receipt import sign_receipt, store_public_key
from shared.cameras.camera import CAMERAS
from shared.cameras.recording import RECORDINGS
from shared.entrypoints import bootstrap
from shared.entrypoints.task import ErrandTask
from shared.errors import DeadlineNear, NotFound
from shared.flows.documents import Delete, Doc, Update
from shared.jobs.commands import delete
from shared.jobs.commands.delete import SECOND_PURGE_S
from shared.pipeline import RECEIPTS_PREFIX, Bucket
from shared.privacy.data_requests import Phase
from shared.runtime.interpreter import Driver
from shared.tasks.task import ErrandOutcome, Postponed, Settled

JOBS_IN_A_STEP = 200
"""A job is looked for in some fifteen folders, three times: a step takes a few minutes at most."""
LOOK_AGAIN_S = 120
"""When something is left: whoever wrote it had a token that was good for another minute."""


def shut_out(task: ErrandTask) -> ErrandOutcome:
    """From now on nobody comes in; a token that was looked at holds for a minute more."""
    bootstrap.doorkeeper().shut_out(task.errand.owner)
    return Postponed(0, fields={"phase": Phase.REMOVING}, progress=True)


def remove(task: ErrandTask) -> ErrandOutcome:
    """The first time over everything."""
    if (further := _remove_jobs(task)) is not None:
        return further
    _remove_the_rest(task, again=False)
    fields = {"phase": Phase.CHECKING, "cursor": ""}
    return Postponed(SECOND_PURGE_S, fields=fields, progress=True)


def look_again(task: ErrandTask) -> ErrandOutcome:
    """The second time, for what was still being written; then a look whether anything is left."""
    if (further := _remove_jobs(task, finally_=True)) is not None:
        return further
    _remove_the_rest(task, again=True)
    left = _belongings(task).left(_known(task))
    if any(left.values()):
        where = ", ".join(f"{name}: {count}" for name, count in sorted(left.items()) if count)
        why = f"Something is left ({where})."
        return Postponed(LOOK_AGAIN_S, "still-there", why, {"cursor": ""})
    return Postponed(0, fields={"phase": Phase.CLOSING, "looked_in": left}, progress=True)


def close(task: ErrandTask) -> ErrandOutcome:
    """The account last; then the receipt, which is the only thing that stays."""
    errand, world = task.errand, task.world
    account = bool(errand.data["account"])
    if account:
        bootstrap.doorkeeper().remove(errand.owner)
        if bootstrap.doorkeeper().is_there(errand.owner):
            return Postponed(LOOK_AGAIN_S, "still-there", "The account is still there.")
    totals = Totals()
    digest = hashlib.sha256()
    for line in inventory(world.store, errand.id, totals):
        digest.update(line)
    store_public_key(world.store, task.settings)
    signed = sign_receipt(task, totals, digest.hexdigest(), world.clock.now())
    name = f"{RECEIPTS_PREFIX}{errand.id}/inventory.jsonl"
    with world.objects.create(
        Bucket.OUTPUTS, name, content_type="application/x-ndjson", spec=digest.hexdigest()
    ) as writer:
        for line in inventory(world.store, errand.id, Totals()):
            writer.write(line)
    fields = {
        "phase": Phase.ERASED,
        "owner": "",
        "counted_as": [],
        "receipt": signed,
        "inventory": writer.stored.artefact("inventory.jsonl", "inventory").to_dict(),
    }
    return Postponed(0, fields=fields, progress=True)


def tidy(task: ErrandTask) -> ErrandOutcome:
    """The inventory is an object and signed for: what it was put together from can go."""
    forget(task.world.store, task.errand.id)
    return Settled()


def _remove_jobs(task: ErrandTask, *, finally_: bool = False) -> Postponed | None:
    """The next jobs; → how to go on, None when there are none. What comes after them is a step of
    its own: time that runs out there does not bring them back."""
    belongings = _belongings(task)
    jobs, following = belongings.jobs(task.errand.data["cursor"], JOBS_IN_A_STEP)
    done = ""
    for doc in jobs:
        try:
            task.check()
        except DeadlineNear:
            if not done:
                raise
            return Postponed(0, fields={"cursor": done}, progress=True)
        _remove_job(task, belongings, doc)
        if finally_ and not belongings.of_job(doc.id):
            # Whose it was is all that the tombstone still told.
            task.world.store.commit([Update(doc.path, {"owner": ""})])
        done = doc.id
    return Postponed(0, fields={"cursor": following}, progress=True) if following else None


def _remove_job(task: ErrandTask, belongings: Belongings, doc: Doc) -> None:
    found = belongings.of_job(doc.id)
    write_down(task.world.store, task.errand.id, [document(doc.path), *found])
    try:
        Driver(task.world).run(delete.delete(doc.id, task.world.clockwork))
    except NotFound:
        return
    # What a running job wrote since the first look, and strangers that were put aside.
    late = belongings.of_job(doc.id)
    write_down(task.world.store, task.errand.id, late)
    for one in late:
        _remove_one(task, one)


def _remove_the_rest(task: ErrandTask, *, again: bool) -> None:
    belongings = _belongings(task)
    recorded = list(belongings.of_cameras(_known(task)))
    write_down(task.world.store, task.errand.id, recorded)
    # Their documents first, at which a camera's session ends; what it leaves is found once more.
    _remove_documents(task, belongings.beside_jobs(again=again))
    for found in recorded:
        task.check()
        _remove_one(task, found)
    for folder, there in belongings.kept_for_the_owner():
        write_down(task.world.store, task.errand.id, [an_object(one) for one in there])
        for one in there:
            task.check()
            task.world.objects.remove(folder.bucket, one.name, one.generation)


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


def _known(task: ErrandTask) -> list[str]:
    """The cameras and recordings whose documents are written down, and may be gone."""
    return paths_written_down(task.world.store, task.errand.id, (CAMERAS, RECORDINGS))


def _belongings(task: ErrandTask) -> Belongings:
    errand, world = task.errand, task.world
    until = None if errand.data["account"] else errand.data["requested_at"]
    counted_as = errand.data["counted_as"]
    return Belongings(
        world.store,
        world.objects,
        errand.owner,
        request=errand.id,
        counted_as=counted_as,
        until=until,
    )
