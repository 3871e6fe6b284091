"""Outcomes of webhook calls, and signatures that receivers verify."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.webhook.call import ERROR_MESSAGES, RETRY_DELAYS_S, judge_response
from functions.webhook.signing import signed_headers
from shared.adapters.hpke import HpkeDecrypter
from shared.flows.effects import Failed, Later
from shared.jobs.webhooks.webhook import Webhook, new_webhook, secret_rotation, webhook_path
from shared.pipeline import FUNCTIONS
from shared.ports.outbound import OutboundResponse
from shared.tasks.task import TaskDone
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.secret_keys import WEBHOOK_KEYS, encrypt_secret
from tests.fixtures.webhooks import load_readme_verifier

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret of the example in the Standard Webhooks libraries, as the message below."""


def outcome(status: int | None, attempt: int = 1, **more: Any) -> Any:
    return judge_response(OutboundResponse(status, **more), attempt, {"tries": [1]})


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    assert outcome(status) == TaskDone({"tries": [1]})


@pytest.mark.parametrize("status", [199, 301, 302, 400, 401, 404, 408, 422, 429, 500, 503])
def test_other_statuses_are_retried(status: int) -> None:
    result = outcome(status)

    assert isinstance(result, Later)
    assert result.code == f"status-{status}"
    assert not result.progress


def test_410_fails_the_delivery() -> None:
    result = outcome(410)

    assert isinstance(result, Failed)
    assert result.code == "status-410"


@pytest.mark.parametrize("error_code", ERROR_MESSAGES)
def test_missing_response_is_retried_with_a_message(error_code: str) -> None:
    result = outcome(None, error_code=error_code)

    assert isinstance(result, Later)
    assert result.message.endswith(".")


def test_delays_grow_to_days_and_match_the_attempts() -> None:
    waits = [
        outcome(500, attempt).wait_s for attempt in range(1, FUNCTIONS["webhook"].max_attempts)
    ]

    assert waits == list(RETRY_DELAYS_S) == sorted(RETRY_DELAYS_S)
    assert 3 * 86_400 < sum(waits) < 4 * 86_400


@pytest.mark.parametrize(
    ("status", "retry_after_s", "wait_s"),
    [(429, 60.0, 60), (503, 60.0, 60), (503, 1.0, 5), (503, 1e9, 86_400), (500, 60.0, 5)],
)
def test_retry_after_of_a_busy_server_is_respected(
    status: int, retry_after_s: float, wait_s: float
) -> None:
    assert outcome(status, retry_after_s=retry_after_s).wait_s == wait_s


def test_signature_matches_standard_webhooks() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [SECRET])

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_readme_code_verifies_signatures() -> None:
    verify = load_readme_verifier()
    body = b'{"type":"ping"}'
    headers = signed_headers("evt_1", datetime.now(UTC), body, [SECRET])

    assert verify(SECRET, headers, body)
    assert not verify(SECRET, headers, body + b" ")
    assert not verify(SECRET, {**headers, "webhook-id": "evt_2"}, body)
    assert not verify("whsec_" + "A" * 32, headers, body)
    assert not verify(SECRET, signed_headers("evt_1", NOW.replace(year=2020), body, [SECRET]), body)


def test_both_secrets_verify_for_a_day_after_a_rotation() -> None:
    store, verify, now = MemoryJobStore(), load_readme_verifier(), datetime.now(UTC)
    other, third = "whsec_" + "B" * 32, "whsec_" + "C" * 32
    encrypted = [encrypt_secret(text, "h" * 20, "alice") for text in (SECRET, other, third)]
    store.commit(
        [new_webhook("h" * 20, "alice", "https://x.test", ("job.done",), encrypted[0], now)]
    )

    def read_webhook() -> Webhook:
        (doc,) = store.read([webhook_path("h" * 20)])
        assert doc is not None
        return Webhook.from_doc(doc)

    def secrets_at(at: datetime) -> tuple[str, ...]:
        return read_webhook().decrypt_secrets_at(at, HpkeDecrypter(WEBHOOK_KEYS).decrypt)

    store.commit([secret_rotation(read_webhook(), encrypted[1], now)])
    headers = signed_headers("evt_1", now, b"{}", secrets_at(now))
    day_later = now.replace(year=now.year + 1)

    assert verify(SECRET, headers, b"{}")
    assert verify(other, headers, b"{}")
    assert secrets_at(day_later) == (other,)
    store.commit([secret_rotation(read_webhook(), encrypted[2], now)])
    assert secrets_at(now) == (third, other), "the oldest is out at once"
