"""What comes of an answer, and how a receiver knows that a call is ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.webhook.call import ERROR_MESSAGES, RETRY_DELAYS_S, judge_response
from functions.webhook.signing import signed_headers
from shared.jobs.webhooks import Webhook, new_webhook, secret_rotation, webhook_path
from shared.pipeline import FUNCTIONS
from shared.ports.outbound import OutboundResponse
from shared.tasks.task import Failed, Later, TaskDone
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.webhooks import load_readme_verifier

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
OURS = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret of the example in Standard Webhooks' own libraries, with the message below."""


def outcome(status: int | None, attempt: int = 1, **more: Any) -> Any:
    return judge_response(OutboundResponse(status, **more), attempt, "h" * 20, {"tries": [1]}, NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_two_hundred_is_delivered(status: int) -> None:
    assert outcome(status) == TaskDone({"tries": [1]})


@pytest.mark.parametrize("status", [199, 301, 302, 400, 401, 404, 408, 422, 429, 500, 503])
def test_anything_else_is_tried_again(status: int) -> None:
    told = outcome(status)

    assert isinstance(told, Later)
    assert told.code == f"status-{status}"
    assert not told.progress


def test_gone_ends_the_delivery_and_disables_the_webhook() -> None:
    told = outcome(410)

    assert isinstance(told, Failed)
    [write] = told.writes
    assert write.path == webhook_path("h" * 20)
    assert write.fields["disabled"] == "gone"  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", ERROR_MESSAGES)
def test_no_answer_is_tried_again_and_said_in_a_sentence(fault: str) -> None:
    told = outcome(None, error_code=fault)

    assert isinstance(told, Later)
    assert told.message.endswith(".")


def test_waits_grow_to_days_and_end_with_the_tables_attempts() -> None:
    waits = [
        outcome(500, attempt).wait_s for attempt in range(1, FUNCTIONS["webhook"].max_attempts)
    ]

    assert waits == list(RETRY_DELAYS_S) == sorted(RETRY_DELAYS_S)
    assert 3 * 86_400 < sum(waits) < 4 * 86_400


@pytest.mark.parametrize(
    ("status", "asked", "wait_s"),
    [(429, 60.0, 60), (503, 60.0, 60), (503, 1.0, 5), (503, 1e9, 86_400), (500, 60.0, 5)],
)
def test_a_busy_server_says_when_to_come_again(status: int, asked: float, wait_s: float) -> None:
    assert outcome(status, retry_after_s=asked).wait_s == wait_s


def test_a_signature_is_that_of_standard_webhooks() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [OURS])

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_ten_lines_of_the_readme_know_our_calls_from_others() -> None:
    verify = load_readme_verifier()
    body = b'{"type":"ping"}'
    headers = signed_headers("evt_1", datetime.now(UTC), body, [OURS])

    assert verify(OURS, headers, body)
    assert not verify(OURS, headers, body + b" ")
    assert not verify(OURS, {**headers, "webhook-id": "evt_2"}, body)
    assert not verify("whsec_" + "A" * 32, headers, body)
    assert not verify(OURS, signed_headers("evt_1", NOW.replace(year=2020), body, [OURS]), body)


def test_for_a_day_after_a_rotation_either_secret_verifies() -> None:
    store, verify, now = MemoryJobStore(), load_readme_verifier(), datetime.now(UTC)
    other, third = "whsec_" + "B" * 32, "whsec_" + "C" * 32
    store.commit([new_webhook("h" * 20, "alice", "https://x.test", ("job.done",), OURS, now)])

    def hook() -> Webhook:
        (doc,) = store.read([webhook_path("h" * 20)])
        assert doc is not None
        return Webhook.from_doc(doc)

    store.commit([secret_rotation(hook(), other, now)])
    headers = signed_headers("evt_1", now, b"{}", hook().secrets_at(now))
    day_later = now.replace(year=now.year + 1)

    assert verify(OURS, headers, b"{}")
    assert verify(other, headers, b"{}")
    assert hook().secrets_at(day_later) == (other,)
    store.commit([secret_rotation(hook(), third, now)])
    assert hook().secrets_at(now) == (third, other), "the oldest is out at once"
