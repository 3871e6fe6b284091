"""Buckets: registration, the proof, and who may use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.jobs.buckets.binding import BUCKET_BINDINGS, MAX_BINDINGS, Proof
from shared.ports.customer_buckets import BucketAccessDenied
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fixtures.customer_buckets import CustomerBucket, use_customer_buckets
from tests.fixtures.gcs.server import GcsEmulator

BOB_HEADERS = {"Authorization": "Bearer bob"}
ACCOUNT = "mr-customer-buckets@p.iam.gserviceaccount.com"


@pytest.fixture
def harness(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> AppHarness:
    use_customer_buckets(gcs, monkeypatch, dict(SETTINGS.buckets))
    return AppHarness(ROUTES, settings=replace(SETTINGS, customer_buckets_account=ACCOUNT))


@pytest.fixture
def bucket(gcs: GcsEmulator) -> CustomerBucket:
    return CustomerBucket(gcs.client())


def register(
    harness: AppHarness, bucket: str, prefix: str = "", headers: dict[str, str] = ALICE_HEADERS
) -> Any:
    body = {"bucket": bucket, "prefix": prefix}
    return harness.request(
        "POST", "/v1/buckets", headers=headers, data=json.dumps(body),
        content_type="application/json",
    )  # fmt: skip


def verify(harness: AppHarness, view: Any, headers: dict[str, str] = ALICE_HEADERS) -> Any:
    return harness.request("POST", f"/v1/buckets/{view['id']}/verify", headers=headers)


def test_bucket_is_verified_by_its_proof_object(
    harness: AppHarness, bucket: CustomerBucket
) -> None:
    response = register(harness, bucket.name, "videos/")
    assert response.status_code == 201, response.text
    view = response.json
    assert (view["state"], view["proved_by"], view["verified_at"]) == ("pending", "object", None)
    assert view["service_account"] == ACCOUNT
    assert view["proof"]["object"].startswith("videos/moodreel-owner-")
    missing = verify(harness, view)
    assert (missing.status_code, missing.json["code"]) == (409, "proof-missing")
    bucket.put(view["proof"]["object"], b"moodreel-owner=another\n")
    differs = verify(harness, view)
    assert (differs.status_code, differs.json["code"]) == (409, "proof-differs")
    bucket.put(view["proof"]["object"], f"{view['proof']['content']}\n".encode())
    verified = verify(harness, view)

    assert (verified.status_code, verified.json["state"]) == (200, "verified")
    listed = harness.request("GET", "/v1/buckets", headers=ALICE_HEADERS).json["buckets"]
    assert listed == [verified.json]
    assert harness.request(
        "GET", response.headers["Location"], headers=ALICE_HEADERS
    ).json == verified.json  # fmt: skip
    assert "alice" not in json.dumps(verified.json)


def test_registering_again_keeps_the_proof(harness: AppHarness, bucket: CustomerBucket) -> None:
    first, second = register(harness, bucket.name), register(harness, bucket.name)

    assert first.json == second.json
    assert len(harness.request("GET", "/v1/buckets", headers=ALICE_HEADERS).json["buckets"]) == 1


def test_proof_of_one_user_is_none_for_another(harness: AppHarness, bucket: CustomerBucket) -> None:
    alice = register(harness, bucket.name).json
    bob = register(harness, bucket.name, headers=BOB_HEADERS).json
    bucket.put(alice["proof"]["object"], alice["proof"]["content"].encode())

    assert bob["id"] != alice["id"]
    assert bob["proof"]["object"] != alice["proof"]["object"]
    assert verify(harness, bob, BOB_HEADERS).json["code"] == "proof-missing"
    bucket.put(bob["proof"]["object"], alice["proof"]["content"].encode())
    assert verify(harness, bob, BOB_HEADERS).json["code"] == "proof-differs"
    assert verify(harness, alice, BOB_HEADERS).status_code == 404
    for method in ("GET", "DELETE"):
        path = f"/v1/buckets/{alice['id']}"
        assert harness.request(method, path, headers=BOB_HEADERS).status_code == 404


def test_removed_proof_object_ends_the_binding(harness: AppHarness, bucket: CustomerBucket) -> None:
    view = register(harness, bucket.name).json
    bucket.put(view["proof"]["object"], view["proof"]["content"].encode())
    verify(harness, view)
    bucket.delete(view["proof"]["object"])

    assert verify(harness, view).json["code"] == "proof-missing"
    path = f"/v1/buckets/{view['id']}"
    assert harness.request("GET", path, headers=ALICE_HEADERS).json["state"] == "pending"
    assert harness.request("DELETE", path, headers=ALICE_HEADERS).status_code == 204
    assert harness.request("GET", path, headers=ALICE_HEADERS).status_code == 404


def test_bucket_without_access(
    harness: AppHarness, bucket: CustomerBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = register(harness, bucket.name).json
    monkeypatch.setattr(bootstrap.customer_buckets(), "read_small", _raise(BucketAccessDenied))
    response = verify(harness, view)

    assert (response.status_code, response.json["code"]) == (422, "bucket-access-denied")


def _raise(error: type[Exception]) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_bucket_that_an_operator_bound_needs_no_proof_object(
    harness: AppHarness, bucket: CustomerBucket
) -> None:
    view = register(harness, bucket.name).json
    path = f"{BUCKET_BINDINGS}/{view['id']}"
    document, version = harness.store.documents[path]
    operator = {**document, "state": "verified", "proof": Proof.OPERATOR}
    harness.store.documents[path] = (operator, version)

    assert verify(harness, view).json["proved_by"] == "operator"


@pytest.mark.parametrize(
    ("bucket", "prefix", "fields"),
    [
        ("p-uploads", "", ["bucket"]),
        ("p-plans", "", ["bucket"]),
        ("p_cloudbuild", "", ["bucket"]),
        ("p.appspot.com", "", ["bucket"]),
        ("gcf-v2-sources-123-europe-west1", "", ["bucket"]),
        ("Capital", "videos", ["bucket", "prefix"]),
        ("my-bucket", "/videos/", ["prefix"]),
        ("my-bucket", "../", ["prefix"]),
        ("my-bucket", "a\nb/", ["prefix"]),
    ],
)
def test_bucket_that_cannot_be_used(
    harness: AppHarness, bucket: str, prefix: str, fields: list[str]
) -> None:
    response = register(harness, bucket, prefix)

    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json["errors"]] == fields


def test_user_has_a_limited_number_of_buckets(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.settings = replace(harness.settings, changes_per_minute=100)
    for number in range(MAX_BINDINGS):
        assert register(harness, f"bucket-{number}").status_code == 201
    response = register(harness, "bucket-more")

    assert (response.status_code, response.json["code"]) == (409, "too-many-buckets")
    assert register(harness, "bucket-0").status_code == 201
