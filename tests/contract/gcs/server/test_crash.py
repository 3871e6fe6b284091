"""The server: crashes, restarts, its data folder and access to it."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from typing import Any

import pytest
import requests

from tests.fixtures.gcs.resumable import GRANULARITY_BYTES, put_chunk, start_upload
from tests.fixtures.gcs.server import PROJECT, ROOT, GcsEmulator, free_port


def send_partial_upload(
    server: GcsEmulator, path: str, total_bytes: int, sent_bytes: int
) -> socket.socket:
    """Send part of a body and leave the connection open."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=120)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Content-Length: {total_bytes}\r\n\r\n"
    )
    connection.sendall(head.encode() + b"n" * sent_bytes)
    return connection


def wait_for(condition: Any, description: str) -> None:
    """Wait until `condition()` is true."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, description
        time.sleep(0.02)


def test_crash_during_an_upload_leaves_no_partial_object(
    own_gcs: GcsEmulator,
) -> None:
    server = own_gcs
    bucket = server.client().create_bucket("crash-bucket")
    bucket.blob("old").upload_from_string(b"old and complete")
    file_count = len(server.stored_files())
    url = "/upload/storage/v1/b/crash-bucket/o?uploadType=media&name="
    connections = [
        send_partial_upload(server, url + name, 8 << 20, 4 << 20) for name in ("old", "new")
    ]
    wait_for(
        lambda: sum(file.stat().st_size for file in server.stored_files()) > 6 << 20,
        "bytes reach the disk",
    )
    server.kill()
    for connection in connections:
        connection.close()
    server.start()
    assert [(b.name, b.size) for b in bucket.list_blobs()] == [("old", 16)]
    assert bucket.blob("old").download_as_bytes() == b"old and complete"
    assert len(server.stored_files()) == file_count, "the partial files are deleted"


def test_aborted_upload_leaves_no_object_and_no_file(own_gcs: GcsEmulator) -> None:
    server = own_gcs
    bucket = server.client().create_bucket("hangup-bucket")
    url = "/upload/storage/v1/b/hangup-bucket/o?uploadType=media&name=new"
    connection = send_partial_upload(server, url, 8 << 20, 4 << 20)
    wait_for(server.stored_files, "bytes reach the disk")
    connection.close()
    wait_for(lambda: not server.stored_files(), "the partial file is deleted")
    assert list(bucket.list_blobs()) == []


def test_restart_keeps_buckets_objects_and_the_signer(own_gcs: GcsEmulator) -> None:
    server = own_gcs
    client = server.client()
    bucket = client.create_bucket("kept-bucket")
    bucket.cors = [{"origin": ["*"], "method": ["GET"]}]
    bucket.patch()
    blob = bucket.blob("kept/ü")
    blob.metadata = {"a": "b"}
    blob.upload_from_string(b"kept", content_type="video/mp4")
    blob.patch()
    before = client.get_bucket("kept-bucket").get_blob("kept/ü")._properties
    signer = server.credentials().signer_email
    assert server.stop() == 0
    server.start()
    after = client.get_bucket("kept-bucket").get_blob("kept/ü")._properties
    assert after == before
    assert bucket.blob("kept/ü").download_as_bytes() == b"kept"
    assert client.get_bucket("kept-bucket").cors == [{"origin": ["*"], "method": ["GET"]}]
    assert server.credentials().signer_email == signer
    bucket.blob("later").upload_from_string(b"x")
    assert bucket.get_blob("later").generation > int(before["generation"])


@pytest.mark.parametrize("is_restart", [True, False], ids=["restart", "crash"])
def test_resumable_upload_continues_after_a_restart_or_crash(
    own_gcs: GcsEmulator, is_restart: bool
) -> None:
    server = own_gcs
    bucket = server.client().create_bucket("resume-bucket")
    body = os.urandom(3 * GRANULARITY_BYTES + 7)
    url = start_upload(bucket, server.endpoint)
    put_chunk(url, body[: 2 * GRANULARITY_BYTES], f"bytes 0-{2 * GRANULARITY_BYTES - 1}/*")
    if is_restart:
        server.stop()
    else:
        server.kill()
    server.start()
    probe = put_chunk(url, b"", "bytes */*")
    assert (probe.status_code, probe.headers["Range"]) == (
        308,
        f"bytes=0-{2 * GRANULARITY_BYTES - 1}",
    )
    last = put_chunk(
        url,
        body[2 * GRANULARITY_BYTES :],
        f"bytes {2 * GRANULARITY_BYTES}-{len(body) - 1}/{len(body)}",
    )
    assert last.status_code == 200
    server.kill()
    server.start()
    assert bucket.blob("big").download_as_bytes() == body
    assert put_chunk(url, b"", "bytes */*").json()["generation"] == last.json()["generation"]


def test_files_of_deleted_and_overwritten_objects_are_deleted(own_gcs: GcsEmulator) -> None:
    bucket = own_gcs.client().create_bucket("deleted-bucket")
    for name in ("a", "a", "b"):
        bucket.blob(name).upload_from_string(b"x")
    bucket.copy_blob(bucket.blob("a"), bucket, "c")
    bucket.blob("d").compose([bucket.blob("a"), bucket.blob("b")])
    assert len(own_gcs.stored_files()) == 4
    for name in ("a", "b", "c", "d"):
        bucket.blob(name).delete()
    assert own_gcs.stored_files() == []


def test_second_server_on_the_same_folder_does_not_start(own_gcs: GcsEmulator) -> None:
    command = [sys.executable, "-m", "infra.local.emulators.gcs", "--port", str(free_port())]
    command += ["--data", str(own_gcs.folder / "data"), "--project", PROJECT]
    command += ["--signer-key", str(own_gcs.folder / "signer.json")]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert second.returncode == 2
    assert "in use by another server" in second.stderr


def test_key_file_is_private_and_the_server_listens_on_loopback_only(
    own_gcs: GcsEmulator,
) -> None:
    key = own_gcs.folder / "signer.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    command = [sys.executable, "-m", "infra.local.emulators.gcs", "--port", str(free_port())]
    command += ["--host", "0.0.0.0", "--data", str(own_gcs.folder / "other")]  # noqa: S104 - the emulator refuses it
    command += ["--project", PROJECT, "--signer-key", str(key)]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2
    assert "not a loopback address" in refused.stderr


def test_error_names_a_port_that_is_in_use(own_gcs: GcsEmulator) -> None:
    command = [sys.executable, "-m", "infra.local.emulators.gcs", "--port", str(own_gcs.port)]
    command += ["--data", str(own_gcs.folder / "other"), "--project", PROJECT]
    command += ["--signer-key", str(own_gcs.folder / "signer.json")]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2
    assert str(own_gcs.port) in refused.stderr


def test_web_pages_cannot_use_the_unsigned_api_or_the_fault_rules(
    own_gcs: GcsEmulator,
) -> None:
    server = own_gcs
    server.client().create_bucket("guarded-bucket")
    cross_origin = {"Origin": "https://evil.example"}
    other_host = {"Host": "evil.example"}
    same_origin = {"Sec-Fetch-Site": "same-origin"}
    for path in ("/storage/v1/b", "/storage/v1/b/guarded-bucket/o", "/_faults", "/_stats"):
        for headers in (cross_origin, other_host, same_origin):
            response = requests.get(f"{server.endpoint}{path}", headers=headers, timeout=120)
            assert response.status_code == 403, (path, headers)
    rule = {"action": {"status": 503}}
    response = requests.post(
        f"{server.endpoint}/_faults", json=rule, headers=cross_origin, timeout=120
    )
    assert response.status_code == 403
    assert server.clear_faults() == []
