"""The outcome of a task by the way in which its handler ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest

from shared.errors import NotFound, StorageUnavailable
from shared.flows import effects
from shared.flows.effects import Failed, Later
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS
from shared.runtime.interpreter import Interpreter
from shared.runtime.services import SystemClock
from shared.tasks.errors import DeadlineNear, LeaseLost
from shared.tasks.record import fail_after_last_attempt, outcome_fields
from shared.tasks.run import run
from shared.tasks.task import Task, TaskClaim, TaskDone, TaskOutcome, new_task, task_envelope
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices

ID = "e" * 20


class Topic(list[Envelope]):
    """Records published envelopes."""

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        self.extend(envelopes)


def run_task(
    error: Exception | None, outcome: TaskOutcome | None = None, topic: Topic | None = None
) -> tuple[effects.Reply, dict[str, Any]]:
    """Handles one delivery whose handler raises `error` or returns `outcome`. Returns the reply and
    the document."""
    store, clock = MemoryJobStore(), SystemClock()
    services = FixedServices(
        store=cast(Any, store),
        objects=cast(Any, None),
        publisher=Topic() if topic is None else topic,
        clock=clock,
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    store.commit([new_task("webhook", ID, "alice", {"body": "{}"}, clock.now())])

    def handler(_: object) -> TaskOutcome:
        if error is not None:
            raise error
        return outcome or TaskDone({"body": "done"})

    reply = Interpreter(services, task_handler=handler).run(
        run(task_envelope("webhook", ID), services.clock_and_ids)
    )
    return reply, store.documents[f"deliveries/{ID}"][0]


def test_returned_outcome_is_recorded() -> None:
    reply, doc = run_task(None)

    assert reply is effects.Reply.ACK
    assert (doc["state"], doc["next_check_at"], doc["body"]) == ("done", None, "done")


def test_permanent_error_fails_the_task() -> None:
    reply, doc = run_task(NotFound("It is not there."))

    assert (reply, doc["state"]) == (effects.Reply.ACK, "failed")
    assert doc["error"] == {"code": "not-found", "message": "It is not there."}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageUnavailable(), "storage-unavailable"),
        (DeadlineNear(), "deadline-near"),
        (RuntimeError("password=hunter2"), "unexpected"),
    ],
)
def test_transient_error_is_retried(error: Exception, code: str) -> None:
    reply, doc = run_task(error)

    assert (reply, doc["state"], doc["attempt"]) == (effects.Reply.NACK, "open", 1)
    assert doc["error"]["code"] == code
    assert "hunter2" not in doc["error"]["message"]
    assert doc["next_check_at"] > doc["created_at"]


def test_only_an_immediate_step_is_announced() -> None:
    soon, later = Topic(), Topic()
    replies = [
        run_task(None, Later(0, progress=True), soon)[0],
        run_task(None, Later(900, progress=True), later)[0],
    ]

    assert replies == [effects.Reply.ACK, effects.Reply.ACK]
    assert (list(soon), list(later)) == ([task_envelope("webhook", ID)], [])


def test_lost_lease_records_nothing() -> None:
    reply, doc = run_task(LeaseLost())

    assert (reply, doc["state"]) == (effects.Reply.NACK, "leased")


def test_progress_resets_attempts_and_the_last_attempt_fails() -> None:
    now = SystemClock().now()
    assert outcome_fields(Later(5, progress=True), now)["attempt"] == 0
    assert "attempt" not in outcome_fields(Later(5, "x", "y"), now)
    store = MemoryJobStore()
    store.commit([new_task("webhook", ID, "alice", {}, now)])
    (doc,) = store.read([f"deliveries/{ID}"])
    assert doc is not None
    last = TaskClaim(Task.from_doc("webhook", doc), "t", FUNCTIONS["webhook"].max_attempts)
    assert isinstance(fail_after_last_attempt(last, Later(5, "x", "y")), Failed)
    assert isinstance(fail_after_last_attempt(last, Later(5, progress=True)), Later)
