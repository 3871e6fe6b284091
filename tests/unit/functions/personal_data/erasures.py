"""Requests and checks of erasures that several test modules use."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import jwt

from shared.flows.documents import all_documents
from shared.pipeline import Bucket
from shared.privacy.data_requests import new_erasure
from tests.fixtures.personal_data import PersonalDataHarness

REQUEST_ID = "e" * 20


def request_erasure(harness: PersonalDataHarness, *, account: bool) -> None:
    harness.store.commit(
        [new_erasure(REQUEST_ID, "alice", account=account, now=harness.clock.now())]
    )


def read_inventory(harness: PersonalDataHarness, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of the inventory and checks its signed digest."""
    artifact = document["inventory"]
    read = harness.objects.range_reader(
        Bucket(artifact["bucket"]), artifact["object"], artifact["generation"]
    )
    content = read(0, artifact["size_bytes"])
    assert (
        hashlib.sha256(content).hexdigest() == read_receipt(harness, document)["inventory_sha256"]
    )
    return [json.loads(line) for line in content.splitlines()]


def read_receipt(harness: PersonalDataHarness, document: dict[str, Any]) -> dict[str, Any]:
    keys = [dict(doc.data) for doc in harness.store.run_query(all_documents("receipt_keys"))]
    [key] = jwt.PyJWKSet.from_dict({"keys": keys}).keys
    return dict(
        jwt.decode(document["receipt"], key, algorithms=["EdDSA"], options={"verify_iat": False})
    )


def check_erased(
    harness: PersonalDataHarness, before: list[str], bobs_data: list[str], document: dict[str, Any]
) -> None:
    """Checks that all data of Alice is deleted and recorded, and that of Bob is kept."""
    assert document["state"] == "done", document["error"]
    assert harness.find_remaining("alice") == []
    assert harness.find_remaining("bob") == bobs_data
    rows = read_inventory(harness, document)
    names = {row["name"] for row in rows if row["kind"] == "document"}
    # The name of an object starts with its bucket.
    names |= {row["name"].partition("/")[2] for row in rows if row["kind"] == "object"}
    assert [name for name in before if name not in names] == []
    assert not any("bob" in name for name in names)
    receipt = read_receipt(harness, document)
    assert set(receipt["left"].values()) == {0}
    assert receipt["kept"]["tombstones"] == 2
    assert harness.store.run_query(all_documents(f"data_requests/{REQUEST_ID}/removed")) == ()
    fields = {name: value for name, value in document.items() if name != "cursor"}
    assert "alice" not in json.dumps(fields, default=str), "the document names the user"
