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

from functions.personal_data.belongings import UserData
from functions.personal_data.inventory import (
    RemovedItem,
    Totals,
    delete_chunks,
    read_inventory,
    read_removed_paths,
    record_removals,
    removed_document,
    removed_object,
)
from functions.personal_data.receipt import sign_receipt, store_public_key
from shared.cameras.camera import CAMERAS
from shared.cameras.recording import RECORDINGS
from shared.entrypoints import bootstrap
from shared.entrypoints.task import TaskContext
from shared.errors import DeadlineNear, NotFound
from shared.flows.documents import Delete, Doc, Update
from shared.jobs.commands import delete
from shared.jobs.commands.delete import SECOND_PURGE_S
from shared.pipeline import RECEIPTS_PREFIX, Bucket
from shared.privacy.data_requests import Phase
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import Later, TaskDone, TaskOutcome

MAX_JOBS_PER_STEP = 200
"""A job is looked for in some fifteen folders, three times: a step takes a few minutes at most."""
RECHECK_S = 120
"""When something is left: whoever wrote it had a token that was good for another minute."""


def disable_account(context: TaskContext) -> TaskOutcome:
    """From now on nobody comes in; a token that was looked at holds for a minute more."""
    bootstrap.account_admin().disable(context.task.owner)
    return Later(0, fields={"phase": Phase.REMOVING}, progress=True)


def remove_data(context: TaskContext) -> TaskOutcome:
    """The first time over everything."""
    if (further := _remove_jobs(context)) is not None:
        return further
    _remove_the_rest(context, again=False)
    fields = {"phase": Phase.CHECKING, "cursor": ""}
    return Later(SECOND_PURGE_S, fields=fields, progress=True)


def verify_removal(context: TaskContext) -> TaskOutcome:
    """The second time, for what was still being written; then a look whether anything is left."""
    if (further := _remove_jobs(context, finally_=True)) is not None:
        return further
    _remove_the_rest(context, again=True)
    left = _belongings(context).count_remaining(_known(context))
    if any(left.values()):
        where = ", ".join(f"{name}: {count}" for name, count in sorted(left.items()) if count)
        why = f"Something is left ({where})."
        return Later(RECHECK_S, "still-there", why, {"cursor": ""})
    return Later(0, fields={"phase": Phase.CLOSING, "remaining_counts": left}, progress=True)


def close_account(context: TaskContext) -> TaskOutcome:
    """The account last; then the receipt, which is the only thing that stays."""
    task, world = context.task, context.services
    account = bool(task.data["account"])
    if account:
        bootstrap.account_admin().delete(task.owner)
        if bootstrap.account_admin().exists(task.owner):
            return Later(RECHECK_S, "still-there", "The account is still there.")
    totals = Totals()
    digest = hashlib.sha256()
    for line in read_inventory(world.store, task.id, totals):
        digest.update(line)
    store_public_key(world.store, context.settings)
    signed = sign_receipt(context, totals, digest.hexdigest(), world.clock.now())
    name = f"{RECEIPTS_PREFIX}{task.id}/inventory.jsonl"
    with world.objects.create(
        Bucket.OUTPUTS, name, content_type="application/x-ndjson", spec=digest.hexdigest()
    ) as writer:
        for line in read_inventory(world.store, task.id, Totals()):
            writer.write(line)
    fields = {
        "phase": Phase.ERASED,
        "owner": "",
        "limit_hashes": [],
        "receipt": signed,
        "inventory": writer.stored_object.to_artifact("inventory.jsonl", "inventory").to_dict(),
    }
    return Later(0, fields=fields, progress=True)


def delete_inventory(context: TaskContext) -> TaskOutcome:
    """The inventory is an object and signed for: what it was put together from can go."""
    delete_chunks(context.services.store, context.task.id)
    return TaskDone()


def _remove_jobs(context: TaskContext, *, finally_: bool = False) -> Later | None:
    """The next jobs; → how to go on, None when there are none. What comes after them is a step of
    its own: time that runs out there does not bring them back."""
    belongings = _belongings(context)
    jobs, following = belongings.list_jobs(context.task.data["cursor"], MAX_JOBS_PER_STEP)
    done = ""
    for doc in jobs:
        try:
            context.check()
        except DeadlineNear:
            if not done:
                raise
            return Later(0, fields={"cursor": done}, progress=True)
        _remove_job(context, belongings, doc)
        if finally_ and not belongings.list_job_data(doc.id):
            # Whose it was is all that the tombstone still told.
            context.services.store.commit([Update(doc.path, {"owner": ""})])
        done = doc.id
    return Later(0, fields={"cursor": following}, progress=True) if following else None


def _remove_job(context: TaskContext, belongings: UserData, doc: Doc) -> None:
    found = belongings.list_job_data(doc.id)
    record_removals(context.services.store, context.task.id, [removed_document(doc.path), *found])
    try:
        Interpreter(context.services).run(delete.delete(doc.id, context.services.clock_and_ids))
    except NotFound:
        return
    # What a running job wrote since the first look, and strangers that were put aside.
    late = belongings.list_job_data(doc.id)
    record_removals(context.services.store, context.task.id, late)
    for one in late:
        _remove_one(context, one)


def _remove_the_rest(context: TaskContext, *, again: bool) -> None:
    belongings = _belongings(context)
    recorded = list(belongings.list_camera_data(_known(context)))
    record_removals(context.services.store, context.task.id, recorded)
    # Their documents first, at which a camera's session ends; what it leaves is found once more.
    _remove_documents(context, belongings.list_other_documents(second_pass=again))
    for found in recorded:
        context.check()
        _remove_one(context, found)
    for folder, there in belongings.list_owner_objects():
        record_removals(
            context.services.store, context.task.id, [removed_object(one) for one in there]
        )
        for one in there:
            context.check()
            context.services.objects.delete(folder.bucket, one.name, one.generation)


def _remove_one(context: TaskContext, one: RemovedItem) -> None:
    if one.kind == "document":
        context.services.store.commit([Delete(one.name)])
    else:
        role, _, name = one.name.partition("/")
        context.services.objects.delete(Bucket(role), name, one.generation)


def _remove_documents(context: TaskContext, paths: Iterable[str]) -> None:
    found = list(paths)
    record_removals(
        context.services.store, context.task.id, [removed_document(path) for path in found]
    )
    for path in found:
        context.check()
        context.services.store.commit([Delete(path)])


def _known(context: TaskContext) -> list[str]:
    """The cameras and recordings whose documents are written down, and may be gone."""
    return read_removed_paths(context.services.store, context.task.id, (CAMERAS, RECORDINGS))


def _belongings(context: TaskContext) -> UserData:
    task, world = context.task, context.services
    until = None if task.data["account"] else task.data["requested_at"]
    limit_hashes = task.data["limit_hashes"]
    return UserData(
        world.store,
        world.objects,
        task.owner,
        request_id=task.id,
        limit_hashes=limit_hashes,
        created_before=until,
    )
