"""What becomes of an errand by the way in which its handler ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest

from shared.errors import DeadlineNear, LeaseLost, NotFound, StorageUnavailable
from shared.flows import effects
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS
from shared.runtime.interpreter import Interpreter, Services, SystemClock
from shared.tasks.run import _ended_by_attempts, outcome_fields, run
from shared.tasks.task import (
    Failed,
    Later,
    Lost,
    Task,
    TaskClaim,
    TaskDone,
    TaskOutcome,
    new_task,
    task_envelope,
)
from tests.fakes.job_store import MemoryJobStore

ID = "e" * 20


class Topic(list[Envelope]):
    """Keeps what is published."""

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        self.extend(envelopes)


def ended(
    fault: Exception | None, outcome: TaskOutcome | None = None, topic: Topic | None = None
) -> tuple[effects.Reply, dict[str, Any]]:
    """One delivery whose handler ends so; the reply and the document."""
    store, clock = MemoryJobStore(), SystemClock()
    world = Services(
        store=cast(Any, store),
        objects=cast(Any, None),
        publisher=Topic() if topic is None else topic,
        clock=clock,
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    store.commit([new_task("webhook", ID, "alice", {"body": "{}"}, clock.now())])

    def handler(_: object) -> TaskOutcome:
        if fault is not None:
            raise fault
        return outcome or TaskDone({"body": "done"})

    reply = Interpreter(world, task_handler=handler).run(
        run(task_envelope("webhook", ID), world.clock_and_ids)
    )
    return reply, store.documents[f"deliveries/{ID}"][0]


def test_a_handler_that_returns_has_done_it() -> None:
    reply, doc = ended(None)

    assert reply is effects.Reply.ACK
    assert (doc["state"], doc["next_check_at"], doc["body"]) == ("done", None, "done")


def test_a_refusal_ends_it() -> None:
    reply, doc = ended(NotFound("It is not there."))

    assert (reply, doc["state"]) == (effects.Reply.ACK, "failed")
    assert doc["error"] == {"code": "not-found", "message": "It is not there."}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (StorageUnavailable(), "storage-unavailable"),
        (DeadlineNear(), "deadline-near"),
        (RuntimeError("password=hunter2"), "unexpected"),
    ],
)
def test_a_fault_that_may_pass_is_tried_again(fault: Exception, code: str) -> None:
    reply, doc = ended(fault)

    assert (reply, doc["state"], doc["attempt"]) == (effects.Reply.NACK, "open", 1)
    assert doc["error"]["code"] == code
    assert "hunter2" not in doc["error"]["message"]
    assert doc["next_check_at"] > doc["created_at"]


def test_the_next_step_is_announced_and_a_later_one_is_left_to_the_sweeper() -> None:
    soon, later = Topic(), Topic()
    replies = [
        ended(None, Later(0, progress=True), soon)[0],
        ended(None, Later(900, progress=True), later)[0],
    ]

    assert replies == [effects.Reply.ACK, effects.Reply.ACK]
    assert (list(soon), list(later)) == ([task_envelope("webhook", ID)], [])


def test_a_lost_lease_records_nothing() -> None:
    reply, doc = ended(LeaseLost())

    assert (reply, doc["state"]) == (effects.Reply.NACK, "leased")
    with pytest.raises(TypeError):
        outcome_fields(Lost(), SystemClock().now())


def test_progress_counts_the_attempts_anew_and_the_last_one_ends_it() -> None:
    now = SystemClock().now()
    assert outcome_fields(Later(5, progress=True), now)["attempt"] == 0
    assert "attempt" not in outcome_fields(Later(5, "x", "y"), now)
    store = MemoryJobStore()
    store.commit([new_task("webhook", ID, "alice", {}, now)])
    (doc,) = store.read([f"deliveries/{ID}"])
    assert doc is not None
    last = TaskClaim(Task.from_doc("webhook", doc), "t", FUNCTIONS["webhook"].max_attempts)
    assert isinstance(_ended_by_attempts(last, Later(5, "x", "y")), Failed)
    assert isinstance(_ended_by_attempts(last, Later(5, progress=True)), Later)
