"""Big objects cost disk, not memory."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests

from tests.fixtures.gcs.server import GcsEmulator

MIB = 1 << 20
_BLOCK = bytes(range(256)) * (MIB // 256)


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    out = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)  # noqa: S607
    return int(out.stdout) / 1024


@contextmanager
def peak_mb(pid: int) -> Iterator[list[float]]:
    """Collects the highest resident memory seen while the block runs."""
    seen = [rss_mb(pid)]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            seen[0] = max(seen[0], rss_mb(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def blocks(size_mb: int) -> Iterator[bytes]:
    """A body that is never in memory as a whole."""
    for _ in range(size_mb):
        yield _BLOCK


def related(size_mb: int) -> Iterator[bytes]:
    """The same body as multipart/related."""
    yield b'--b\r\nContent-Type: application/json\r\n\r\n{"name": "multipart"}\r\n--b\r\n\r\n'
    yield from blocks(size_mb)
    yield b"\r\n--b--"


def move(server: GcsEmulator, size_mb: int) -> float:
    """Upload on every path, compose, copy and read back; returns the growth in MiB."""
    bucket = server.client().create_bucket("heavy-bucket")
    base = f"{server.endpoint}/upload/storage/v1/b/{bucket.name}/o"
    warm = requests.post(f"{base}?uploadType=media&name=warm", data=blocks(4), timeout=120)
    requests.get(warm.json()["mediaLink"], timeout=120)
    before = rss_mb(server.pid)
    signed = bucket.blob("signed").generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        method="PUT",
        credentials=server.credentials(),
    )
    session = requests.post(f"{base}?uploadType=resumable&name=resumable", timeout=120)
    with peak_mb(server.pid) as peak:
        answers = [
            requests.post(f"{base}?uploadType=media&name=media", data=blocks(size_mb), timeout=300),
            requests.post(
                f"{base}?uploadType=multipart",
                data=related(size_mb),
                headers={"Content-Type": "multipart/related; boundary=b"},
                timeout=300,
            ),
            requests.put(session.headers["Location"], data=blocks(size_mb), timeout=300),
            requests.put(signed, data=blocks(size_mb), timeout=300),
        ]
        assert [a.status_code for a in answers] == [200] * 4, [a.text for a in answers]
        parts = [bucket.blob(name) for name in ("media", "multipart", "resumable", "signed")]
        bucket.blob("whole").compose(parts)
        size = 0
        with requests.get(
            f"{server.endpoint}/storage/v1/b/{bucket.name}/o/whole?alt=media",
            stream=True,
            timeout=300,
        ) as answer:
            for chunk in answer.iter_content(MIB):
                size += len(chunk)
    sizes = {blob.name: blob.size for blob in bucket.list_blobs()}
    assert size == sizes["whole"] == 4 * size_mb * MIB
    assert len({bucket.get_blob(part.name).md5_hash for part in parts}) == 1
    return peak[0] - before


def test_forty_megabytes_on_every_path_leave_memory_flat(own_gcs: GcsEmulator) -> None:
    assert move(own_gcs, 40) < 20


@pytest.mark.sweep
def test_five_hundred_megabytes_on_every_path_leave_memory_flat(own_gcs: GcsEmulator) -> None:
    assert move(own_gcs, 500) < 20
