"""The contract of the queries for tasks, for the store in memory and for Firestore."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.flows.documents import CommitResult, Create
from shared.ports.store import JobStore
from shared.tasks.slots import waiting_tasks
from shared.tasks.task import Task, TaskState, due_tasks_by_owner, new_task, task_path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_due_tasks_are_sorted_by_owner_then_by_time(store: JobStore) -> None:
    kind = f"kind{secrets.token_hex(10)}"
    rows = {
        "a": ("carol", "open", 1), "b": ("alice", "open", 2), "c": ("bob", "leased", 3),
        "d": ("bob", "open", 9), "e": ("bob", "done", None), "f": ("dave", "open", -5),
    }  # fmt: skip
    store.commit(
        [
            Create(
                f"{kind}/{name}",
                {
                    "owner": owner,
                    "state": state,
                    "next_check_at": minutes and NOW - timedelta(minutes=minutes),
                },
            )
            for name, (owner, state, minutes) in rows.items()
        ]
    )

    def ids(after: str, limit: int = 9) -> list[str]:
        query = due_tasks_by_owner(kind, NOW, after, limit=limit)
        return [doc.id for doc in store.run_query(query)]

    assert ids("") == ["b", "d", "c", "a"]
    assert ids("alice") == ["d", "c", "a"]
    assert ids("alice", limit=1) == ["d"]
    assert ids("carol") == []


def test_tasks_that_wait_for_a_slot_are_sorted_by_time(store: JobStore) -> None:
    owner = secrets.token_hex(10)

    def create(minutes: int, slot: int = 0, **fields: Any) -> str:
        task_id = secrets.token_hex(10)
        due_at = NOW - timedelta(minutes=minutes)
        data = {**new_task("webhook", task_id, owner, {}, due_at).data, "slot": slot, **fields}
        assert store.commit([Create(task_path("webhook", task_id), data)]) is CommitResult.OK
        return task_id

    second, first, now = create(1), create(2), create(0)
    create(3, slot=1)
    create(3, owner="somebody else")
    create(3, state=TaskState.LEASED)
    create(-1)
    (doc,) = store.read([task_path("webhook", first)])
    assert doc is not None
    query = waiting_tasks(Task.from_doc("webhook", doc), NOW)

    assert [row.id for row in store.run_query(query)] == [first, second]
    assert [row.id for row in store.run_query(replace(query, limit=9))] == [first, second, now]
