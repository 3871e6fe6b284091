"""Firestore's rules over REST, as a browser meets them: who may do what with which document."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from infra.local.suite.handle import SuiteHandle
from infra.local.suite.http import Response, request
from infra.local.suite.layout import PROJECT, ROOT
from shared.pipeline import FUNCTIONS
from shared.privacy.data_requests import HASHED_COLLECTIONS, OWNED_COLLECTIONS, USER_ID_COLLECTIONS

pytestmark = pytest.mark.suite

ALICE, BOB = "alice-uid", "bob-uid"
WHO: Mapping[str, str | None] = {"anonymous": None, "other": BOB, "owner": ALICE}
READABLE = ("jobs", "stages", "events", "mails", "cameras", "recordings")
"""What an owner may read. Everything else, named or not, is closed."""
CLOSED = (
    "units", "shares", "webhooks", "deliveries", "data_requests", "removed", "receipt_keys",
    "preferences", "limits", "idempotency", "users", "anything",
    "camera_secrets", "viewers", "recorder_tasks", "segments",
)  # fmt: skip
COLLECTIONS = (*READABLE, *CLOSED)
PARENTS: Mapping[str, str] = {
    "stages": "jobs", "events": "jobs", "units": "jobs", "removed": "data_requests",
    "segments": "recordings",
}  # fmt: skip
FILTERED = ("jobs", "mails", "cameras", "recordings")
"""Listed by their owner's uid; what lies under a job is listed as it is."""


@dataclass(frozen=True)
class Ledger:
    """One job of Alice's with all around it, and the documents' REST API."""

    root: str
    job: str

    def collection(self, name: str) -> str:
        """Its path below the database."""
        return f"{PARENTS[name]}/{self.job}/{name}" if name in PARENTS else name

    def path(self, name: str) -> str:
        """The path of Alice's document in it."""
        return f"{self.collection(name)}/{self.job}"

    def ask(self, method: str, path: str, uid: str | None, body: object = None) -> Response:
        """One call with the ID token of `uid`, or with none."""
        headers = {} if uid is None else {"Authorization": f"Bearer {_token(uid)}"}
        return request(method, f"{self.root}/{path}", body, headers=headers)

    def query(self, name: str, uid: str | None, owner: str | None) -> Response:
        """List a collection, filtered by an owner or not."""
        parent, _, collection = self.collection(name).rpartition("/")
        wanted: dict[str, object] = {"from": [{"collectionId": collection}]}
        if owner is not None:
            wanted["where"] = {
                "fieldFilter": {
                    "field": {"fieldPath": "owner"},
                    "op": "EQUAL",
                    "value": {"stringValue": owner},
                }
            }
        return self._run(f"/{parent}" if parent else "", wanted, uid)

    def query_group(self, name: str, uid: str | None, owner: str) -> Response:
        """List all collections of a name at once, filtered by an owner."""
        where = {
            "fieldFilter": {
                "field": {"fieldPath": "owner"},
                "op": "EQUAL",
                "value": {"stringValue": owner},
            }
        }
        wanted = {"from": [{"collectionId": name, "allDescendants": True}], "where": where}
        return self._run("", wanted, uid)

    def _run(self, parent: str, query: Mapping[str, object], uid: str | None) -> Response:
        headers = {} if uid is None else {"Authorization": f"Bearer {_token(uid)}"}
        url = f"{self.root}{parent}:runQuery"
        return request("POST", url, {"structuredQuery": query}, headers=headers)


@pytest.fixture(scope="module")
def store(suite: SuiteHandle) -> Ledger:
    root = f"{suite.url('firestore')}/v1/projects/{PROJECT}/databases/(default)/documents"
    made = Ledger(root, uuid.uuid4().hex[:20])
    for name in COLLECTIONS:
        url = f"{root}/{made.collection(name)}?documentId={made.job}"
        assert request("POST", url, _fields(ALICE), headers=_admin()).status == 200
    return made


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_only_an_owner_gets_a_document(store: Ledger, name: str, who: str) -> None:
    answer = store.ask("GET", store.path(name), WHO[who])

    granted = who == "owner" and name in READABLE
    assert answer.status == (200 if granted else 403), answer.body


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_only_an_owner_lists_documents(store: Ledger, name: str, who: str) -> None:
    answer = store.query(name, WHO[who], ALICE if name in FILTERED else None)

    if who == "owner" and name in READABLE:
        found = [row["document"]["name"] for row in answer.json() if "document" in row]
        assert any(one.endswith(store.path(name)) for one in found)
    else:
        assert answer.status == 403, answer.body


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", FILTERED)
def test_nobody_lists_everybodys_documents(store: Ledger, name: str, who: str) -> None:
    assert store.query(name, WHO[who], None).status == 403


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_lists_what_lies_below_all_documents_at_once(
    store: Ledger, name: str, who: str
) -> None:
    assert store.query_group(name, WHO[who], ALICE).status == 403


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", CLOSED)
def test_not_even_ones_own_is_listed_where_it_is_closed(store: Ledger, name: str, who: str) -> None:
    assert store.query(name, WHO[who], ALICE).status == 403


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_makes_a_document_in_ones_own_name_by_writing_all_of_it(
    store: Ledger, name: str, who: str
) -> None:
    uid = WHO[who]
    path = f"{store.collection(name)}/{uid or 'nobody'}-{uuid.uuid4().hex[:8]}"

    assert store.ask("PATCH", path, uid, _fields(uid or ALICE)).status == 403


def test_every_collection_that_the_house_knows_is_put_to_the_test() -> None:
    source = "\n".join(
        path.read_text()
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
    )
    indexes = json.loads((ROOT / "infra" / "firestore.indexes.json").read_text())
    known = {one["collectionGroup"] for one in indexes["indexes"] + indexes["fieldOverrides"]}
    known |= {
        *OWNED_COLLECTIONS,
        *USER_ID_COLLECTIONS,
        *HASHED_COLLECTIONS,
        *(row.task_collection for row in FUNCTIONS.values() if row.task_collection),
    }
    # A docstring names a document as `collection/{what}`, and so does every path that is built.
    known |= set(re.findall(r"[\"`]([a-z_]+)/\{[a-z_.\[\]\"]+\}[\"`:]", source))
    paths_of_the_api = {"v1", "jobs", "moodreel"}

    assert known - paths_of_the_api - set(COLLECTIONS) == set()


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_creates_a_document(store: Ledger, name: str, who: str) -> None:
    uid = WHO[who]
    path = f"{store.collection(name)}?documentId=made-{uuid.uuid4().hex[:8]}"

    answer = store.ask("POST", path, uid, _fields(uid or ALICE))

    assert answer.status == 403, answer.body


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_changes_a_document(store: Ledger, name: str, who: str) -> None:
    path = store.path(name)

    answer = store.ask("PATCH", f"{path}?updateMask.fieldPaths=owner", WHO[who], _fields(BOB))

    assert answer.status == 403, answer.body
    kept = request("GET", f"{store.root}/{path}", headers=_admin()).json()
    assert kept["fields"]["owner"]["stringValue"] == ALICE


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_deletes_a_document(store: Ledger, name: str, who: str) -> None:
    path = store.path(name)

    assert store.ask("DELETE", path, WHO[who]).status == 403
    assert request("GET", f"{store.root}/{path}", headers=_admin()).status == 200


@pytest.mark.parametrize("name", READABLE)
def test_what_is_not_there_looks_like_what_is_not_yours(store: Ledger, name: str) -> None:
    path = f"{store.collection(name)}/nothing" if name in FILTERED else f"jobs/none/{name}/x"

    assert store.ask("GET", path, BOB).status == 403


def _fields(owner: str) -> dict[str, object]:
    return {"fields": {"owner": {"stringValue": owner}, "status": {"stringValue": "done"}}}


def _admin() -> dict[str, str]:
    """The emulator's word for those who pass the rules, as functions do."""
    return {"Authorization": "Bearer owner"}


def _token(uid: str) -> str:
    """An ID token as the emulator takes it: unsigned."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": uid,
        "user_id": uid,
        "iat": now,
        "exp": now + 3600,
    }
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    coded = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts
    ]
    return ".".join([*coded, ""])
