"""Inputs from URLs: a clear error for what cannot be fetched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.input_fetch.parts import compose_parts
from functions.input_fetch.progress import Progress
from shared.flows.documents import CommitResult, Create, job_path
from shared.jobs.model import JobInput
from shared.recipes.stored_object import StoredObject
from shared.runtime.storage import MEGABYTE
from tests.fakes.file_server import Reply, running_file_server
from tests.fixtures.fetches import SIZE, FetchHarness, expect_error

OTHER_JOB = job_path("o" * 20)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusal_is_an_error_at_once(fetches: FetchHarness, status: int) -> None:
    with running_file_server(SIZE, Reply(status=status)) as files:
        fetches.add_job(files.url)
        message = expect_error(fetches, "url-refused")

    assert f"answered {status}" in message
    assert len(files.requests) == 1


def test_404_in_the_middle_is_an_error(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=100_000), Reply(status=404)) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "url-refused")


def test_server_that_is_never_there_is_an_error(fetches: FetchHarness) -> None:
    with running_file_server(SIZE) as files:
        url = files.url
    fetches.add_job(url)
    started_at = fetches.now
    message = expect_error(fetches, "url-unavailable")
    # 5, 10, 20, …, 320 and three times 600 s: no wait follows the last attempt.
    assert (fetches.now - started_at).total_seconds() == 2435

    assert "refused the connection" in message


def test_endless_body_is_read_up_to_the_limit(fetches: FetchHarness) -> None:
    endless = Reply(chunked=True, endless=True)
    with running_file_server(SIZE, endless) as files:
        fetches.add_job(files.url, max_bytes=MEGABYTE)
        message = expect_error(fetches, "url-too-large")

    assert "larger than 1 MB" in message
    assert len(files.requests) == 1


def test_length_over_the_limit_is_refused_before_the_body(fetches: FetchHarness) -> None:
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url, max_bytes=SIZE - 1)
        expect_error(fetches, "url-too-large")

    assert fetches.job.inputs[0].size_bytes == 0


def test_body_without_an_end_needs_the_declared_size(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(headers={"Content-Length": ""})) as files:
        fetches.add_job(files.url)
        message = expect_error(fetches, "url-unusable")

    assert "size_bytes" in message


@pytest.mark.parametrize(("declared", "chunked"), [(SIZE - 1, False), (SIZE + 1, False),
                                                   (SIZE - 1, True), (SIZE + 1, True)])  # fmt: skip
def test_other_size_than_declared_is_an_error(
    fetches: FetchHarness, declared: int, chunked: bool
) -> None:
    with running_file_server(SIZE, Reply(chunked=chunked)) as files:
        fetches.add_job(files.url, size_bytes=declared)
        message = expect_error(fetches, "upload-differs")

    assert str(declared) in message


def test_file_with_a_content_encoding_is_refused(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(headers={"Content-Encoding": "gzip"})) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "url-unusable")


def test_file_that_does_not_fit_into_the_storage_is_refused(fetches: FetchHarness) -> None:
    fetches.settings = replace(fetches.settings, max_storage_mb=0)
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "storage-full")


def test_storage_that_another_fetch_used_is_full(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither size is known before the end of its file."""
    fetches.settings = replace(fetches.settings, max_storage_mb=1)

    def store_another_file(*args: Any) -> StoredObject:
        _use_storage(fetches, MEGABYTE - SIZE + 1)
        return compose_parts(*args)

    monkeypatch.setattr("functions.input_fetch.fetch.compose_parts", store_another_file)
    with running_file_server(SIZE, Reply(chunked=True)) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "storage-full")


def test_fetch_ends_soon_after_the_storage_is_full(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.progress.INTERVAL_S", 0)
    fetches.settings = replace(fetches.settings, max_storage_mb=4)
    find, count = Progress.find_input, 0

    def find_after_another_file(progress: Progress) -> JobInput:
        nonlocal count
        count += 1
        if count == 30:
            _use_storage(fetches, 4 * MEGABYTE)
        return find(progress)

    monkeypatch.setattr(Progress, "find_input", find_after_another_file)
    with running_file_server(SIZE, Reply(chunked=True, endless=True)) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "storage-full")

    assert fetches.fetch.fetched_bytes < MEGABYTE


def _use_storage(fetches: FetchHarness, size_bytes: int) -> None:
    """Declares another upload of Alice."""
    other = {"owner": "alice", "stored_bytes": size_bytes}
    assert fetches.store.commit([Create(OTHER_JOB, other)]) is CommitResult.OK


def test_time_limit_ends_a_fetch(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=20_000)) as files:
        fetches.add_job(files.url)
        fetches.deliver()
        fetches.sleep(6 * 3600 + 60)
        message = expect_error(fetches, "url-timeout")

    assert "within 6 hours" in message


def test_server_without_ranges_that_breaks_off_each_time_is_an_error(
    fetches: FetchHarness,
) -> None:
    with running_file_server(SIZE, Reply(body_bytes=100_000, ignores_ranges=True)) as files:
        fetches.add_job(files.url)
        message = expect_error(fetches, "url-not-resumable")

    assert "The video was not fetched from its URL. The server cannot continue" in message
    assert len(files.requests) < 6


def test_source_that_changes_all_the_time_is_an_error(fetches: FetchHarness) -> None:
    replies = [Reply(body_bytes=100_000, version=version) for version in range(20)]
    with running_file_server(SIZE, *replies) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "url-changed")

    assert len(files.requests) < 6
