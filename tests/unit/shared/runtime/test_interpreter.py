"""What becomes of an errand by the way in which its handler ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest

from shared.errors import DeadlineNear, LeaseLost, NotFound, StorageUnavailable
from shared.flows import effects
from shared.flows.envelope import Envelope
from shared.pipeline import STAGES
from shared.runtime.interpreter import Driver, Neighbours, SystemClock
from shared.tasks.run import _ended_by_attempts, do, recorded
from shared.tasks.task import (
    Abandoned,
    Errand,
    ErrandClaimed,
    ErrandOutcome,
    GivenUp,
    Postponed,
    Settled,
    errand_envelope,
    new_errand,
)
from tests.fakes.job_store import MemoryLedger

ID = "e" * 20


class Topic(list[Envelope]):
    """Keeps what is published."""

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        self.extend(envelopes)


def ended(
    fault: Exception | None, outcome: ErrandOutcome | None = None, topic: Topic | None = None
) -> tuple[effects.Reply, dict[str, Any]]:
    """One delivery whose handler ends so; the reply and the document."""
    ledger, clock = MemoryLedger(), SystemClock()
    world = Neighbours(
        store=cast(Any, ledger),
        objects=cast(Any, None),
        publisher=Topic() if topic is None else topic,
        clock=clock,
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    ledger.commit([new_errand("webhook", ID, "alice", {"body": "{}"}, clock.now())])

    def handler(_: object) -> ErrandOutcome:
        if fault is not None:
            raise fault
        return outcome or Settled({"body": "done"})

    reply = Driver(world, errand_handler=handler).run(
        do(errand_envelope("webhook", ID), world.clockwork)
    )
    return reply, ledger.docs[f"deliveries/{ID}"][0]


def test_a_handler_that_returns_has_done_it() -> None:
    reply, doc = ended(None)

    assert reply is effects.Reply.ACK
    assert (doc["state"], doc["look_at"], doc["body"]) == ("done", None, "done")


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
    assert doc["look_at"] > doc["created_at"]


def test_the_next_step_is_announced_and_a_later_one_is_left_to_the_sweeper() -> None:
    soon, later = Topic(), Topic()
    replies = [
        ended(None, Postponed(0, progress=True), soon)[0],
        ended(None, Postponed(900, progress=True), later)[0],
    ]

    assert replies == [effects.Reply.ACK, effects.Reply.ACK]
    assert (list(soon), list(later)) == ([errand_envelope("webhook", ID)], [])


def test_a_lost_lease_records_nothing() -> None:
    reply, doc = ended(LeaseLost())

    assert (reply, doc["state"]) == (effects.Reply.NACK, "leased")
    with pytest.raises(TypeError):
        recorded(Abandoned(), SystemClock().now())


def test_progress_counts_the_attempts_anew_and_the_last_one_ends_it() -> None:
    now = SystemClock().now()
    assert recorded(Postponed(5, progress=True), now)["attempt"] == 0
    assert "attempt" not in recorded(Postponed(5, "x", "y"), now)
    ledger = MemoryLedger()
    ledger.commit([new_errand("webhook", ID, "alice", {}, now)])
    (doc,) = ledger.read([f"deliveries/{ID}"])
    assert doc is not None
    last = ErrandClaimed(Errand.from_doc("webhook", doc), "t", STAGES["webhook"].attempts)
    assert isinstance(_ended_by_attempts(last, Postponed(5, "x", "y")), GivenUp)
    assert isinstance(_ended_by_attempts(last, Postponed(5, progress=True)), Postponed)
