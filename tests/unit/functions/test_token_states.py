"""Every route of every HTTPS function refuses every token but a valid one of a verified user."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.adapters.firebase.identity import FirebaseIdentity
from shared.api_keys import Scope
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from shared.jobs.creation import new_job
from shared.pipeline import FUNCTIONS, RECIPES, HttpTrigger
from tests.fakes.application import AppHarness
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.api_keys import add_key
from tests.fixtures.id_tokens import REFUSALS, VALID, TokenIssuer, firebase_identity
from tests.fixtures.jobs import NOW

ROOT = Path(__file__).parents[3]
HTTPS_FUNCTIONS = [name for name, row in FUNCTIONS.items() if isinstance(row.trigger, HttpTrigger)]
WITHOUT_ROUTES = {"console"}
"""It serves the same files to everybody."""
ROUTES: dict[str, Route] = {
    f"{name}: {route.method} {route.path}": route
    for name in HTTPS_FUNCTIONS
    if name not in WITHOUT_ROUTES
    for route in importlib.import_module(f"functions.{name}.routes").ROUTES
}
JOB_ID = "a" * 20
STATES = (*REFUSALS, VALID)


@pytest.fixture(scope="module")
def issuer() -> TokenIssuer:
    return TokenIssuer()


@pytest.fixture
def identity(issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirebaseIdentity]:
    with firebase_identity(issuer, monkeypatch) as verifier:
        yield verifier


def create_job() -> MemoryJobStore:
    """Returns a store with a job of Alice."""
    store = MemoryJobStore()
    store.commit(
        new_job(
            job_id=JOB_ID,
            owner="alice",
            email="",
            recipe=RECIPES["frames"],
            title="",
            options={},
            inputs=(),
            now=NOW,
            expires_at=NOW,
        )
    )
    return store


def respond(
    route: Route, identity: FirebaseIdentity, headers: dict[str, str], store: MemoryJobStore
) -> tuple[int, str, bool, int]:
    """Returns the status, the code, whether the handler was called, and the documents read."""
    calls: list[ApiRequest] = []

    def handle(request: ApiRequest) -> ApiResponse:
        calls.append(request)
        return ApiResponse(status=204)

    checked = replace(
        route, handler=handle, body=None, query=None, condition_required=False, response_model=None
    )
    harness = AppHarness((checked,), identity=identity, store=store)
    values = {
        "token": "0" * 48, "name": "a.zip", "slide_id": "s1", "input": "video",
        "code": "not-found", "number": "1", "share_id": "0" * 64, "key_id": "0" * 64,
    }  # fmt: skip
    path_params = {name: values.get(name, JOB_ID) for name in route.path_params}
    store.documents_read = 0
    response = harness.request(route.method, route.path.format(**path_params), headers=headers)
    code = response.json["code"] if response.status_code >= 400 else ""
    return response.status_code, code, bool(calls), store.documents_read


@pytest.mark.parametrize("state", STATES)
def test_only_a_valid_token_of_a_verified_user_reaches_a_handler(
    issuer: TokenIssuer, identity: FirebaseIdentity, state: str
) -> None:
    headers, store = issuer.headers()[state], create_job()
    responses = {
        name: respond(route, identity, headers, store)
        for name, route in ROUTES.items()
        if route.sign_in_required
    }

    if state == VALID:
        expected = dict.fromkeys(responses, (204, "", True))
        assert {name: response[:3] for name, response in responses.items()} == expected
    else:
        assert responses == dict.fromkeys(responses, (*REFUSALS[state], False, 0))


@pytest.mark.parametrize("scopes", [Scope, [Scope.JOBS_READ], [Scope.CAMERAS_WRITE]])
def test_api_key_reaches_the_routes_of_its_scopes(
    identity: FirebaseIdentity, scopes: Iterable[Scope]
) -> None:
    store = create_job()
    key = add_key(store, scopes, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {key}"}
    allowed = {str(scope) for scope in scopes}
    allowed |= {scope.replace(":write", ":read") for scope in allowed}
    expected = {}
    for name, route in ROUTES.items():
        access = "read" if route.method == "GET" else "write"
        if not route.sign_in_required:
            continue
        if route.key_resource is None:
            expected[name] = (403, "key-not-accepted", False)
        elif f"{route.key_resource}:{access}" in allowed:
            expected[name] = (204, "", True)
        else:
            expected[name] = (403, "scope-missing", False)

    assert {name: respond(ROUTES[name], identity, headers, store)[:3] for name in expected} == (
        expected
    )


def test_routes_without_a_resource_are_about_passwords_keys_and_personal_data() -> None:
    closed = {
        route.path
        for route in ROUTES.values()
        if route.sign_in_required and route.key_resource is None
    }

    assert closed == {
        "/v1/me", "/v1/me/password", "/v1/me/keys", "/v1/me/keys/{key_id}", "/v1/me/exports",
        "/v1/me/exports/{request_id}", "/v1/me/exports/{request_id}/parts/{number}",
        "/v1/me/exports/{request_id}/parts/{number}/link", "/v1/me/erasures",
    }  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_public_routes_ignore_the_token(
    issuer: TokenIssuer, identity: FirebaseIdentity, state: str
) -> None:
    headers, store = issuer.headers()[state], create_job()
    statuses = {
        name: respond(route, identity, headers, store)[0]
        for name, route in ROUTES.items()
        if not route.sign_in_required
    }

    assert statuses == dict.fromkeys(statuses, 204)


def test_every_https_function_is_covered() -> None:
    covered = {name.partition(":")[0] for name in ROUTES}

    assert covered | WITHOUT_ROUTES == set(HTTPS_FUNCTIONS)
    for name in WITHOUT_ROUTES:
        assert "endpoint" not in (ROOT / "functions" / name / "main.py").read_text()


def test_tokens_are_verified_in_one_place() -> None:
    callers = {
        str(path.relative_to(ROOT))
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
        if "verify_id_token(" in (text := path.read_text()) or "identity.verify(" in text
    }

    assert callers == {"shared/adapters/firebase/identity.py", "shared/http/authentication.py"}
