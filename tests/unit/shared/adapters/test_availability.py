"""Which errors of Google's clients are an outage, and how long they ask to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from google.api_core import exceptions as gx
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.rpc.error_details_pb2 import QuotaFailure, RetryInfo  # type: ignore[import-untyped]

from shared.adapters.availability import error_details, find_outage, retry_after_s, status_outage
from shared.adapters.firestore_calls import translate_errors as translate_firestore_errors
from shared.adapters.storage.errors import translate_errors as translate_storage_errors
from shared.errors import (
    FirestoreUnavailable,
    OverloadedError,
    QuotaExhausted,
    Service,
    StorageUnavailable,
)
from shared.ports.models import ModelOverloaded

# The body of a 429 of the Gemini Developer API, shortened.
PER_MINUTE = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [
                    {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"},
                ],
            },
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"},
        ],
    }
}


def outage(error: Exception) -> Exception | None:
    return find_outage(error, ModelOverloaded, "The model")


@pytest.mark.parametrize(
    "error",
    [
        gx.TooManyRequests("x"),
        gx.ResourceExhausted("x"),
        gx.ServiceUnavailable("x"),
        gx.DeadlineExceeded("x"),
        gx.GatewayTimeout("x"),
        gx.BadGateway("x"),
        gx.InternalServerError("x"),
        gx.Unknown("x"),
        gx.Aborted("x"),
        gx.RetryError("x", gx.ServiceUnavailable("x")),
        requests.ConnectionError("x"),
        TimeoutError("x"),
        TransportError("x"),
        RefreshError("x", retryable=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_outage_is_overloaded(error: Exception) -> None:
    assert isinstance(outage(error), ModelOverloaded)


@pytest.mark.parametrize(
    "error",
    [
        gx.BadRequest("x"),
        gx.Unauthorized("x"),
        gx.Forbidden("x"),
        gx.NotFound("x"),
        gx.PreconditionFailed("x"),
        gx.MethodNotImplemented("x"),
        gx.RetryError("x", gx.Forbidden("x")),
        DefaultCredentialsError("x"),
        ValueError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_are_no_outage(error: Exception) -> None:
    assert outage(error) is None


def test_retry_info_of_a_json_error_is_honoured() -> None:
    error = status_outage(429, {}, error_details(PER_MINUTE), ModelOverloaded, "The model")
    assert isinstance(error, OverloadedError)
    assert error.retry_after_s == pytest.approx(34.07, abs=0.01)


def test_retry_info_of_a_grpc_error_is_honoured() -> None:
    info = RetryInfo()
    info.retry_delay.FromTimedelta(timedelta(seconds=12.5))
    error = outage(gx.ResourceExhausted("x", details=[info]))
    assert isinstance(error, OverloadedError)
    assert error.retry_after_s == 12.5


@pytest.mark.parametrize(
    ("value", "expected"), [("7", 7), (" 30 ", 30), ("-1", 0), ("soon", 0), ("", 0)]
)
def test_retry_after_holds_seconds(value: str, expected: float) -> None:
    assert retry_after_s({"retry-after": value}) == expected


def test_retry_after_holds_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3000 < retry_after_s({"Retry-After": date}) <= 3600
    assert retry_after_s({"Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT"}) == 0


def test_longest_request_to_wait_counts() -> None:
    assert retry_after_s({"Retry-After": "60"}, error_details(PER_MINUTE)) == 60


@pytest.mark.parametrize(
    "details",
    [
        [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}],
        [{"reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quota_unit": "1/d/{project}"}}],
        [QuotaFailure(violations=[{"description": "Limit RequestsPerDay"}])],
    ],
)
def test_daily_quota_is_permanent(details: list[Any]) -> None:
    error = outage(gx.ResourceExhausted("x", details=details))
    assert isinstance(error, QuotaExhausted)
    assert "The model" in str(error)


@pytest.mark.parametrize(
    "error", [gx.TooManyRequests("x"), gx.ServiceUnavailable("x"), requests.ConnectionError("x")]
)
def test_outage_of_cloud_storage_is_overloaded(error: Exception) -> None:
    with pytest.raises(StorageUnavailable) as caught, translate_storage_errors():
        raise error
    assert isinstance(caught.value, OverloadedError)
    assert (caught.value.service, caught.value.code) == (Service.STORAGE, "storage-unavailable")


def test_refused_access_to_cloud_storage_is_no_outage() -> None:
    with pytest.raises(StorageUnavailable) as caught, translate_storage_errors():
        raise gx.Forbidden("x")
    assert not isinstance(caught.value, OverloadedError)


@pytest.mark.parametrize(
    "error", [gx.Aborted("x"), gx.ServiceUnavailable("x"), gx.DeadlineExceeded("x")]
)
def test_outage_of_firestore_is_overloaded(error: Exception) -> None:
    with pytest.raises(FirestoreUnavailable) as caught, translate_firestore_errors():
        raise error
    assert isinstance(caught.value, OverloadedError)
    assert (caught.value.service, caught.value.code) == (Service.DATABASE, "firestore-unavailable")


def test_outcome_of_a_batch_is_left_to_the_caller() -> None:
    with pytest.raises(gx.Aborted), translate_firestore_errors(gx.Aborted):
        raise gx.Aborted("x")


def test_refused_access_to_firestore_is_no_outage() -> None:
    with pytest.raises(FirestoreUnavailable) as caught, translate_firestore_errors():
        raise gx.Forbidden("x")
    assert not isinstance(caught.value, OverloadedError)
