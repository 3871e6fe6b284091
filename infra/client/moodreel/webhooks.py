"""Verification of the calls of webhooks, after Standard Webhooks.

https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from moodreel.errors import SignatureError

TOLERANCE_S = 300.0
_PREFIX = "whsec_"


class WebhookEvent(BaseModel):
    """The verified call of a webhook.

    `id` is the same for every attempt of an event: ignore an id that you have seen. `type` is such
    as `job.done`; `data` has the job or what the type says.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> WebhookEvent:
    """Returns the event of a call.

    Args:
        secret: The secret of the webhook, which begins with `whsec_`.
        headers: The headers of the request, in any case.
        body: The raw body of the request, not parsed.
        tolerance_s: How old a call may be, and how far in the future.
        now: The time as a POSIX timestamp; by default that of this machine.

    Raises:
        SignatureError: The call is not from Moodreel, too old, or not an event.
        ValueError: The secret is not one of a webhook.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, sent_at = lower["webhook-id"], int(lower["webhook-timestamp"])
        signatures = lower["webhook-signature"].split()
    except (KeyError, ValueError) as error:
        raise SignatureError("The call has no signature.") from error
    if abs((time.time() if now is None else now) - sent_at) > tolerance_s:
        raise SignatureError("The call is too old, or the clock of this machine is wrong.")
    expected = _sign(secret, f"{event_id}.{sent_at}.".encode() + body)
    if not any(hmac.compare_digest(expected, text.encode()) for text in signatures):
        raise SignatureError("The signature of the call is wrong.")
    try:
        return WebhookEvent.model_validate({**json.loads(body), "id": event_id})
    except (TypeError, ValueError) as error:
        raise SignatureError("The call is not an event.") from error


def _sign(secret: str, content: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("Not the secret of a webhook.") from error
    return b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
