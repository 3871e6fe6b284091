"""Memory use with large objects."""

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
    """Resident memory of a process in MiB."""
    out = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)  # noqa: S607 - of the system
    return int(out.stdout) / 1024


@contextmanager
def measure_peak_mb(pid: int) -> Iterator[list[float]]:
    """Yields a list whose item is the peak resident memory in MiB while the block runs."""
    peak = [rss_mb(pid)]
    done = threading.Event()

    def poll() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], rss_mb(pid))

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        yield peak
    finally:
        done.set()
        poller.join()


def blocks(size_mb: int) -> Iterator[bytes]:
    """A body that is generated block by block."""
    for _ in range(size_mb):
        yield _BLOCK


def multipart_blocks(size_mb: int) -> Iterator[bytes]:
    """The same body as multipart/related."""
    yield b'--b\r\nContent-Type: application/json\r\n\r\n{"name": "multipart"}\r\n--b\r\n\r\n'
    yield from blocks(size_mb)
    yield b"\r\n--b--"


def measure_growth_mb(server: GcsEmulator, size_mb: int) -> float:
    """Upload in every way, compose and read back. Returns the growth of memory in MiB."""
    bucket = server.client().create_bucket("heavy-bucket")
    base = f"{server.endpoint}/upload/storage/v1/b/{bucket.name}/o"
    warm_up = requests.post(f"{base}?uploadType=media&name=warm", data=blocks(4), timeout=120)
    requests.get(warm_up.json()["mediaLink"], timeout=120)
    before = rss_mb(server.pid)
    signed = bucket.blob("signed").generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        method="PUT",
        credentials=server.credentials(),
    )
    session = requests.post(f"{base}?uploadType=resumable&name=resumable", timeout=120)
    with measure_peak_mb(server.pid) as peak:
        responses = [
            requests.post(f"{base}?uploadType=media&name=media", data=blocks(size_mb), timeout=300),
            requests.post(
                f"{base}?uploadType=multipart",
                data=multipart_blocks(size_mb),
                headers={"Content-Type": "multipart/related; boundary=b"},
                timeout=300,
            ),
            requests.put(session.headers["Location"], data=blocks(size_mb), timeout=300),
            requests.put(signed, data=blocks(size_mb), timeout=300),
        ]
        assert [r.status_code for r in responses] == [200] * 4, [r.text for r in responses]
        parts = [bucket.blob(name) for name in ("media", "multipart", "resumable", "signed")]
        bucket.blob("whole").compose(parts)
        size = 0
        with requests.get(
            f"{server.endpoint}/storage/v1/b/{bucket.name}/o/whole?alt=media",
            stream=True,
            timeout=300,
        ) as response:
            for chunk in response.iter_content(MIB):
                size += len(chunk)
    sizes = {blob.name: blob.size for blob in bucket.list_blobs()}
    assert size == sizes["whole"] == 4 * size_mb * MIB
    assert len({bucket.get_blob(part.name).md5_hash for part in parts}) == 1
    return peak[0] - before


def test_memory_stays_flat_with_40_mb_uploads(own_gcs: GcsEmulator) -> None:
    assert measure_growth_mb(own_gcs, 40) < 20


@pytest.mark.sweep
def test_memory_stays_flat_with_500_mb_uploads(own_gcs: GcsEmulator) -> None:
    assert measure_growth_mb(own_gcs, 500) < 20
