"""An operator binds a bucket to a user."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.operations.bind_bucket import TooManyBindings, bind, parse_bucket, remove
from shared.flows.documents import owned_documents
from shared.jobs.buckets.binding import (
    BUCKET_BINDINGS,
    MAX_BINDINGS,
    BindingState,
    BucketBinding,
    Proof,
    find_bindings,
    new_binding,
)
from shared.jobs.buckets.gs_url import GsUrl, InvalidGsUrl
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 11, 30, tzinfo=UTC)
FOLDER = GsUrl("my-bucket", "videos/")


@pytest.mark.parametrize("is_registered", [False, True])
def test_bucket_is_bound_without_a_proof_object(is_registered: bool) -> None:
    store = MemoryJobStore()
    if is_registered:
        store.commit([new_binding("alice", FOLDER.bucket, FOLDER.name, "t" * 32, NOW)])
    bind(store, "alice", FOLDER, NOW)
    bind(store, "alice", FOLDER, NOW)
    docs = store.run_query(owned_documents(BUCKET_BINDINGS, "alice"))

    [binding] = map(BucketBinding.from_doc, docs)
    assert (binding.state, binding.proof) == (BindingState.VERIFIED, Proof.OPERATOR)
    assert docs[0].data["expires_at"] is None
    assert find_bindings(docs, "my-bucket", "videos/a.mp4") == [binding]
    assert find_bindings(docs, "my-bucket", "video") == []
    assert find_bindings(docs, "my-bucket-2", "videos/a.mp4") == []
    assert remove(store, "alice", FOLDER)
    assert not remove(store, "alice", FOLDER)
    assert store.run_query(owned_documents(BUCKET_BINDINGS, "alice")) == ()


def test_user_has_a_limited_number_of_buckets() -> None:
    store = MemoryJobStore()
    for number in range(MAX_BINDINGS):
        bind(store, "alice", GsUrl(f"bucket-{number}", ""), NOW)
    with pytest.raises(TooManyBindings):
        bind(store, "alice", FOLDER, NOW)
    bind(store, "alice", GsUrl("bucket-0", ""), NOW)


@pytest.mark.parametrize("url", ["gs://p-uploads/", "gs://my-bucket/a", "gs://UPPER/", "gs://"])
def test_bucket_that_cannot_be_bound(url: str) -> None:
    with pytest.raises(InvalidGsUrl):
        parse_bucket(url, "p")


def test_bucket_and_prefix() -> None:
    assert parse_bucket("gs://my-bucket", "p") == GsUrl("my-bucket", "")
    assert parse_bucket("gs://my-bucket/videos/", "p") == FOLDER
