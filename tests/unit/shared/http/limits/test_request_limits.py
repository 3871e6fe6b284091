"""Requests over a limit are refused before anything is read from Firestore for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.http.request import MAX_BODY_BYTES, MAX_URL_BYTES, ApiRequest, ApiResponse
from shared.http.routing import Route
from shared.ports.identity import IdentityUnavailable, User
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness, FakeIdentity
from tests.fakes.clock import ManualClock
from tests.fixtures.operations import ItemRequest

JOB = "j" * 20
LIMITED = replace(
    SETTINGS, requests_per_minute=3, anonymous_requests_per_minute=2, trusted_proxies=1
)


def answer(_: ApiRequest) -> ApiResponse:
    return ApiResponse(content=b"{}")


class PartialIdentity(FakeIdentity):
    """An identity provider that cannot verify the token `unavailable`."""

    def verify(self, token: str) -> User:
        if token == "unavailable":
            raise IdentityUnavailable
        return super().verify(token)


ROUTES = (
    Route("GET", "/v1/jobs/{job_id}", answer, "Read."),
    Route("POST", "/v1/jobs/{job_id}", answer, "Change.", body=ItemRequest),
    Route("GET", "/open", answer, "Read.", sign_in_required=False),
)


def statuses(
    harness: AppHarness, count: int, path: str, address: str = "203.0.113.1", token: str = ""
) -> list[int]:
    headers = {"X-Forwarded-For": address} | ({"Authorization": f"Bearer {token}"} if token else {})
    return [harness.request("GET", path, headers=headers).status_code for _ in range(count)]


@pytest.fixture
def harness() -> AppHarness:
    return AppHarness(ROUTES, settings=LIMITED, clock=ManualClock())


def test_reads_of_a_user_are_limited_from_every_address(harness: AppHarness) -> None:
    path = f"/v1/jobs/{JOB}"
    found = [statuses(harness, 1, path, f"203.0.113.{n}", token="alice")[0] for n in range(5)]
    reads = harness.store.read_count
    refused = harness.request("GET", path, headers=ALICE_HEADERS)

    assert found == [404] * 3 + [429] * 2
    assert refused.json["code"] == "rate-limited"
    assert 0 < int(refused.headers["Retry-After"]) <= 80
    assert refused.headers["RateLimit-Policy"] == '"requests";q=3;w=60'
    assert harness.store.read_count == reads
    assert statuses(harness, 1, path, token="bob") == [404]


def test_requests_without_a_sign_in_are_limited_by_client(harness: AppHarness) -> None:
    first, second = "2001:db8:1::7", "2001:db8:2::7"

    assert statuses(harness, 4, "/open", first) == [200, 200, 429, 429]
    assert statuses(harness, 1, "/open", second) == [200]


@pytest.mark.parametrize("token", ["carol", "mallory", "unavailable"])
def test_requests_without_an_accepted_token_are_limited_by_client(token: str) -> None:
    expected = {"carol": 403, "mallory": 401, "unavailable": 503}[token]
    harness = AppHarness(ROUTES, settings=LIMITED, clock=ManualClock(), identity=PartialIdentity())
    path = f"/v1/jobs/{JOB}"

    assert statuses(harness, 5, path, token=token) == [expected] * 2 + [429] * 3
    # They count together, but not with those of a user or of another client.
    assert statuses(harness, 1, "/open") == [429]
    assert statuses(harness, 1, path, "203.0.113.2", token) == [expected]
    assert statuses(harness, 1, path, token="alice") == [404]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"x" * (MAX_BODY_BYTES + 1), 413, "body-too-large"),
        # Valid or not, a body is parsed only for the owner of the job.
        (b"[" * MAX_BODY_BYTES, 404, "not-found"),
    ],
)
def test_a_large_body_is_refused_without_a_read(body: bytes, status: int, code: str) -> None:
    harness = AppHarness(ROUTES)
    response = harness.request(
        "POST", f"/v1/jobs/{JOB}", data=body, content_type="application/json", headers=ALICE_HEADERS
    )

    assert (response.status_code, response.json["code"]) == (status, code)
    assert harness.store.read_count == (status == 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/open", 200),
        ("/open?" + "x" * MAX_URL_BYTES, 414),
        ("/" + "x" * MAX_URL_BYTES, 414),
        (f"/v1/jobs/{JOB}?" + "&".join(f"a{n}=" for n in range(4000)), 414),
    ],
    ids=["short", "query", "path", "parameters"],
)
def test_a_long_url_is_refused_without_a_read(path: str, status: int) -> None:
    harness = AppHarness(ROUTES)
    response = harness.request("GET", path, headers=ALICE_HEADERS)

    assert response.status_code == status
    assert status == 200 or response.json["code"] == "url-too-long"
    assert harness.store.read_count == 0
