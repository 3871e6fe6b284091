"""Announces open tasks again, so that a task does not depend on its message.

Each kind of task has a budget of its own, and recordings come first. While a page holds all due
tasks of a kind, they are announced oldest first. When more are due, the owners take turns: a page
that is sorted by owner has at most OWNER_PAGE_SIZE tasks of one of them, and the next page starts
after its last owner. The next sweep continues where this one stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.flows.documents import Doc, Put, Update
from shared.flows.effects import ClockAndIds, Flow, LogEvent, commit, publish, read, run_query
from shared.pipeline import FUNCTIONS
from shared.tasks.task import due_tasks, due_tasks_by_owner, task_envelope

RECHECK_S = 600
"""How long the sweeper waits at least after it announced a task: its message may still be in the
queue."""
MAX_RECHECK_S = 3600
"""How long it waits at most. In between, it waits as long as the task has been due."""
SWEEPS = "sweeps"
CURSOR_KEPT_DAYS = 1
"""How long the owner at which a sweep stopped is stored. Erasures do not search for it."""
OWNER_PAGE_SIZE = 20
"""Tasks of an owner that one sweep announces at most while more than a page of them is due."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The tasks of a kind that one sweep announces at most, and the seconds it takes for them."""

    max_tasks: int
    max_s: int


BUDGETS: Mapping[str, Budget] = {
    "recorder": Budget(300, 30),
    "input_fetch": Budget(200, 20),
    "result_delivery": Budget(100, 10),
    "personal_data": Budget(100, 15),
    "webhook": Budget(400, 30),
    "clip_copy": Budget(100, 15),
}
"""By function, in the order of the sweep. Together less than half of the time of a sweep: the rest
is for jobs."""


def sweep_tasks(clock: ClockAndIds) -> Flow[int]:
    """Announces the tasks whose `next_check_at` has passed. Returns their number. A kind that
    cannot be swept is logged and does not stop the others."""
    count = 0
    for function, budget in BUDGETS.items():
        try:
            count += yield from _sweep_kind(function, budget, clock)
        except Exception as error:
            yield LogEvent(
                "tasks.sweep_failed",
                {"severity": "ERROR", "function": function, "reason": repr(error)},
            )
    return count


def announced_fields(due_at: datetime, now: datetime) -> dict[str, datetime]:
    """Returns the fields of a task that was announced again at `now`. The wait until its next check
    doubles, so that the copies of its message in a long backlog stay few."""
    waited_s = (now - due_at).total_seconds()
    wait_s = max(RECHECK_S, min(MAX_RECHECK_S, waited_s))
    return {"next_check_at": now + timedelta(seconds=wait_s), "announced_at": now}


def _sweep_kind(function: str, budget: Budget, clock: ClockAndIds) -> Flow[int]:
    now, collection = clock.now(), FUNCTIONS[function].task_collection
    query = due_tasks(collection, now)
    oldest = yield from run_query(query)
    if len(oldest) == query.limit:
        return (yield from _sweep_owners(function, budget, clock))
    yield from _announce(function, oldest, clock)
    return len(oldest)


def _sweep_owners(function: str, budget: Budget, clock: ClockAndIds) -> Flow[int]:
    """Announces due tasks by owner, in one turn from the owner after the stored one."""
    started_at, collection = clock.now(), FUNCTIONS[function].task_collection
    cursor = f"{SWEEPS}/{function}"
    (stored,) = yield from read(cursor)
    first = last = "" if stored is None else str(stored.data["last_owner"])
    count, has_wrapped = 0, False
    while count < budget.max_tasks:
        if clock.now() - started_at >= timedelta(seconds=budget.max_s):
            break
        limit = min(OWNER_PAGE_SIZE, budget.max_tasks - count)
        docs = yield from run_query(due_tasks_by_owner(collection, started_at, last, limit=limit))
        if has_wrapped:
            docs = tuple(doc for doc in docs if doc.data["owner"] <= first)
        if docs:
            yield from _announce(function, docs, clock)
            count += len(docs)
            last = str(docs[-1].data["owner"])
        elif has_wrapped or not first:
            break
        else:
            last, has_wrapped = "", True
    expires_at = started_at + timedelta(days=CURSOR_KEPT_DAYS)
    yield from commit(Put(cursor, {"last_owner": last, "expires_at": expires_at}))
    return count


def _announce(function: str, docs: Iterable[Doc], clock: ClockAndIds) -> Flow[None]:
    yield from publish([task_envelope(function, doc.id) for doc in docs])
    # After publishing: a crash in between announces a task twice instead of never.
    now = clock.now()
    for doc in docs:
        fields = announced_fields(doc.data["due_at"], now)
        yield from commit(Update(doc.path, fields, doc.version))
