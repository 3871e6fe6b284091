"""Inputs from URLs: the right upload, whatever the server does."""

from __future__ import annotations

import pytest

from shared.pipeline import FUNCTIONS
from tests.fakes.file_server import Reply, running_file_server
from tests.fixtures.fetches import SIZE, FetchHarness, expect_upload

WORKING_ATTEMPTS = FUNCTIONS["input_fetch"].max_attempts - 1


@pytest.mark.parametrize("size", [0, 1, 64 << 10, SIZE])
def test_file_is_stored_as_the_upload_of_the_job(fetches: FetchHarness, size: int) -> None:
    with running_file_server(size) as files:
        fetches.add_job(f"{files.url}/clip.mp4?signature=secret")
        expect_upload(fetches, files)

    assert [path for path, _ in files.requests] == ["/clip.mp4?signature=secret"]
    assert files.requests[0][1]["accept-encoding"] == "identity"


def test_many_parts_are_composed_in_groups(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.parts.MAX_COMPOSED", 3)
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_broken_connection_is_continued_with_a_range(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=100_000), Reply()) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)

    first, second = files.requests
    assert "range" not in first[1]
    offset = int(second[1]["range"].removeprefix("bytes=").removesuffix("-"))
    # All but a block or two of what had arrived.
    assert 90_000 < offset <= 100_000
    assert second[1]["if-range"] == '"version-0"'


def test_every_connection_breaks_off(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=20_000)) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)

    assert len(files.requests) > WORKING_ATTEMPTS, "attempts count from the last progress"


def test_server_without_ranges_is_asked_for_the_whole_file_again(fetches: FetchHarness) -> None:
    broken = Reply(body_bytes=100_000, ignores_ranges=True)
    with running_file_server(SIZE, broken, Reply(ignores_ranges=True)) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_file_without_a_validator_is_not_continued(fetches: FetchHarness) -> None:
    headers = {"ETag": "", "Last-Modified": ""}
    replies = Reply(body_bytes=100_000, headers=headers), Reply(headers=headers, version=1)
    with running_file_server(SIZE, *replies) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files, version=1)

    assert files.ranges == ["", ""]


@pytest.mark.parametrize("ignores_if_range", [False, True])
def test_source_that_changed_is_fetched_from_its_beginning(
    fetches: FetchHarness, ignores_if_range: bool
) -> None:
    changed = Reply(version=1, ignores_if_range=ignores_if_range)
    with running_file_server(SIZE, Reply(body_bytes=100_000), changed) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files, version=1)


def test_source_that_became_shorter_is_fetched_again(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=100_000), Reply(status=416), Reply()) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_busy_server_is_asked_again_later(fetches: FetchHarness) -> None:
    busy = Reply(status=503, headers={"Retry-After": "120"})
    with running_file_server(SIZE, busy, Reply()) as files:
        fetches.add_job(files.url)
        started_at = fetches.now
        expect_upload(fetches, files)

    assert (fetches.now - started_at).total_seconds() >= 120


def test_body_in_chunks_needs_no_length(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(chunked=True)) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_broken_body_in_chunks_is_continued(fetches: FetchHarness) -> None:
    broken = Reply(chunked=True, body_bytes=100_000)
    with running_file_server(SIZE, broken, Reply()) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_body_without_an_end_is_complete_at_the_declared_size(fetches: FetchHarness) -> None:
    no_length = {"Content-Length": ""}
    replies = Reply(headers=no_length, body_bytes=100_000), Reply(headers=no_length)
    with running_file_server(SIZE, *replies) as files:
        fetches.add_job(files.url, size_bytes=SIZE)
        expect_upload(fetches, files)
