"""Inputs that are objects of buckets of users."""

from __future__ import annotations

from typing import Any

import pytest

from shared.entrypoints import bootstrap
from shared.errors import StorageUnavailable
from shared.flows.documents import Update
from shared.jobs.commands.cancel import cancel
from shared.jobs.fetches.fetch import FetchState, fetch_id, fetch_path
from shared.jobs.model import Status
from shared.ports.customer_buckets import CopyStep
from shared.tasks.errors import DeadlineNear
from tests.fixtures.customer_buckets import CustomerBucket, use_customer_buckets
from tests.fixtures.fetches import JOB, UPLOAD, FetchHarness, expect_error
from tests.fixtures.gcs.server import GcsEmulator

DATA = b"0123456789" * 100


@pytest.fixture
def bucket(
    fetches: FetchHarness, gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> CustomerBucket:
    """A bucket of Alice with an object."""
    use_customer_buckets(gcs, monkeypatch, dict(fetches.settings.buckets))
    return CustomerBucket(gcs.client())


def add_job(fetches: FetchHarness, bucket: CustomerBucket, **declared: Any) -> None:
    """Creates the job with the current version of the object."""
    generation = bucket.put("films/clip one.mp4", DATA, content_type="text/html")
    url = f"gs://{bucket.name}/films/clip one.mp4"
    fetches.add_job(url, size_bytes=len(DATA), **declared)
    fetches.store.commit([Update(fetch_path(fetch_id(UPLOAD)), {"generation": generation})])


def test_object_is_copied(fetches: FetchHarness, bucket: CustomerBucket) -> None:
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    fetch = fetches.run()

    assert (fetch.state, fetch.error, fetch.url) == (FetchState.DONE, None, None)
    assert (fetch.fetched_bytes, fetch.total_bytes) == (len(DATA), len(DATA))
    assert fetches.read_upload() == DATA
    upload = fetches.upload
    assert upload is not None
    assert upload.content_type == "video/mp4"
    assert fetches.work_objects() == []


def test_object_that_was_replaced_is_not_used(
    fetches: FetchHarness, bucket: CustomerBucket
) -> None:
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    bucket.put("films/clip one.mp4", b"another")

    assert "replaced or deleted" in expect_error(fetches, "url-changed")


def test_bucket_that_is_not_bound_any_more(fetches: FetchHarness, bucket: CustomerBucket) -> None:
    binding = bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    bucket.delete(binding.proof_object)

    expect_error(fetches, "bucket-not-bound")


def test_limits_are_those_of_other_inputs(fetches: FetchHarness, bucket: CustomerBucket) -> None:
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket, max_bytes=100)

    expect_error(fetches, "url-too-large")


def test_copy_that_takes_several_requests_is_continued_by_the_next_run(
    fetches: FetchHarness, bucket: CustomerBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    buckets, tokens, updates = bootstrap.customer_buckets(), list[str](), 0
    copy_in = buckets.copy_in

    def in_steps(*arguments: Any, token: str, **options: Any) -> CopyStep:
        tokens.append(token)
        if len(tokens) < 3:
            return CopyStep(f"token-{len(tokens)}", 100 * len(tokens))
        return copy_in(*arguments, **options)

    def end_second_step(*_: Any) -> None:
        nonlocal updates
        updates += 1
        if updates == 3:
            raise DeadlineNear

    monkeypatch.setattr(buckets, "copy_in", in_steps)
    monkeypatch.setattr("functions.input_fetch.progress.Progress.update", end_second_step)
    fetches.deliver()
    assert (fetches.fetch.copy_token, fetches.fetch.fetched_bytes) == ("token-2", 200)
    assert fetches.run().state is FetchState.DONE
    assert tokens == ["", "token-1", "token-2"]
    assert fetches.read_upload() == DATA
    assert fetches.fetch.copy_token == ""


def test_copy_is_continued_after_a_transient_error(
    fetches: FetchHarness, bucket: CustomerBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.progress.INTERVAL_S", 0)
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    buckets, tokens = bootstrap.customer_buckets(), list[str]()
    copy_in = buckets.copy_in

    def in_steps(*arguments: Any, token: str, **options: Any) -> CopyStep:
        tokens.append(token)
        if len(tokens) == 1:
            return CopyStep("token-1", 100)
        if len(tokens) == 2:
            raise StorageUnavailable
        return copy_in(*arguments, **options)

    monkeypatch.setattr(buckets, "copy_in", in_steps)
    assert fetches.run().state is FetchState.DONE
    assert tokens == ["", "token-1", "token-1"]


def test_cancelled_job_stops_its_copy(
    fetches: FetchHarness, bucket: CustomerBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.input_fetch.progress.INTERVAL_S", 0)
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    buckets = bootstrap.customer_buckets()

    def cancel_meanwhile(*_: Any, **__: Any) -> CopyStep:
        if fetches.job.status is not Status.CANCELLED:
            fetches.run_flow(lambda clock: cancel(JOB, clock))
        return CopyStep("token", 100)

    monkeypatch.setattr(buckets, "copy_in", cancel_meanwhile)
    assert fetches.run().state is FetchState.STOPPED
    assert fetches.upload is None


def test_copy_that_exists_is_adopted(
    fetches: FetchHarness, bucket: CustomerBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker crashed after it."""
    bucket.bind(fetches.store, "alice")
    add_job(fetches, bucket)
    buckets = bootstrap.customer_buckets()
    copy_in = buckets.copy_in

    def twice(*arguments: Any, **options: Any) -> CopyStep:
        copy_in(*arguments, **options)
        return copy_in(*arguments, **options)

    monkeypatch.setattr(buckets, "copy_in", twice)
    assert fetches.run().state is FetchState.DONE
    assert fetches.read_upload() == DATA
