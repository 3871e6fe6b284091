"""API keys sign requests of their owner in, within their scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from shared.api_keys import KEY_PREFIX, Resource, Scope, find_key_id, key_path, new_key
from shared.errors import Unauthenticated
from shared.flows.documents import Delete, Write
from shared.http.authentication import KEY_CACHE_S
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from shared.ports.identity import IdentityUnavailable, User
from tests.fakes.application import SETTINGS, AppHarness, FakeIdentity
from tests.fakes.clock import ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.api_keys import add_key


def answer(request: ApiRequest) -> ApiResponse:
    return ApiResponse(content=f'"{request.user.uid} {request.user.email}"'.encode())


ROUTES = (
    Route("GET", "/jobs", answer, "Read.").with_group("Jobs", Resource.JOBS),
    Route("POST", "/jobs", answer, "Change.").with_group("Jobs", Resource.JOBS),
    Route("GET", "/webhooks", answer, "Read.").with_group("Webhooks", Resource.WEBHOOKS),
    Route("GET", "/keys", answer, "Read.").with_group("Keys"),
)


class ChangingIdentity(FakeIdentity):
    """An identity provider with accounts that are disabled and times at which it is unavailable."""

    disabled: str = ""
    is_unavailable = False

    def read_user(self, uid: str) -> User:
        if self.is_unavailable:
            raise IdentityUnavailable
        if uid == self.disabled:
            raise Unauthenticated
        return super().read_user(uid)


class Api:
    """An application with keys."""

    def __init__(self, **settings: Any) -> None:
        self.clock, self.identity, self.store = ManualClock(), ChangingIdentity(), MemoryJobStore()
        self.harness = AppHarness(
            ROUTES, self.store, clock=self.clock, identity=self.identity,
            settings=replace(SETTINGS, **settings),
        )  # fmt: skip

    def add_key(self, scopes: Iterable[Scope] = Scope, **fields: Any) -> str:
        return add_key(self.store, scopes, now=self.clock.now(), **fields)

    def get(self, key: str, path: str = "/jobs", method: str = "GET") -> tuple[int, str]:
        """Returns the status and the code of a problem, or the body."""
        response = self.harness.request(method, path, headers={"Authorization": f"Bearer {key}"})
        if method == "HEAD":
            return response.status_code, ""
        body = response.json
        return response.status_code, body["code"] if response.status_code >= 400 else body


def test_key_signs_its_owner_in() -> None:
    api = Api()
    key = api.add_key()

    assert api.get(key) == (200, "alice alice@moodreel.test")
    assert api.harness.logged_event("request.answered")["key"] == key[:9]
    assert key not in repr(api.harness.log_events) + repr(api.store.documents)


@pytest.mark.parametrize(
    ("scopes", "read", "write", "webhooks"),
    [
        ([Scope.JOBS_READ], 200, 403, 403),
        ([Scope.JOBS_WRITE], 200, 200, 403),
        ([Scope.WEBHOOKS_WRITE], 403, 403, 200),
        ([Scope.JOBS_READ, Scope.WEBHOOKS_READ], 200, 403, 200),
    ],
)
def test_key_is_used_within_its_scopes(
    scopes: list[Scope], read: int, write: int, webhooks: int
) -> None:
    api = Api()
    key = api.add_key(scopes)
    responses = [api.get(key), api.get(key, method="POST"), api.get(key, "/webhooks")]

    assert [status for status, _ in responses] == [read, write, webhooks]
    assert {code for status, code in responses if status == 403} == {"scope-missing"}
    assert api.get(key, method="HEAD")[0] == read


def test_missing_scope_is_named() -> None:
    api = Api()
    headers = {"Authorization": f"Bearer {api.add_key([Scope.JOBS_READ])}"}

    detail = api.harness.request("POST", "/jobs", headers=headers).json["detail"]
    assert detail == "The API key does not have the scope jobs:write."


def test_route_without_a_resource_accepts_no_key() -> None:
    api = Api()

    assert api.get(api.add_key(), "/keys") == (403, "key-not-accepted")
    assert api.get("alice", "/keys")[0] == 200


def test_route_without_a_sign_in_has_no_resource() -> None:
    route = Route("GET", "/open", answer, "Read.", sign_in_required=False)

    assert route.with_group("Open", Resource.JOBS).key_resource is None
    with pytest.raises(ValueError, match="needs no API key"):
        replace(route, key_resource=Resource.JOBS)


def test_unknown_key_is_looked_up_once_a_minute() -> None:
    api = Api()
    unknown = new_key()
    for _ in range(3):
        assert api.get(unknown) == (401, "unauthenticated")
    lookups = api.store.read_count
    api.get(unknown)
    assert api.store.read_count == lookups
    api.clock.time += timedelta(seconds=KEY_CACHE_S + 1)
    api.get(unknown)
    assert api.store.read_count > lookups


@pytest.mark.parametrize("key", [KEY_PREFIX, f"{KEY_PREFIX}\u00e9", f"{KEY_PREFIX}{'0' * 8000}"])
def test_malformed_key_is_refused(key: str) -> None:
    api = Api()
    headers = {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
    assert api.harness.request("GET", "/jobs", headers=headers).status_code == 401


def test_expired_key_is_refused_at_once() -> None:
    api = Api()
    key = api.add_key(expires_at=api.clock.now() + timedelta(seconds=30))

    assert api.get(key)[0] == 200
    api.clock.time += timedelta(seconds=30)
    assert api.get(key) == (401, "unauthenticated")


def test_deleted_key_is_refused_within_a_minute() -> None:
    api = Api()
    key = api.add_key()
    assert api.get(key)[0] == 200
    api.store.commit([Delete(key_path(find_key_id(key)))])
    api.clock.time += timedelta(seconds=KEY_CACHE_S)

    assert api.get(key) == (401, "unauthenticated")


def test_key_of_a_disabled_account_is_refused_within_a_minute_and_works_again() -> None:
    api = Api()
    key = api.add_key()
    assert api.get(key)[0] == 200
    for disabled, status in (("alice", 401), ("", 200)):
        api.identity.disabled = disabled
        api.clock.time += timedelta(seconds=KEY_CACHE_S)
        assert api.get(key)[0] == status


def test_key_of_a_deleted_account_is_refused() -> None:
    api = Api()

    assert api.get(api.add_key(owner="nobody")) == (401, "unauthenticated")


def test_key_of_an_unverified_address_is_refused() -> None:
    api = Api()

    assert api.get(api.add_key(owner="carol")) == (403, "email-not-verified")


def test_unavailable_identity_provider_does_not_refuse_the_key() -> None:
    api = Api()
    key = api.add_key()
    api.identity.is_unavailable = True
    assert api.get(key) == (503, "identity-unavailable")
    api.identity.is_unavailable = False

    assert api.get(key)[0] == 200


def test_use_is_stored_every_ten_minutes() -> None:
    api = Api()
    key = api.add_key()
    path = key_path(find_key_id(key))
    uses = []
    for minutes in (0, 2, 7, 3):
        api.clock.time += timedelta(minutes=minutes)
        api.get(key)
        uses.append(api.store.documents[path][0]["last_used_at"])

    first = api.clock.now() - timedelta(minutes=12)
    assert uses == [first] * 3 + [api.clock.now()]


def test_use_that_cannot_be_stored_does_not_fail_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Iterable[Write]) -> NoReturn:
        raise RuntimeError("503")

    api = Api()
    key = api.add_key()
    monkeypatch.setattr(api.store, "try_commit", fail)

    assert api.get(key)[0] == 200
    assert api.harness.logged_event("key.use_not_stored")["severity"] == "WARNING"


def test_made_up_keys_are_limited_by_client_before_they_are_looked_up() -> None:
    api = Api(anonymous_requests_per_minute=4)
    statuses = [api.get(new_key())[0] for _ in range(8)]
    reads = api.store.read_count
    refused = api.get(new_key())

    # A made-up key counts for its lookup and for its refusal.
    assert statuses == [401] * 2 + [429] * 6
    assert refused == (429, "rate-limited")
    assert api.store.read_count == reads


def test_key_over_its_limit_leaves_requests_to_its_user() -> None:
    api = Api(key_requests_per_minute=2, requests_per_minute=4)
    first, second = api.add_key(), api.add_key()

    assert [api.get(first)[0] for _ in range(4)] == [200, 200, 429, 429]
    assert [api.get(second)[0] for _ in range(3)] == [200, 200, 429]
    assert api.get("alice")[0] == 429
