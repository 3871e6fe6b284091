"""Erases all data of a user, in steps that can be repeated.

LOCKING   disables the account (only when it is deleted too)
REMOVING  deletes job by job, leaving tombstones at which running work stops; then the other data
          … waits 15 minutes, longer than any function runs, so that all running writes have ended
CHECKING  does the same again, then searches every bucket and collection, until nothing is left
CLOSING   deletes the account and signs the receipt
ERASED    deletes the chunks from which the inventory was written

Every item is recorded before it is deleted, so that a crash cannot lose it from the inventory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice

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
from functions.personal_data.user_data import PAGE_SIZE, UserData
from shared.cameras.camera import CAMERAS
from shared.cameras.recording import RECORDINGS
from shared.entrypoints import bootstrap
from shared.entrypoints.task import TaskContext
from shared.errors import NotFound
from shared.flows.documents import Delete, Doc, Update
from shared.flows.effects import Later
from shared.jobs.commands import delete
from shared.jobs.commands.delete import SECOND_PURGE_S
from shared.pipeline import RECEIPTS_PREFIX, Bucket
from shared.privacy.data_requests import Phase
from shared.runtime.interpreter import Interpreter
from shared.tasks.errors import DeadlineNear
from shared.tasks.task import TaskDone, TaskOutcome

MAX_JOBS_PER_STEP = 200
"""About fifteen folders of each job are listed, three times: a step takes a few minutes at most."""
RECHECK_S = 120
"""Wait after something was left, longer than the minute for which a verified ID token is cached."""

FIRST_PLACE: dict[str, object] = {"cursor": "", "camera_cursor": "", "is_searching": False}
"""The fields of a pass that starts: `cursor` is the last job, `camera_cursor` the path of the last
camera or recording that was removed or, with `is_searching`, searched for remaining data."""


def disable_account(context: TaskContext) -> TaskOutcome:
    """LOCKING: disables the account. A verified ID token is accepted for another minute."""
    bootstrap.account_admin().disable(context.task.owner)
    return Later(0, fields={"phase": Phase.REMOVING}, progress=True)


def remove_data(context: TaskContext) -> TaskOutcome:
    """REMOVING: the first pass over all data."""
    if (further := _remove_jobs(context)) is not None:
        return further
    if (further := _remove_other_data(context, second_pass=False)) is not None:
        return further
    fields = {"phase": Phase.CHECKING, **FIRST_PLACE}
    return Later(SECOND_PURGE_S, fields=fields, progress=True)


def verify_removal(context: TaskContext) -> TaskOutcome:
    """CHECKING: the second pass, for late writes, then a search for remaining data."""
    first = after = context.task.data["camera_cursor"]
    if not context.task.data["is_searching"]:
        if (further := _remove_jobs(context, is_last_pass=True)) is not None:
            return further
        if (further := _remove_other_data(context, second_pass=True)) is not None:
            return further
        first = after = ""
    user_data = _user_data(context)
    counts = user_data.count_remaining()
    for path in _recorded_paths(context, after):
        if any(counts.values()):
            break
        if context.should_stop() and after != first:
            fields = {"is_searching": True, "camera_cursor": after}
            return Later(0, fields=fields, progress=True)
        for item in user_data.list_camera_data(path):
            key = "/".join(item.name.split("/")[: 1 if item.kind == "document" else 2])
            counts[key] = counts.get(key, 0) + 1
        after = path
    if any(counts.values()):
        remaining = ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()) if count)
        message = f"Something is left ({remaining})."
        return Later(RECHECK_S, "still-there", message, FIRST_PLACE)
    fields = {"phase": Phase.CLOSING, "remaining_counts": counts, **FIRST_PLACE}
    return Later(0, fields=fields, progress=True)


def close_account(context: TaskContext) -> TaskOutcome:
    """CLOSING: deletes the account, then signs the receipt, which is all that remains."""
    task, services = context.task, context.services
    account = bool(task.data["account"])
    if account:
        bootstrap.account_admin().delete(task.owner)
        if bootstrap.account_admin().exists(task.owner):
            return Later(RECHECK_S, "still-there", "The account is still there.")
    totals = Totals()
    digest = hashlib.sha256()
    for line in read_inventory(services.store, task.id, totals):
        digest.update(line)
    store_public_key(services.store, context.settings)
    receipt = sign_receipt(context, totals, digest.hexdigest(), services.clock.now())
    name = f"{RECEIPTS_PREFIX}{task.id}/inventory.jsonl"
    with services.objects.create(
        Bucket.OUTPUTS, name, content_type="application/x-ndjson", spec=digest.hexdigest()
    ) as writer:
        for line in read_inventory(services.store, task.id, Totals()):
            writer.write(line)
    fields = {
        "phase": Phase.ERASED,
        "owner": "",
        "limit_hashes": [],
        "receipt": receipt,
        "inventory": writer.stored_object.to_artifact("inventory.jsonl", "inventory").to_dict(),
    }
    return Later(0, fields=fields, progress=True)


def delete_inventory(context: TaskContext) -> TaskOutcome:
    """ERASED: deletes the chunks of the inventory, which is an object now."""
    delete_chunks(context.services.store, context.task.id)
    return TaskDone()


def _remove_jobs(context: TaskContext, *, is_last_pass: bool = False) -> Later | None:
    """Removes the next jobs. Returns the outcome of the step, or None when there are no more jobs.
    The other data is a separate step, so that a deadline there does not repeat the jobs."""
    user_data = _user_data(context)
    jobs, next_cursor = user_data.list_jobs(context.task.data["cursor"], MAX_JOBS_PER_STEP)
    last_id = ""
    for doc in jobs:
        try:
            context.check()
        except DeadlineNear:
            if not last_id:
                raise
            return Later(0, fields={"cursor": last_id}, progress=True)
        _remove_job(context, user_data, doc)
        if is_last_pass and not user_data.list_job_data(doc.id):
            # The owner is the last personal data in the tombstone.
            context.services.store.commit([Update(doc.path, {"owner": ""})])
        last_id = doc.id
    return Later(0, fields={"cursor": next_cursor}, progress=True) if next_cursor else None


def _remove_job(context: TaskContext, user_data: UserData, doc: Doc) -> None:
    items = user_data.list_job_data(doc.id)
    record_removals(context.services.store, context.task.id, [removed_document(doc.path), *items])
    try:
        Interpreter(context.services).run(delete.delete(doc.id, context.services.clock_and_ids))
    except NotFound:
        return
    # What a running job has written since the list was made, and quarantined objects.
    late_items = user_data.list_job_data(doc.id)
    record_removals(context.services.store, context.task.id, late_items)
    for item in late_items:
        _remove_item(context, item)


def _remove_other_data(context: TaskContext, *, second_pass: bool) -> Later | None:
    """Removes the data outside jobs. Returns the outcome of the step, or None at the end."""
    user_data = _user_data(context)
    # Documents first, because a camera's session ends when its document is gone. The second pass
    # removes what the session still writes.
    _remove_documents(context, user_data.list_other_documents(second_pass=second_pass))
    first = last = context.task.data["camera_cursor"]
    try:
        # The paths are in the inventory, because their documents were removed above.
        for path in _recorded_paths(context, first):
            context.check()
            items = user_data.list_camera_data(path)
            record_removals(context.services.store, context.task.id, items)
            for item in items:
                _remove_item(context, item)
            last = path
        objects = user_data.list_owner_objects()
        while page := list(islice(objects, PAGE_SIZE)):
            items = [removed_object(stored) for _, stored in page]
            record_removals(context.services.store, context.task.id, items)
            for item in items:
                context.check()
                _remove_item(context, item)
    except DeadlineNear:
        if last == first:
            raise
        return Later(0, fields={"camera_cursor": last}, progress=True)
    return None


def _remove_item(context: TaskContext, item: RemovedItem) -> None:
    if item.kind == "document":
        context.services.store.commit([Delete(item.name)])
    else:
        role, _, name = item.name.partition("/")
        context.services.objects.delete(Bucket(role), name, item.generation)


def _remove_documents(context: TaskContext, paths: Iterator[str]) -> None:
    """Removes documents page by page, so that a step that runs out of time has made progress."""
    while page := list(islice(paths, PAGE_SIZE)):
        record_removals(context.services.store, context.task.id, map(removed_document, page))
        for path in page:
            context.check()
            context.services.store.commit([Delete(path)])


def _recorded_paths(context: TaskContext, after: str) -> list[str]:
    """Returns the paths of the removed cameras and recordings, sorted, after the path `after`."""
    paths = read_removed_paths(context.services.store, context.task.id, (CAMERAS, RECORDINGS))
    return [path for path in paths if path > after]


def _user_data(context: TaskContext) -> UserData:
    task, services = context.task, context.services
    return UserData(
        services.store,
        services.objects,
        task.owner,
        request_id=task.id,
        limit_hashes=task.data["limit_hashes"],
        created_before=None if task.data["account"] else task.data["requested_at"],
    )
