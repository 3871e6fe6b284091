"""Tasks that wait for one of our services: no attempt is consumed for up to six hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import FirestoreOverloaded
from shared.flows.effects import ClockAndIds, Later, Unavailable
from shared.pipeline import FUNCTIONS
from shared.tasks.record import fail_after_last_attempt, outcome_fields
from shared.tasks.task import Task, TaskClaim, TaskState, new_task
from shared.tasks.waiting import wait_for_service
from tests.fakes.job_store import MemoryJobStore

START = datetime(2026, 1, 1, tzinfo=UTC)
OUTAGE = Unavailable(FirestoreOverloaded.code, "Firestore is contended.", "database", 20)


class OneTask:
    """A webhook delivery whose worker is refused by a service."""

    def __init__(self) -> None:
        self.now = START
        self.store = MemoryJobStore()
        self.store.commit([new_task("webhook", "e" * 20, "alice", {}, START)])

    @property
    def task(self) -> Task:
        (doc,) = self.store.read([f"deliveries/{'e' * 20}"])
        assert doc is not None
        return Task.from_doc("webhook", doc)

    def refuse(self) -> Any:
        """Claims the task and records the refusal. Returns the outcome."""
        clock = ClockAndIds(lambda: self.now, lambda: "t", random=lambda: 0.5)
        claim = TaskClaim(self.task, "t", self.task.attempt + 1)
        outcome = fail_after_last_attempt(claim, wait_for_service(claim, OUTAGE, clock))
        data, version = self.store.documents[self.task.path]
        fields = {"attempt": claim.attempt, **outcome_fields(outcome, self.now)}
        self.store.documents[self.task.path] = ({**data, **fields}, version)
        return outcome


def test_outage_gives_the_attempt_back_and_waits_longer_each_time() -> None:
    one = OneTask()
    waits = []
    for _ in range(FUNCTIONS["webhook"].max_attempts + 2):
        outcome = one.refuse()
        assert isinstance(outcome, Later)
        waits.append(outcome.wait_s)
        assert one.task.attempt == 0
        one.now = one.task.due_at
    assert waits[:4] == [20.5, 21, 22, 24]
    assert one.task.data["waiting_since"] == START


def test_attempts_count_again_after_six_hours() -> None:
    one = OneTask()
    one.refuse()
    one.now = START + timedelta(hours=6)
    for attempt in range(1, FUNCTIONS["webhook"].max_attempts + 1):
        one.refuse()
        assert one.task.attempt == attempt
    assert one.task.state is TaskState.FAILED


def test_another_outcome_ends_the_wait() -> None:
    one = OneTask()
    one.refuse()
    fields = outcome_fields(Later(5, "status-503", "It answered 503."), START)
    assert (fields["waits"], fields["waiting_since"]) == (0, None)
