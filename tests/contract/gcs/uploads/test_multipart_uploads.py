"""Multipart uploads of the XML API, which the client library uses for parallel uploads."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client, transfer_manager

from tests.fixtures.gcs.server import PROJECT, GcsEmulator

MIN_PART_BYTES = 5 << 20
HEADERS = {"Authorization": "Bearer token"}


class TokenCredentials(AnonymousCredentials):
    """Credentials that send a token, as those of a service account do."""

    def before_request(self, _request: Any, _method: str, _url: str, headers: Any) -> None:
        headers.update(HEADERS)


def test_client_uploads_parts_in_parallel(gcs: GcsEmulator, bucket: Any, tmp_path: Path) -> None:
    data = os.urandom(2 * MIN_PART_BYTES + 17)
    (tmp_path / "file").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", gcs.endpoint)
        client = Client(project=PROJECT, credentials=TokenCredentials())  # type: ignore[no-untyped-call]
    blob = client.bucket(bucket.name).blob("in/\u00e4 ?&")
    blob.metadata = {"job": "7"}
    blob.storage_class = "NEARLINE"
    transfer_manager.upload_chunks_concurrently(
        str(tmp_path / "file"),
        blob,
        content_type="video/mp4",
        chunk_size=MIN_PART_BYTES,
        worker_type=transfer_manager.THREAD,
    )
    stored = bucket.get_blob(blob.name)
    assert stored.download_as_bytes() == data
    assert (stored.content_type, stored.metadata) == ("video/mp4", {"job": "7"})
    assert (stored.storage_class, stored.md5_hash) == ("NEARLINE", None)


def start(bucket: Any, endpoint: str, name: str = "m") -> str:
    """Starts an upload. Returns the URL of the upload."""
    url = f"{endpoint}/{bucket.name}/{quote(name)}"
    response = requests.post(f"{url}?uploads", headers=HEADERS, timeout=120)
    assert response.status_code == 200, response.text
    match = re.search("<UploadId>([^<]+)</UploadId>", response.text)
    assert match is not None
    return f"{url}?uploadId={match[1]}"


def put_part(url: str, number: object, data: bytes, **headers: str) -> requests.Response:
    return requests.put(
        f"{url}&partNumber={number}", data=data, headers={**HEADERS, **headers}, timeout=120
    )


def complete(url: str, *parts: tuple[int, str]) -> requests.Response:
    rows = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in parts
    )
    body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>"
    return requests.post(url, data=body, headers=HEADERS, timeout=120)


def test_part_is_replaced_and_others_are_dropped(bucket: Any, endpoint: str) -> None:
    url = start(bucket, endpoint)
    first = put_part(url, 1, b"first").headers["ETag"]
    second = put_part(url, 1, b"second").headers["ETag"]
    put_part(url, 9, b"not listed")

    assert "InvalidPart" in complete(url, (1, first)).text
    assert complete(url, (1, second)).status_code == 200
    assert bucket.blob("m").download_as_bytes() == b"second"
    assert complete(url, (1, second)).status_code == 404


def test_invalid_parts_are_refused(bucket: Any, endpoint: str) -> None:
    url = start(bucket, endpoint)
    etags = [put_part(url, number, b"small").headers["ETag"] for number in (1, 2)]

    assert put_part(url, 0, b"").status_code == 400
    assert put_part(url, 10_001, b"").status_code == 400
    assert put_part(url, 3, b"x", **{"x-goog-hash": "crc32c=AAAAAA=="}).status_code == 400
    assert "EntityTooSmall" in complete(url, (1, etags[0]), (2, etags[1])).text
    assert "InvalidPartOrder" in complete(url, (2, etags[1]), (1, etags[0])).text
    assert "InvalidPart" in complete(url, (3, etags[0])).text
    assert "MalformedXML" in complete(url).text
    assert requests.post(url, data=b"<", headers=HEADERS, timeout=120).status_code == 400
    assert bucket.get_blob("m") is None


def test_aborted_upload_is_gone(bucket: Any, endpoint: str) -> None:
    url = start(bucket, endpoint)
    put_part(url, 1, b"x")

    assert requests.delete(url, headers=HEADERS, timeout=120).status_code == 204
    assert put_part(url, 1, b"x").status_code == 404
    assert requests.delete(url, headers=HEADERS, timeout=120).status_code == 404


def test_web_pages_cannot_use_tokens(bucket: Any, endpoint: str) -> None:
    headers = {**HEADERS, "Origin": "https://page.example"}
    url = f"{endpoint}/{bucket.name}/m?uploads"

    assert requests.post(url, headers=headers, timeout=120).status_code in (401, 403)
    assert requests.post(url, timeout=120).status_code == 403


def test_parts_survive_a_restart(own_gcs: GcsEmulator) -> None:
    bucket = own_gcs.client().create_bucket("restart-bucket")
    url = start(bucket, own_gcs.endpoint)
    etag = put_part(url, 1, b"kept").headers["ETag"]
    own_gcs.stop()
    own_gcs.start()

    assert complete(url, (1, etag)).status_code == 200
    assert bucket.blob("m").download_as_bytes() == b"kept"
    assert len(own_gcs.stored_files()) == 1
