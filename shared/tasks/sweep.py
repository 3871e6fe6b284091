"""Announces open tasks again, so that a task does not depend on its message."""

from __future__ import annotations

from datetime import timedelta

from shared.flows.documents import Update
from shared.flows.effects import ClockAndIds, Flow, commit, publish, run_query
from shared.pipeline import FUNCTIONS
from shared.tasks.task import due_tasks, task_envelope

MAX_SWEPT_TASKS = 1000
"""Tasks that one sweep announces at most. The sweep has jobs to check as well."""
RECHECK_S = 600
"""How long the sweeper waits after it announced a task. The message may still be in the queue."""


def sweep_tasks(clock: ClockAndIds) -> Flow[int]:
    """Announces the tasks whose `next_check_at` has passed. Returns their number."""
    seen: set[str] = set()
    for row in (row for row in FUNCTIONS.values() if row.task_collection):
        while len(seen) < MAX_SWEPT_TASKS:
            now = clock.now()
            due = yield from run_query(due_tasks(row.task_collection, now))
            unseen = [doc for doc in due if doc.path not in seen]
            if not unseen:
                break
            seen.update(doc.path for doc in unseen)
            yield from publish([task_envelope(row.name, doc.id) for doc in unseen])
            # After publishing: a crash in between announces a task twice instead of never.
            for doc in unseen:
                later = {"next_check_at": now + timedelta(seconds=RECHECK_S)}
                yield from commit(Update(doc.path, later, doc.version))
    return len(seen)
