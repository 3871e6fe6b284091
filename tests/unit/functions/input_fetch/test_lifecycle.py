"""Fetches whose job ends, whose worker crashes, and what is stored of them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest

from functions.input_fetch.progress import Progress
from shared.errors import StorageUnavailable
from shared.flows.documents import Update, job_path
from shared.jobs.commands.cancel import cancel
from shared.jobs.commands.redrive import redrive
from shared.jobs.fetches.fetch import INPUT_FETCH, FetchState, fetch_path
from shared.jobs.model import Status
from shared.pipeline import FUNCTIONS, Bucket
from shared.tasks.errors import DeadlineNear
from tests.fakes.file_server import Reply, running_file_server
from tests.fixtures.fetches import JOB, SIZE, UPLOAD, FetchHarness, expect_error, expect_upload


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


def test_redriven_job_waits_for_an_upload(fetches: FetchHarness) -> None:
    """The URL is deleted with the failure."""
    with running_file_server(SIZE, Reply(status=404), Reply()) as files:
        fetches.add_job(files.url)
        expect_error(fetches, "url-refused")
        fetches.run_flow(lambda clock: redrive(JOB, clock, 30))
        fetches.deliver()

    assert (fetches.job.status, fetches.job.error) == (Status.AWAITING_UPLOAD, None)
    assert len(files.requests) == 1


def test_failure_of_another_input_does_not_stop_a_fetch(fetches: FetchHarness) -> None:
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        fetches.store.commit([Update(job_path(JOB), {"status": Status.FAILED})])
        expect_upload(fetches, files)


def test_error_of_the_storage_keeps_the_parts_and_counts_no_attempt(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, names = fetches.objects.create, list[str]()

    def create_or_fail(bucket: Bucket, name: str, **options: str) -> AbstractContextManager[Any]:
        names.append(name)
        if len(names) in (3, 5):
            raise StorageUnavailable
        return create(bucket, name, **options)

    monkeypatch.setattr(fetches.objects, "create", create_or_fail)
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        fetches.deliver()
        (doc,) = fetches.store.read([fetch_path(fetches.fetch.id)])
        assert doc is not None
        assert doc.data["attempt"] == 0
        expect_upload(fetches, files)

    first, *others = files.ranges
    assert first == ""
    assert len(set(others)) == 2, "each request continues after the parts of the one before"


@pytest.mark.parametrize("calls", [1, 60])
def test_end_of_a_run_is_continued_by_the_next(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """Also a run that ends before it has stored a part."""
    _end_a_run(monkeypatch, calls)
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)
        expect_upload(fetches, files)

    assert len(files.requests) == 2
    assert (files.ranges[1] == "") == (calls == 1)


def test_file_that_cannot_be_continued_must_arrive_in_one_run(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _end_a_run(monkeypatch, 60)
    with running_file_server(SIZE, Reply(headers={"ETag": "", "Last-Modified": ""})) as files:
        fetches.add_job(files.url)
        message = expect_error(fetches, "url-not-resumable")

    assert "within 8 minutes" in message
    assert len(files.requests) == 1


def test_part_of_another_worker_is_adopted_at_its_size(
    fetches: FetchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that lost its lease may store one more part of the same version."""
    create, size = fetches.objects.create, 10_000
    with running_file_server(SIZE) as files:
        fetches.add_job(files.url)

        def create_second(bucket: Bucket, name: str, **options: Any) -> AbstractContextManager[Any]:
            if name.endswith("part-0001") and fetches.objects.stat(bucket, name) is None:
                first = fetches.objects.stat(bucket, name.replace("0001", "0000"))
                assert first is not None
                with create(bucket, name, **options) as other:
                    other.write(files.content()[first.size_bytes :][:size])
            return create(bucket, name, **options)

        monkeypatch.setattr(fetches.objects, "create", create_second)
        expect_upload(fetches, files)

    assert len(files.requests) == 2


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


def test_worker_that_crashes_while_it_fails_the_fetch_leaves_no_url(fetches: FetchHarness) -> None:
    fetches.add_job("https://files.test/clip.mp4")
    attempts = FUNCTIONS[INPUT_FETCH].max_attempts
    fetches.store.commit([Update(fetch_path(fetches.fetch.id), {"attempt": attempts})])

    expect_error(fetches, "attempts-exhausted")


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


def _end_a_run(patch: pytest.MonkeyPatch, calls: int) -> None:
    """Ends the first run, as its deadline does, when the progress is updated this many times."""
    update, count = Progress.update, 0

    def update_or_end(progress: Progress, received_bytes: int) -> None:
        nonlocal count
        count += 1
        if count == calls:
            raise DeadlineNear
        update(progress, received_bytes)

    patch.setattr(Progress, "update", update_or_end)


def _crash(*_: object) -> None:
    raise RuntimeError("crash")
