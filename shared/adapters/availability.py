"""Which errors of services are an outage: the only place that decides it.

An outage is an `OverloadedError`: the work waits, and no attempt is consumed. The other errors are
permanent (the job fails) or transient (one of a few attempts).

======================================================  ==========================================
answer                                                  error
======================================================  ==========================================
429, of a quota per minute                              OverloadedError
429, of a quota per day (QuotaFailure, ErrorInfo)       QuotaExhausted (permanent)
408, 500, 502, 503, 504; ABORTED of Firestore           OverloadedError
no connection, a timeout, a response that is cut off    OverloadedError
no access token now (retryable, transport)              OverloadedError
no valid credentials                                    transient: an operator fixes it
401, 403, and 404 of a model or a voice                 transient: an operator fixes it
400 of Text-to-Speech                                   VoiceRefused (permanent)
400 of Speech-to-Text, about the language               LanguageNotRecognized (permanent)
400 of Speech-to-Text, about anything else              transient: a setting or a bug
400 of Gemini, Cloud Storage, Firestore                 transient: a setting or a bug
404, 416 of an upload                                   SourceExpired (permanent)
501                                                     transient: a setting or a bug
an answer that is cut off, empty or of another form     AnswerUnusable, VoiceUnavailable (transient)
SMTP 4xx, no connection (`smtp.py`)                     MailOverloaded
SMTP 5xx of the connection or the sender (`smtp.py`)    MailUnavailable (transient)
SMTP 5xx of the recipient or the email (`smtp.py`)      MailRefused (permanent)
======================================================  ==========================================

The wait is at least what the service asks for: Retry-After of the response, or RetryInfo in the
details of the error (https://cloud.google.com/apis/design/errors#error_details).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from google.api_core import exceptions as gx
from google.auth.exceptions import GoogleAuthError, TransportError

from shared.errors import MoodreelError, OverloadedError, QuotaExhausted

_OUTAGE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_DAILY = re.compile(r"per_?day|1/d/", re.IGNORECASE)
"""In a quota's name (GenerateRequestsPerDayPerProjectPerModel) or unit (1/d/{project})."""


def find_outage(
    error: BaseException, overloaded: type[OverloadedError], service: str
) -> MoodreelError | None:
    """Returns the error for an outage of a Google API, or None when `error` is another one.

    Args:
        error: The exception of the client library.
        overloaded: The class of the error.
        service: The name of the service, for the message.
    """
    match error:
        case gx.Aborted():
            return overloaded(f"{service} is contended.")
        case gx.GoogleAPICallError():
            headers = getattr(error.response, "headers", None) or {}
            return status_outage(
                int(error.code or 500), headers, error.details, overloaded, service
            )
        case gx.RetryError():
            # The client gave up: its last error says why.
            if isinstance(error.cause, Exception):
                return find_outage(error.cause, overloaded, service)
        case GoogleAuthError():
            is_outage = error.retryable or isinstance(error, TransportError)
            if not (is_outage or isinstance(error.__cause__, TransportError)):
                return None
        case gx.GoogleAPIError() | OSError():
            # The errors of requests and of sockets are OSErrors.
            pass
        case _:
            return None
    return overloaded(f"{service} cannot be reached ({type(error).__name__}).")


def status_outage(
    status: int,
    headers: Mapping[str, str],
    details: Sequence[Any],
    overloaded: type[OverloadedError],
    service: str,
) -> MoodreelError | None:
    """Returns the error for an HTTP status that means an outage, else None. `details` are the
    details of google.rpc.Status, as JSON objects or as messages."""
    if status not in _OUTAGE_STATUSES:
        return None
    if status == 429 and _DAILY.search(" ".join(map(str, details))):
        return QuotaExhausted(f"{service}: the daily quota is used up. Redrive the job tomorrow.")
    reason = "its quota is used up for now" if status == 429 else "it cannot answer for now"
    return overloaded(f"{service}: {reason} ({status}).", retry_after_s(headers, details))


def retry_after_s(headers: Mapping[str, str], details: Sequence[Any] = ()) -> float:
    """Returns the seconds that a response asks to wait, or 0."""
    waits = [_parse_retry_after(value) for name, value in headers.items()
             if name.lower() == "retry-after"]  # fmt: skip
    waits += [_parse_retry_info(detail) for detail in details]
    return max(waits, default=0.0)


def error_details(body: Any) -> Sequence[Any]:
    """Returns the details of google.rpc.Status in the body of an error, or an empty list."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    details = error.get("details") if isinstance(error, Mapping) else None
    return details if isinstance(details, list) else []


def _parse_retry_after(text: str) -> float:
    """Returns the seconds of Retry-After, which holds seconds or a date (RFC 9110, 10.2.3)."""
    if text.strip().isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (date.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _parse_retry_info(detail: Any) -> float:
    """Returns the seconds of google.rpc.RetryInfo, as a JSON object or as a message; else 0."""
    if isinstance(detail, Mapping):
        match = _DURATION.fullmatch(str(detail.get("retryDelay", "")))
        return float(match[1]) if match else 0.0
    delay = getattr(detail, "retry_delay", None)
    return 0.0 if delay is None else float(delay.seconds + delay.nanos / 1e9)
