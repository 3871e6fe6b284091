"""Power cuts and restarts: no half objects, nothing forgotten, no two servers on one folder."""

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

from tests.contract.gcs.uploads.test_resumable import GRANULARITY_BYTES, put_chunk, start_upload
from tests.fixtures.gcs.server import PROJECT, ROOT, GcsEmulator, free_port


def half_an_upload(server: GcsEmulator, path: str, total: int, sent: int) -> socket.socket:
    """Send part of a body and leave the connection open."""
    line = socket.create_connection(("127.0.0.1", server.port), timeout=120)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {total}\r\n\r\n"
    )
    line.sendall(head.encode() + b"n" * sent)
    return line


def until(condition: Any, what: str) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_a_power_cut_in_the_middle_of_an_upload_leaves_no_half_object(
    own_gcs: GcsEmulator,
) -> None:
    server = own_gcs
    bucket = server.client().create_bucket("crash-bucket")
    bucket.blob("old").upload_from_string(b"old and whole")
    kept = len(server.stored_files())
    url = "/upload/storage/v1/b/crash-bucket/o?uploadType=media&name="
    lines = [half_an_upload(server, url + name, 8 << 20, 4 << 20) for name in ("old", "new")]
    until(
        lambda: sum(f.stat().st_size for f in server.stored_files()) > 6 << 20,
        "bytes reach the disk",
    )
    server.kill()
    for line in lines:
        line.close()
    server.start()
    assert [(b.name, b.size) for b in bucket.list_blobs()] == [("old", 13)]
    assert bucket.blob("old").download_as_bytes() == b"old and whole"
    assert len(server.stored_files()) == kept, "the torn bytes are swept"


def test_an_uploader_who_hangs_up_leaves_nothing_behind(own_gcs: GcsEmulator) -> None:
    server = own_gcs
    bucket = server.client().create_bucket("hangup-bucket")
    url = "/upload/storage/v1/b/hangup-bucket/o?uploadType=media&name=new"
    line = half_an_upload(server, url, 8 << 20, 4 << 20)
    until(server.stored_files, "bytes reach the disk")
    line.close()
    until(lambda: not server.stored_files(), "the torn bytes are removed")
    assert list(bucket.list_blobs()) == []


def test_a_restart_keeps_everything(own_gcs: GcsEmulator) -> None:
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


@pytest.mark.parametrize("gently", [True, False], ids=["restart", "power cut"])
def test_a_resumable_upload_goes_on_behind_a_restart(own_gcs: GcsEmulator, gently: bool) -> None:
    server = own_gcs
    bucket = server.client().create_bucket("resume-bucket")
    body = os.urandom(3 * GRANULARITY_BYTES + 7)
    url = start_upload(bucket, server.endpoint)
    put_chunk(url, body[: 2 * GRANULARITY_BYTES], f"bytes 0-{2 * GRANULARITY_BYTES - 1}/*")
    if gently:
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


def test_files_of_deleted_and_overwritten_objects_go_away(own_gcs: GcsEmulator) -> None:
    bucket = own_gcs.client().create_bucket("tidy-bucket")
    for name in ("a", "a", "b"):
        bucket.blob(name).upload_from_string(b"x")
    bucket.copy_blob(bucket.blob("a"), bucket, "c")
    bucket.blob("d").compose([bucket.blob("a"), bucket.blob("b")])
    assert len(own_gcs.stored_files()) == 4
    for name in ("a", "b", "c", "d"):
        bucket.blob(name).delete()
    assert own_gcs.stored_files() == []


def test_two_servers_do_not_share_a_folder(own_gcs: GcsEmulator) -> None:
    command = [sys.executable, "-m", "infra.local.emulators.gcs", "--port", str(free_port())]
    command += ["--data", str(own_gcs.folder / "data"), "--project", PROJECT]
    command += ["--signer-key", str(own_gcs.folder / "signer.json")]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert second.returncode == 2
    assert "in use by another server" in second.stderr


def test_the_key_is_its_owners_alone_and_the_server_stays_on_this_machine(
    own_gcs: GcsEmulator,
) -> None:
    key = own_gcs.folder / "signer.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    command = [sys.executable, "-m", "infra.local.emulators.gcs", "--port", str(free_port())]
    command += ["--host", "0.0.0.0", "--data", str(own_gcs.folder / "other")]  # noqa: S104
    command += ["--project", PROJECT, "--signer-key", str(key)]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2
    assert "not a loopback address" in refused.stderr


def test_an_occupied_port_is_named(own_gcs: GcsEmulator) -> None:
    command = [sys.executable, "-m", "infra.local.emulators.gcs", "--port", str(own_gcs.port)]
    command += ["--data", str(own_gcs.folder / "other"), "--project", PROJECT]
    command += ["--signer-key", str(own_gcs.folder / "signer.json")]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2
    assert str(own_gcs.port) in refused.stderr


def test_pages_in_a_browser_reach_neither_the_unsigned_api_nor_the_faults(
    own_gcs: GcsEmulator,
) -> None:
    server = own_gcs
    server.client().create_bucket("guarded-bucket")
    page = {"Origin": "https://evil.example"}
    rebound = {"Host": "evil.example"}
    uploaded = {"Sec-Fetch-Site": "same-origin"}
    for path in ("/storage/v1/b", "/storage/v1/b/guarded-bucket/o", "/_faults", "/_stats"):
        for headers in (page, rebound, uploaded):
            answer = requests.get(f"{server.endpoint}{path}", headers=headers, timeout=120)
            assert answer.status_code == 403, (path, headers)
    rule = {"action": {"status": 503}}
    answer = requests.post(f"{server.endpoint}/_faults", json=rule, headers=page, timeout=120)
    assert answer.status_code == 403
    assert server.clear_faults() == []
