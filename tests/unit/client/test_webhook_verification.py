"""Verification of webhook calls, which the function `webhook` signs."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from functions.webhook.signing import signed_headers
from moodreel import SignatureError
from moodreel.webhooks import verify

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BODY = json.dumps(
    {"type": "job.done", "timestamp": "2026-11-21T12:00:00.000Z", "data": {"job_id": "j"}}
).encode()


def headers(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    return signed_headers("evt_1", AT, body, secrets)


@pytest.mark.parametrize("secrets", [(SECRET,), (OTHER, SECRET)])
def test_signed_call_is_an_event(secrets: tuple[str, ...]) -> None:
    sent = {name.title(): value for name, value in headers(*secrets).items()}

    event = verify(SECRET, sent, BODY, now=AT.timestamp() + 60)

    assert (event.id, event.type, event.timestamp) == ("evt_1", "job.done", AT)
    assert event.data["job_id"] == "j"


@pytest.mark.parametrize(
    ("sent", "body", "late_s"),
    [
        (headers(OTHER), BODY, 0),
        (headers(SECRET), BODY + b" ", 0),
        (headers(SECRET), BODY, 301),
        (headers(SECRET), BODY, -301),
        ({}, BODY, 0),
        ({**headers(SECRET), "webhook-timestamp": "now"}, BODY, 0),
        ({**headers(SECRET), "webhook-id": "evt_2"}, BODY, 0),
        ({**headers(SECRET), "webhook-signature": "v1,é"}, BODY, 0),
        (headers(SECRET, body=b"[]"), b"[]", 0),
        (headers(SECRET, body=b"{}"), b"{}", 0),
    ],
)
def test_other_calls_are_rejected(sent: dict[str, str], body: bytes, late_s: float) -> None:
    with pytest.raises(SignatureError):
        verify(SECRET, sent, body, now=AT.timestamp() + late_s)


def test_secret_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="secret"):
        verify("mr_key!", headers(SECRET), BODY, now=AT.timestamp())
