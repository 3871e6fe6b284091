"""A file of several parts of the real size. `python -m tests.benchmarks fetching` takes 4 GB."""

from __future__ import annotations

import base64

import google_crc32c
import pytest

from functions.input_fetch.parts import PART_BYTES
from shared.jobs.fetches.fetch import FetchState
from tests.fakes.file_server import Reply, running_file_server
from tests.fixtures.fetches import make_harness
from tests.fixtures.gcs.server import GcsEmulator

SIZE = 41_000_000
BREAKS_AT = 36_000_000


def test_large_file_is_continued_after_a_break(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetches = make_harness(gcs, monkeypatch)
    with running_file_server(SIZE, Reply(body_bytes=BREAKS_AT), Reply()) as files:
        fetches.add_job(files.url)
        fetch = fetches.run()

    assert (fetch.state, fetch.fetched_bytes) == (FetchState.DONE, SIZE)
    _, second = files.ranges
    offset = int(second.removeprefix("bytes=").removesuffix("-"))
    assert PART_BYTES < offset <= BREAKS_AT
    upload, checksum = fetches.upload, google_crc32c.value(files.content())
    assert upload is not None
    assert upload.size_bytes == SIZE
    assert upload.crc32c == base64.b64encode(checksum.to_bytes(4, "big")).decode()
