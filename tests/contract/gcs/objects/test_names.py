"""Names of objects and buckets."""

from __future__ import annotations

import http.client
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests
from google.cloud.storage import Client
from google.oauth2 import service_account

from tests.fixtures.gcs.signing import sign_url

Credentials = service_account.Credentials

ODD_NAMES = [
    "plain",
    "with space and + and %20 and %2F",
    "Ünïcödé/日本語/🎬.mp4",
    "caf\u00e9",
    "cafe\u0301",
    "../../../etc/passwd",
    "a/../../b",
    "/leading/slash",
    "trailing/",
    "a//b",
    "?query=1&x#fragment",
    "quote\"'<>&;`$(x)|\\",
    "_/_health",
    "tab\tand\x7f",
    "o/b/c/rewriteTo",
    "x" * 1024,
    "ü" * 512,
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_objects_can_have_unusual_names(bucket: Any, name: str) -> None:
    bucket.blob(name).upload_from_string(name.encode())
    assert bucket.blob(name).download_as_bytes() == name.encode()
    assert [blob.name for blob in bucket.list_blobs()] == [name]
    bucket.rename_blob(bucket.blob(name), "moved")
    assert [blob.name for blob in bucket.list_blobs()] == ["moved"]
    bucket.blob("moved").delete()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a\nb", "a\rb", "x" * 1025, "ü" * 513, ".well-known/acme-challenge/x"],
    ids=["empty", "dot", "dots", "newline", "return", "too long", "too many bytes", "acme"],
)
def test_invalid_object_names_are_refused(bucket: Any, endpoint: str, name: str) -> None:
    response = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o",
        params={"uploadType": "media", "name": name},
        data=b"x",
        timeout=120,
    )
    assert response.status_code == 400
    assert list(bucket.list_blobs()) == []


def test_object_names_that_are_not_utf8_are_refused(bucket: Any, endpoint: str) -> None:
    for path in (f"/storage/v1/b/{bucket.name}/o/%ff%fe", f"/{bucket.name}/%ff"):
        connection = http.client.HTTPConnection(endpoint.partition("//")[2], timeout=120)
        connection.request("GET", path)
        assert connection.getresponse().status in (400, 403)
        connection.close()


def test_dot_segments_in_the_path_do_not_leave_the_bucket(bucket: Any, endpoint: str) -> None:
    bucket.blob("inside").upload_from_string(b"x")
    connection = http.client.HTTPConnection(endpoint.partition("//")[2], timeout=120)
    for path in (
        f"/storage/v1/b/{bucket.name}/o/x/../inside",
        f"/storage/v1/b/{bucket.name}/../{bucket.name}/o/inside",
        "/storage/v1/b/../../../../etc/passwd",
    ):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        assert response.status == 404, path
    connection.close()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_signed_urls_work_with_unusual_names(
    bucket: Any, credentials: Credentials, endpoint: str, name: str
) -> None:
    path = f"/{bucket.name}/{quote(name, safe='/~')}"
    connection = http.client.HTTPConnection(endpoint.partition("//")[2], timeout=120)
    for method, body in (("PUT", name.encode()), ("GET", None)):
        url = sign_url(credentials, endpoint, path, method)
        connection.request(method, url.removeprefix(endpoint), body)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200, content
    connection.close()
    assert content == name.encode()
    assert [blob.name for blob in bucket.list_blobs()] == [name]


@pytest.mark.parametrize("name", ["upload", "storage", "download", "batch"])
def test_buckets_can_have_the_name_of_an_api_path(
    client: Client, credentials: Credentials, name: str
) -> None:
    bucket = client.create_bucket(name)
    url = bucket.blob("v1.mp4").generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), method="PUT", credentials=credentials
    )
    response = requests.put(url, data=b"x", timeout=120)
    assert response.status_code == 200
    assert bucket.blob("v1.mp4").download_as_bytes() == b"x"
