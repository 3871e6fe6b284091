"""Fetching a file of 4 GB from a URL, over a connection that breaks off in the middle."""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from pathlib import Path

import google_crc32c
import pytest

from shared.jobs.fetches.fetch import FetchState
from tests.fakes.file_server import BLOCK_BYTES, Reply, read_content, running_file_server
from tests.fixtures.fetches import make_harness
from tests.fixtures.gcs.server import GcsEmulator

SIZE = 4_000_000_000
MAX_CPU_S_PER_GB = 10
"""Of this process, in which the server of the file runs too; 2.2 s in November 2026."""


def main() -> int:
    """Prints the CPU time of a gigabyte. Returns 1 if it misses the bound, or if the upload is not
    the file."""
    folder = Path(tempfile.mkdtemp())
    emulator = GcsEmulator(folder).start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            fetches = make_harness(emulator, patch)
            with running_file_server(SIZE, Reply(body_bytes=SIZE // 3), Reply()) as files:
                fetches.add_job(files.url, max_bytes=SIZE)
                started_at = time.process_time()
                fetch = fetches.run()
                cpu_s = (time.process_time() - started_at) / (SIZE / 1e9)
            upload = fetches.upload
            ranges = files.ranges
    finally:
        emulator.close()
        shutil.rmtree(folder)
    is_right = upload is not None and (upload.size_bytes, upload.crc32c) == (SIZE, _checksum())
    print("| | |\n| --- | ---: |")
    print(f"| result | {fetch.state}, {'right' if is_right else 'wrong'} |")
    print(f"| requests | {', '.join(ranges)} |")
    print(f"| CPU time per GB | {cpu_s:.1f} s |")
    return int(not is_right or fetch.state is not FetchState.DONE or cpu_s > MAX_CPU_S_PER_GB)


def _checksum() -> str:
    checksum = 0
    for start in range(0, SIZE, BLOCK_BYTES):
        block = read_content(0, start, min(SIZE, start + BLOCK_BYTES))
        checksum = google_crc32c.extend(checksum, block)
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()
