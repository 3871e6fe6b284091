"""Inputs from URLs: the right upload or a clear error, whatever the server does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.flows.documents import Update, job_path
from shared.jobs.commands.cancel import cancel
from shared.jobs.fetches.fetch import FetchState
from shared.jobs.model import Status
from shared.pipeline import FUNCTIONS, Bucket
from shared.runtime.storage import MEGABYTE
from tests.fakes.file_server import FileServer, Reply, running_file_server
from tests.fixtures.fetches import JOB, UPLOAD, FetchHarness

SIZE = 300_000
WORKING_ATTEMPTS = FUNCTIONS["input_fetch"].max_attempts - 1


def expect_upload(fetches: FetchHarness, files: FileServer, version: int = 0) -> None:
    """The fetch is done, the upload is the whole file, and nothing else is left."""
    fetch = fetches.run()
    assert (fetch.state, fetch.error) == (FetchState.DONE, None)
    assert fetches.read_upload() == files.content(version)
    assert (fetch.fetched_bytes, fetch.total_bytes) == (files.size, files.size)
    assert fetches.job.inputs[0].size_bytes == files.size
    upload = fetches.upload
    assert upload is not None
    assert upload.content_type == "video/mp4"
    assert fetches.work_objects() == []
    assert fetch.url is None


def expect_error(fetches: FetchHarness, code: str) -> str:
    """The fetch and its job fail with a code, and nothing is left. Returns the job's message."""
    fetch = fetches.run()
    assert fetch.state is FetchState.FAILED
    assert fetch.error is not None
    assert fetch.error["code"] == code
    job = fetches.job
    assert job.status is Status.FAILED
    assert job.error is not None
    assert (job.error["code"], job.error["stage"]) == (code, "upload_trigger")
    assert fetches.upload is None
    assert fetches.work_objects() == []
    assert fetch.url is None
    return str(job.error["message"])


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


def test_server_without_ranges_that_breaks_off_each_time_is_an_error(
    fetches: FetchHarness,
) -> None:
    with running_file_server(SIZE, Reply(body_bytes=100_000, ignores_ranges=True)) as files:
        fetches.add_job(files.url)
        message = expect_error(fetches, "url-not-resumable")

    assert "The video was not fetched from its URL. The server cannot continue" in message
    assert len(files.requests) < 6


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


def test_source_that_changes_all_the_time_is_an_error(fetches: FetchHarness) -> None:
    replies = [Reply(body_bytes=100_000, version=version) for version in range(20)]
    with running_file_server(SIZE, *replies) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "url-changed")

    assert len(files.requests) < 6


def test_source_that_became_shorter_is_fetched_again(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=100_000), Reply(status=416), Reply()) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


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


def test_busy_server_is_asked_again_later(fetches: FetchHarness) -> None:
    busy = Reply(status=503, headers={"Retry-After": "120"})
    with running_file_server(SIZE, busy, Reply()) as files:
        fetches.add_job(files.url)
        started_at = fetches.now
        expect_upload(fetches, files)

    assert (fetches.now - started_at).total_seconds() >= 120


def test_server_that_is_never_there_is_an_error(fetches: FetchHarness) -> None:
    with running_file_server(SIZE) as files:
        url = files.url
    fetches.add_job(url)
    message = expect_error(fetches, "url-unavailable")

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


def test_body_in_chunks_needs_no_length(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(chunked=True)) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_broken_body_in_chunks_is_continued(fetches: FetchHarness) -> None:
    broken = Reply(chunked=True, body_bytes=100_000)
    with running_file_server(SIZE, broken, Reply()) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)


def test_body_without_an_end_needs_the_declared_size(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(headers={"Content-Length": ""})) as files:
        fetches.add_job(files.url)
        message = expect_error(fetches, "url-unusable")

    assert "size_bytes" in message


def test_body_without_an_end_is_complete_at_the_declared_size(fetches: FetchHarness) -> None:
    no_length = {"Content-Length": ""}
    replies = Reply(headers=no_length, body_bytes=100_000), Reply(headers=no_length)
    with running_file_server(SIZE, *replies) as files:
        fetches.add_job(files.url, size_bytes=SIZE)
        expect_upload(fetches, files)


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


def test_time_limit_ends_a_fetch(fetches: FetchHarness) -> None:
    with running_file_server(SIZE, Reply(body_bytes=20_000)) as files:
        fetches.add_job(files.url)
        fetches.deliver()
        fetches.sleep(6 * 3600 + 60)
        message = expect_error(fetches, "url-timeout")

    assert "within 6 hours" in message


def test_cancelled_job_stops_its_fetch(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.progress.INTERVAL_S", 0)
    with running_file_server(SIZE, Reply(body_bytes=100_000), Reply()) as files:
        fetches.add_job(files.url)
        fetches.deliver()
        assert fetches.work_objects()
        _cancel(fetches)
        fetch = fetches.run()

    assert (fetch.state, fetch.url) == (FetchState.STOPPED, None)
    assert len(files.requests) == 1
    assert fetches.work_objects() == []
    assert fetches.upload is None
    assert fetches.job.status is Status.CANCELLED


def test_job_that_is_cancelled_while_bytes_arrive_stops_its_fetch(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.progress.INTERVAL_S", 0)
    with running_file_server(SIZE, Reply(chunked=True, endless=True)) as files:
        fetches.add_job(files.url)
        commit, count = fetches.store.commit, 0

        def cancel_meanwhile(writes):  # type: ignore[no-untyped-def]
            nonlocal count
            writes = list(writes)
            if any(isinstance(write, Update) and set(write.fields) == {"fetched_bytes"}
                   for write in writes):  # fmt: skip
                count += 1
                if count == 30:
                    _cancel(fetches)
            return commit(writes)

        monkeypatch.setattr(fetches.store, "commit", cancel_meanwhile)
        fetch = fetches.run()

    assert fetch.state is FetchState.STOPPED
    assert fetches.work_objects() == []
    assert fetches.upload is None


def test_deleted_job_leaves_nothing(fetches: FetchHarness) -> None:
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        fetches.store.documents.pop(job_path(JOB))
        assert fetches.run().state is FetchState.STOPPED

    assert files.requests == []
    assert fetches.upload is None


def test_crash_after_the_upload_completes_the_fetch(fetches: FetchHarness) -> None:
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        with fetches.objects.create(
            Bucket.UPLOADS, UPLOAD, content_type="video/mp4", spec=f"fetch {fetches.fetch.id}"
        ) as writer:
            writer.write(files.content())
        assert fetches.run().state is FetchState.DONE

    assert files.requests == []


def test_crash_after_parts_continues_after_them(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        with monkeypatch.context() as patch:
            patch.setattr("functions.input_fetch.fetch.compose_parts", _crash)
            fetches.deliver()
        assert len(fetches.work_objects()) == 5
        expect_upload(fetches, files)

    assert len(files.requests) == 1, "all parts were there"


def test_worker_that_crashes_in_every_attempt_fails_the_job(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.fetch.compose_parts", _crash)
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "unexpected")


def test_url_is_in_no_document_and_no_log(fetches: FetchHarness) -> None:
    replies = Reply(body_bytes=100_000), Reply(status=503), Reply(status=302), Reply(status=404)
    with running_file_server(SIZE, *replies) as files:
        fetches.add_job(f"{files.url}/secret-path/clip.mp4?signature=secret")
        assert "secret" not in str(fetches.store.documents)
        expect_error(fetches, "url-unusable")

    assert "secret" not in str(fetches.store.documents)
    assert "secret" not in str(fetches.log_events)
    assert files.url.removeprefix("http://") not in str(fetches.log_events)


def _cancel(fetches: FetchHarness) -> None:
    fetches.run_flow(lambda clock: cancel(JOB, clock))


def _crash(*_: object) -> None:
    raise RuntimeError("crash")
