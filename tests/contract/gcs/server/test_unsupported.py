"""Features that the emulator does not have are answered with 501 and the name of the feature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core.exceptions import MethodNotImplemented
from google.cloud.storage import Client
from google.oauth2.service_account import Credentials

from tests.fixtures.gcs.signing import sign_url


@pytest.mark.parametrize(
    ("feature", "use"),
    [
        ("ACLs", lambda bucket: bucket.acl.reload()),
        ("ACLs", lambda bucket: bucket.default_object_acl.reload()),
        ("ACLs", lambda bucket: bucket.blob("x").make_public()),
        ("ACLs", lambda bucket: bucket.blob("y").upload_from_string("", predefined_acl="private")),
        ("IAM policies", lambda bucket: bucket.get_iam_policy()),
        ("IAM policies", lambda bucket: bucket.test_iam_permissions(["storage.buckets.get"])),
        ("retention policies", lambda bucket: set_bucket(bucket, "retention_period", 60)),
        ("Autoclass", lambda bucket: set_bucket(bucket, "autoclass_enabled", True)),
        ("turbo replication", lambda bucket: set_bucket(bucket, "rpo", "ASYNC_TURBO")),
        ("encryption keys", lambda bucket: set_bucket(bucket, "default_kms_key_name", "k")),
        ("encryption keys", lambda bucket: encrypted(bucket).upload_from_string("x")),
        ("encryption keys", lambda bucket: encrypted(bucket).download_as_bytes()),
        ("soft delete", lambda bucket: set_soft_delete(bucket, 604_800)),
        ("soft delete", lambda bucket: bucket.restore_blob("x", generation=1)),
        ("soft delete", lambda bucket: list(bucket.list_blobs(soft_deleted=True))),
        ("object contexts", lambda bucket: list(bucket.list_blobs(filter_="contexts:*"))),
        (
            "managed folders",
            lambda bucket: list(bucket.list_blobs(include_folders_as_prefixes=True)),
        ),
    ],
)
def test_client_receives_the_name_of_the_feature(
    bucket: Any, feature: str, use: Callable[[Any], object]
) -> None:
    bucket.blob("x").upload_from_string("x")
    with pytest.raises(MethodNotImplemented, match=f"does not support {feature}"):
        use(bucket)


def set_bucket(bucket: Any, name: str, value: object) -> None:
    """Sets a property of a bucket."""
    setattr(bucket, name, value)
    bucket.patch()


def set_soft_delete(bucket: Any, seconds: int) -> None:
    """Sets how long deleted objects can be restored."""
    bucket.soft_delete_policy.retention_duration_seconds = seconds
    bucket.patch()


def encrypted(bucket: Any) -> Any:
    """An object with a customer-supplied key."""
    return bucket.blob("x", encryption_key=b"0" * 32)


@pytest.mark.parametrize(
    ("feature", "method", "path"),
    [
        ("managed folders", "POST", "b/{bucket}/managedFolders"),
        ("managed folders", "GET", "b/{bucket}/managedFolders/a%2Fb"),
        ("folders and hierarchical namespaces", "GET", "b/{bucket}/folders"),
        ("retention policies", "PATCH", "b/{bucket}/o/x?overrideUnlockedRetention=true"),
        ("retention policies", "POST", "b/{bucket}/lockRetentionPolicy"),
        ("HMAC keys", "POST", "projects/p/hmacKeys"),
        ("Object Change Notification", "POST", "b/{bucket}/o/watch"),
        ("Object Change Notification", "POST", "channels/stop"),
    ],
)
def test_paths_of_the_json_api(
    bucket: Any, endpoint: str, feature: str, method: str, path: str
) -> None:
    url = f"{endpoint}/storage/v1/{path.format(bucket=bucket.name)}"
    response = requests.request(method, url, json={}, timeout=120)

    assert response.status_code == 501
    assert response.json()["error"]["message"] == f"This emulator does not support {feature}."


def test_fields_that_turn_a_feature_off_are_accepted(bucket: Any, client: Client) -> None:
    bucket.autoclass_enabled = False
    bucket.retention_period = None
    bucket.hierarchical_namespace_enabled = False
    bucket.patch()
    set_soft_delete(bucket, 0)
    assert client.get_bucket(bucket.name).autoclass_enabled is False


@pytest.mark.parametrize(
    ("feature", "method", "path", "headers"),
    [
        ("V2 signatures", "GET", "o?GoogleAccessId=a&Expires=9&Signature=b", {}),
        ("V2 signatures", "PUT", "o", {"Authorization": "GOOG1 a:b"}),
        ("HMAC signatures", "GET", "o", {"Authorization": "AWS4-HMAC-SHA256 Credential=a"}),
        ("HMAC signatures", "GET", "o?X-Goog-Algorithm=GOOG4-HMAC-SHA256", {}),
        ("POST policy forms", "POST", "", {"Content-Type": "multipart/form-data; boundary=b"}),
    ],
)
def test_signatures_of_other_kinds(
    bucket: Any, endpoint: str, feature: str, method: str, path: str, headers: dict[str, str]
) -> None:
    url = f"{endpoint}/{bucket.name}/{path}"
    response = requests.request(method, url, headers=headers, timeout=120)

    assert response.status_code == 501
    assert f"does not support {feature}." in response.text


def test_acls_on_the_xml_api(bucket: Any, endpoint: str, credentials: Credentials) -> None:
    path = f"/{bucket.name}/x"
    read = sign_url(credentials, endpoint, path, query={"acl": ""})
    headers = {"x-goog-acl": "public-read"}
    write = sign_url(credentials, endpoint, path, "PUT", headers=headers)
    responses = [
        requests.get(read, timeout=120),
        requests.put(write, data=b"x", headers=headers, timeout=120),
    ]

    assert [response.status_code for response in responses] == [501, 501]
    assert bucket.get_blob("x") is None
