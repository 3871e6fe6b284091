"""Buckets: names, settings, and deletion."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests
from google.api_core.exceptions import BadRequest, Conflict, NotFound, PreconditionFailed
from google.cloud.storage import Client

CORS = [
    {
        "origin": ["https://studio.example"],
        "method": ["GET", "PUT"],
        "responseHeader": ["Content-Type"],
        "maxAgeSeconds": 600,
    }
]


def test_bucket_stores_cors_lifecycle_and_labels(bucket: Any, client: Client) -> None:
    bucket.cors = CORS
    bucket.labels = {"role": "uploads"}
    bucket.add_lifecycle_delete_rule(age=7)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    stored = client.get_bucket(bucket.name)
    assert stored.cors == CORS
    assert stored.labels == {"role": "uploads"}
    assert [rule["condition"] for rule in stored.lifecycle_rules] == [{"age": 7}]
    assert stored.iam_configuration.uniform_bucket_level_access_enabled is True
    assert stored.metageneration == 2
    stored.cors = []
    stored.patch()
    assert client.get_bucket(bucket.name).cors == []


def test_bucket_name_can_be_used_once(bucket: Any, client: Client) -> None:
    with pytest.raises(Conflict):
        client.create_bucket(bucket.name)


@pytest.mark.parametrize("name", ["ab", "Upper", "-dash", "under_", "10.0.0.1", "a b", "x" * 64])
def test_invalid_bucket_names_are_refused(endpoint: str, name: str) -> None:
    url = f"{endpoint}/storage/v1/b?project=demo-moodreel"
    assert requests.post(url, json={"name": name}, timeout=120).status_code == 400


def test_bucket_with_objects_is_not_deleted(bucket: Any, client: Client) -> None:
    bucket.blob("x").upload_from_string(b"x")
    with pytest.raises(Conflict):
        bucket.delete()
    bucket.delete(force=True)
    with pytest.raises(NotFound):
        client.get_bucket(bucket.name)
    assert not client.bucket(bucket.name).exists()


def test_buckets_are_listed_by_prefix_and_page(client: Client) -> None:
    stem = f"l-{uuid.uuid4().hex[:12]}"
    names = [f"{stem}-{number}" for number in range(5)]
    for name in names:
        client.create_bucket(name)
    assert [b.name for b in client.list_buckets(prefix=stem)] == names
    pages = client.list_buckets(prefix=stem, page_size=2).pages
    assert [page.num_items for page in pages] == [2, 2, 1]


def test_metageneration_conditions_guard_the_bucket(bucket: Any) -> None:
    bucket.labels = {"a": "b"}
    with pytest.raises(PreconditionFailed):
        bucket.patch(if_metageneration_match=9)
    bucket.patch(if_metageneration_match=1)
    with pytest.raises(PreconditionFailed):
        bucket.reload(if_metageneration_match=1)


@pytest.mark.parametrize(
    "cors",
    [["text"], [{"origin": "https://a"}], [{"method": [1]}], [{"unknown": []}], {"origin": []}],
)
def test_invalid_cors_configuration_is_refused(bucket: Any, endpoint: str, cors: Any) -> None:
    url = f"{endpoint}/storage/v1/b/{bucket.name}"
    assert requests.patch(url, json={"cors": cors}, timeout=120).status_code == 400


def test_public_access_prevention_is_checked(bucket: Any) -> None:
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    bucket.iam_configuration.public_access_prevention = "unexpected"
    with pytest.raises(BadRequest):
        bucket.patch()
    bucket.reload()
    assert bucket.iam_configuration.public_access_prevention == "enforced"


def test_service_account_of_the_project(client: Client) -> None:
    email = client.get_service_account_email()
    assert email.endswith("@gs-project-accounts.iam.gserviceaccount.com")


def test_unknown_paths_and_methods_return_an_error(bucket: Any, endpoint: str) -> None:
    base = f"{endpoint}/storage/v1"
    assert requests.get(f"{base}/nothing", timeout=120).status_code == 404
    assert requests.post(f"{base}/b/{bucket.name}", json={}, timeout=120).status_code in (404, 405)
    assert (
        requests.post(f"{endpoint}/upload/storage/v1/b/{bucket.name}/o", timeout=120).status_code
        == 400
    )
