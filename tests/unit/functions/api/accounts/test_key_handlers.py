"""API keys are created, listed and deleted by their owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.api.accounts.api_keys import MAX_KEYS
from functions.api.routes import ROUTES
from shared.api_keys import KEY_PREFIX, Scope
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.clock import ManualClock

BOB_HEADERS = {"Authorization": "Bearer bob"}
BODY = {"name": "Nightly  batch", "scopes": ["jobs:write", "account:read"]}


@pytest.fixture
def api() -> AppHarness:
    settings = replace(SETTINGS, changes_per_minute=100)
    return AppHarness(ROUTES, clock=ManualClock(), settings=settings)


def create(api: AppHarness, body: dict[str, Any] = BODY, *, idempotency_key: str = "") -> Any:
    headers = ALICE_HEADERS | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
    return api.request("POST", "/v1/me/keys", json=body, headers=headers)


def list_keys(api: AppHarness, headers: dict[str, str] = ALICE_HEADERS) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = api.request("GET", "/v1/me/keys", headers=headers).json["keys"]
    return keys


def test_key_is_shown_once_and_listed_without_its_secret(api: AppHarness) -> None:
    response = create(api)
    key = response.json["key"]
    [listed] = list_keys(api)

    assert response.status_code == 201
    assert key.startswith(KEY_PREFIX)
    assert key.startswith(listed["prefix"])
    assert {**listed, "key": key} == response.json
    assert response.headers["Location"] == f"/v1/me/keys/{listed['id']}"
    assert listed["name"] == "Nightly batch"
    assert listed["scopes"] == ["account:read", "jobs:write"]
    assert key not in repr(api.store.documents)


def test_new_key_is_told_to_its_owner_by_email(api: AppHarness) -> None:
    key = create(api).json["key"]

    [envelope] = api.published
    (task,) = api.store.read([f"deliveries/{envelope.job_id}"])
    assert task is not None
    assert (task.data["event"], task.data["email"]) == ("api_key.created", "alice@moodreel.test")
    assert key not in repr(task.data)


def test_created_key_signs_requests_in_and_its_use_is_listed(api: AppHarness) -> None:
    key = create(api).json["key"]
    headers = {"Authorization": f"Bearer {key}"}

    assert api.request("GET", "/v1/jobs", headers=headers).status_code == 200
    assert api.request("GET", "/v1/usage", headers=headers).status_code == 200
    assert list_keys(api)[0]["last_used_at"] is not None
    for method, path in (
        ("GET", "/v1/me/keys"), ("POST", "/v1/me/keys"), ("POST", "/v1/me/exports"),
        ("DELETE", "/v1/me"), ("POST", "/v1/me/password"),
    ):  # fmt: skip
        refused = api.request(method, path, headers=headers, json={})
        assert (refused.status_code, refused.json["code"]) == (403, "key-not-accepted")


@pytest.mark.parametrize(
    ("days", "expected"), [({}, 90), ({"valid_days": 1}, 1), ({"valid_days": None}, None)]
)
def test_key_expires(api: AppHarness, days: dict[str, Any], expected: int | None) -> None:
    key = create(api, BODY | days).json
    expires_at = api.store.documents[f"api_keys/{key['id']}"][0]["expires_at"]

    assert expires_at == (None if expected is None else api.clock.now() + timedelta(days=expected))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"), ({"scopes": ["jobs:delete"]}, "scopes.0"),
        ({"valid_days": 0}, "valid_days"), ({"valid_days": 4000}, "valid_days"),
        ({"owner": "bob"}, "owner"),
    ],
)  # fmt: skip
def test_invalid_key_is_refused(api: AppHarness, change: dict[str, Any], field: str) -> None:
    refused = create(api, BODY | change)

    assert refused.status_code == 422
    assert [row["field"] for row in refused.json["errors"]] == [field]
    assert list_keys(api) == []


def test_repeated_request_does_not_create_a_deleted_key_again(api: AppHarness) -> None:
    first = create(api, idempotency_key="k").json
    api.request("DELETE", f"/v1/me/keys/{first['id']}", headers=ALICE_HEADERS)
    again = create(api, idempotency_key="k").json

    assert again["key"] != first["key"]
    refused = api.request("GET", "/v1/jobs", headers={"Authorization": f"Bearer {first['key']}"})
    assert refused.status_code == 401


def test_number_of_keys_is_limited(api: AppHarness) -> None:
    assert {create(api).status_code for _ in range(MAX_KEYS)} == {201}
    refused = create(api)

    assert (refused.status_code, refused.json["code"]) == (409, "too-many-keys")
    api.request("DELETE", f"/v1/me/keys/{list_keys(api)[0]['id']}", headers=ALICE_HEADERS)
    assert create(api).status_code == 201


def test_keys_are_listed_newest_first(api: AppHarness) -> None:
    for name in ("first", "second", "third"):
        create(api, BODY | {"name": name})
        api.clock.time += timedelta(seconds=1)  # type: ignore[attr-defined]

    assert [key["name"] for key in list_keys(api)] == ["third", "second", "first"]


def test_other_users_neither_see_nor_delete_a_key(api: AppHarness) -> None:
    key_id = create(api).json["id"]
    path = f"/v1/me/keys/{key_id}"

    assert list_keys(api, BOB_HEADERS) == []
    assert api.request("DELETE", path, headers=BOB_HEADERS).status_code == 404
    assert api.request("DELETE", path, headers=ALICE_HEADERS).status_code == 204
    assert api.request("DELETE", path, headers=ALICE_HEADERS).status_code == 404
    assert list_keys(api) == []


def test_scopes_are_documented_for_every_operation(api: AppHarness) -> None:
    paths = api.request("GET", "/v1/openapi.json").json["paths"]

    assert "`jobs:write`" in paths["/v1/jobs"]["post"]["description"]
    assert "`jobs:read`" in paths["/v1/jobs"]["get"]["description"]
    assert "API keys are not accepted." in paths["/v1/me/keys"]["post"]["description"]
    schema = api.request("GET", "/v1/openapi.json").json["components"]["schemas"]["Scope"]
    assert set(schema["enum"]) == set(Scope)
