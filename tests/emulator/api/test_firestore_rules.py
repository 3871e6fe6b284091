"""The Firestore security rules over REST, as they apply to a browser."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.layout import PROJECT, ROOT
from shared.pipeline import FUNCTIONS
from shared.privacy.data_requests import HASHED_COLLECTIONS, OWNED_COLLECTIONS, USER_ID_COLLECTIONS
from tests.fixtures.suite.firestore import ADMIN_HEADERS

pytestmark = pytest.mark.suite


@dataclass(frozen=True)
class Caller:
    """The user of an ID token. `verified` is the claim `email_verified`; None omits it."""

    uid: str
    verified: bool | None = True


ALICE, BOB = "alice-uid", "bob-uid"
USERS: Mapping[str, Caller | None] = {
    "anonymous": None,
    "other": Caller(BOB),
    "owner": Caller(ALICE),
    "owner with an unverified address": Caller(ALICE, False),
    "owner without the claim": Caller(ALICE, None),
}
READABLE = ("jobs", "stages", "events", "mails", "cameras", "recordings")
"""Collections that an owner may read. All other collections are closed."""
CLOSED = (
    "units", "shares", "api_keys", "webhooks", "deliveries", "data_requests", "removed",
    "receipt_keys", "preferences", "limits", "totals", "idempotency", "users", "anything",
    "camera_secrets", "clip_copies", "fetches", "viewers", "recorder_tasks", "segments",
    "task_slots", "sweeps", "watched_cameras", "result_deliveries", "bucket_bindings",
)  # fmt: skip
COLLECTIONS = (*READABLE, *CLOSED)
PARENTS: Mapping[str, str] = {
    "stages": "jobs", "events": "jobs", "units": "jobs", "removed": "data_requests",
    "segments": "recordings",
}  # fmt: skip
FILTERED = ("jobs", "mails", "cameras", "recordings")
"""Collections whose list queries must filter by owner. Subcollections of a job need no filter."""


@dataclass(frozen=True)
class RulesClient:
    """REST requests to a document of Alice in every collection, with the id of her job."""

    root: str
    job: str

    def collection(self, name: str) -> str:
        """Returns the path of a collection below the database."""
        return f"{PARENTS[name]}/{self.job}/{name}" if name in PARENTS else name

    def path(self, name: str) -> str:
        """Returns the path of the document of Alice in a collection."""
        return f"{self.collection(name)}/{self.job}"

    def call(self, method: str, path: str, user: Caller | None, body: object = None) -> Response:
        """Sends one request with the ID token of `user`, or without a token."""
        return request(method, f"{self.root}/{path}", body, headers=_headers(user))

    def query(self, name: str, user: Caller | None, owner: str | None) -> Response:
        """Lists a collection, with a filter by `owner` unless it is None."""
        parent, _, collection = self.collection(name).rpartition("/")
        query: dict[str, object] = {"from": [{"collectionId": collection}]}
        if owner is not None:
            query["where"] = _owner_filter(owner)
        return self._run(f"/{parent}" if parent else "", query, user)

    def query_group(self, name: str, user: Caller | None, owner: str) -> Response:
        """Lists the collection group of a name, with a filter by `owner`."""
        collections = [{"collectionId": name, "allDescendants": True}]
        return self._run("", {"from": collections, "where": _owner_filter(owner)}, user)

    def _run(
        self, parent: str, structured_query: Mapping[str, object], user: Caller | None
    ) -> Response:
        url = f"{self.root}{parent}:runQuery"
        body = {"structuredQuery": structured_query}
        return request("POST", url, body, headers=_headers(user))


@pytest.fixture(scope="module")
def store(suite: SuiteHandle) -> RulesClient:
    root = f"{suite.url('firestore')}/v1/projects/{PROJECT}/databases/(default)/documents"
    client = RulesClient(root, uuid.uuid4().hex[:20])
    for name in COLLECTIONS:
        url = f"{root}/{client.collection(name)}?documentId={client.job}"
        assert request("POST", url, _fields(ALICE), headers=ADMIN_HEADERS).status == 200
    return client


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_only_the_owner_gets_a_document(store: RulesClient, name: str, user: str) -> None:
    response = store.call("GET", store.path(name), USERS[user])

    granted = user == "owner" and name in READABLE
    assert response.status == (200 if granted else 403), response.body


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_only_the_owner_lists_documents(store: RulesClient, name: str, user: str) -> None:
    response = store.query(name, USERS[user], ALICE if name in FILTERED else None)

    if user == "owner" and name in READABLE:
        names = [row["document"]["name"] for row in response.json() if "document" in row]
        assert any(document_name.endswith(store.path(name)) for document_name in names)
    else:
        assert response.status == 403, response.body


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", FILTERED)
def test_unfiltered_list_is_denied(store: RulesClient, name: str, user: str) -> None:
    assert store.query(name, USERS[user], None).status == 403


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_collection_group_query_is_denied(store: RulesClient, name: str, user: str) -> None:
    assert store.query_group(name, USERS[user], ALICE).status == 403


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", CLOSED)
def test_closed_collections_are_denied_to_the_owner(
    store: RulesClient, name: str, user: str
) -> None:
    assert store.query(name, USERS[user], ALICE).status == 403


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_creating_a_document_by_patch_is_denied(store: RulesClient, name: str, user: str) -> None:
    caller = USERS[user]
    uid = ALICE if caller is None else caller.uid
    path = f"{store.collection(name)}/{uid}-{uuid.uuid4().hex[:8]}"

    assert store.call("PATCH", path, caller, _fields(uid)).status == 403


def test_every_collection_of_the_code_is_covered() -> None:
    source = "\n".join(
        path.read_text()
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
    )
    indexes = json.loads((ROOT / "infra" / "firestore.indexes.json").read_text())
    collections = {
        index["collectionGroup"] for index in indexes["indexes"] + indexes["fieldOverrides"]
    }
    collections |= {
        *OWNED_COLLECTIONS,
        *USER_ID_COLLECTIONS,
        *HASHED_COLLECTIONS,
        *(row.task_collection for row in FUNCTIONS.values() if row.task_collection),
    }
    # Docstrings and code name a document as `collection/{id}`.
    collections |= set(re.findall(r"[\"`]([a-z_]+)/\{[a-z_.\[\]\"]+\}[\"`:]", source))
    paths_of_the_api = {"v1", "jobs", "moodreel"}

    assert collections - paths_of_the_api - set(COLLECTIONS) == set()


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_create_is_denied(store: RulesClient, name: str, user: str) -> None:
    caller = USERS[user]
    uid = ALICE if caller is None else caller.uid
    path = f"{store.collection(name)}?documentId=made-{uuid.uuid4().hex[:8]}"

    assert store.call("POST", path, caller, _fields(uid)).status == 403


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_update_is_denied(store: RulesClient, name: str, user: str) -> None:
    path = store.path(name)

    response = store.call("PATCH", f"{path}?updateMask.fieldPaths=owner", USERS[user], _fields(BOB))

    assert response.status == 403, response.body
    document = request("GET", f"{store.root}/{path}", headers=ADMIN_HEADERS).json()
    assert document["fields"]["owner"]["stringValue"] == ALICE


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_delete_is_denied(store: RulesClient, name: str, user: str) -> None:
    path = store.path(name)

    assert store.call("DELETE", path, USERS[user]).status == 403
    assert request("GET", f"{store.root}/{path}", headers=ADMIN_HEADERS).status == 200


@pytest.mark.parametrize("name", READABLE)
def test_missing_document_is_denied_like_another_users(store: RulesClient, name: str) -> None:
    path = f"{store.collection(name)}/nothing" if name in FILTERED else f"jobs/none/{name}/x"

    assert store.call("GET", path, USERS["other"]).status == 403


def _fields(owner: str) -> dict[str, object]:
    return {"fields": {"owner": {"stringValue": owner}, "status": {"stringValue": "done"}}}


def _owner_filter(owner: str) -> dict[str, object]:
    value = {"stringValue": owner}
    return {"fieldFilter": {"field": {"fieldPath": "owner"}, "op": "EQUAL", "value": value}}


def _headers(user: Caller | None) -> dict[str, str]:
    return {} if user is None else {"Authorization": f"Bearer {_unsigned_token(user)}"}


def _unsigned_token(user: Caller) -> str:
    """Returns an unsigned ID token, which the emulator accepts."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": user.uid,
        "user_id": user.uid,
        "iat": now,
        "exp": now + 3600,
        **({} if user.verified is None else {"email_verified": user.verified}),
    }
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    coded = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*coded, ""])
