"""Results are copied to a folder of a bucket of the user."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.entrypoints import bootstrap
from shared.errors import StorageUnavailable, WrongState
from shared.flows.documents import Delete, Update
from shared.jobs.buckets.binding import MAX_BINDINGS, new_binding
from shared.jobs.commands.delete import delete
from shared.jobs.result_deliveries.delivery import (
    DeliveryState,
    Destination,
    FileState,
    delivery_path,
)
from shared.jobs.result_deliveries.start import redrive_delivery
from shared.ports.customer_buckets import BucketAccessDenied, BucketUnusable, CopyStep
from tests.fixtures.deliveries import JOB, RESULTS, DeliveryHarness


def add_job(deliveries: DeliveryHarness) -> None:
    deliveries.bucket.bind(deliveries.store, "alice")
    deliveries.add_job(Destination(deliveries.bucket.name, "films/"))


def test_all_results_are_delivered(deliveries: DeliveryHarness) -> None:
    add_job(deliveries)
    assert deliveries.messages, "the notification announces the delivery"
    delivery = deliveries.run()

    assert (delivery.state, delivery.error) == (DeliveryState.DELIVERED, None)
    for name, data in RESULTS.items():
        assert deliveries.bucket.read(f"films/{JOB}/{name}") == data
    assert delivery.delivered_bytes == delivery.total_bytes == sum(map(len, RESULTS.values()))
    assert {row.state for row in delivery.files} == {FileState.DELIVERED}
    assert deliveries.history == ["delivered"]
    [event] = deliveries.events
    body = json.loads(event["body"])
    assert (event["event"], body["data"]["job_id"]) == ("job.delivered", JOB)
    assert body["data"]["delivery"]["folder"] == f"gs://{deliveries.bucket.name}/films/{JOB}/"
    assert [name for name, _ in deliveries.log_events if name == "delivery.done"]


def test_second_delivery_of_the_message_and_of_the_outcome_changes_nothing(
    deliveries: DeliveryHarness,
) -> None:
    add_job(deliveries)
    deliveries.run()
    before = dict(deliveries.store.documents)
    deliveries.start()
    deliveries.deliver()

    assert deliveries.store.documents == before


def test_object_with_the_same_content_is_delivered(deliveries: DeliveryHarness) -> None:
    """An earlier attempt crashed after it."""
    add_job(deliveries)
    for name, data in RESULTS.items():
        deliveries.bucket.put(f"films/{JOB}/{name}", data)

    assert deliveries.run().state is DeliveryState.DELIVERED


def test_another_object_is_not_replaced_and_the_others_are_delivered(
    deliveries: DeliveryHarness,
) -> None:
    add_job(deliveries)
    deliveries.bucket.put(f"films/{JOB}/frames.zip", b"another")
    delivery = deliveries.run()

    assert delivery.state is DeliveryState.FAILED
    assert delivery.error is not None
    assert delivery.error["code"] == "object-exists"
    assert delivery.error["message"].startswith("frames.zip was not delivered. ")
    states = {row.name: row.state for row in delivery.files}
    assert states.pop("frames.zip") is FileState.FAILED
    assert set(states.values()) == {FileState.DELIVERED}
    assert deliveries.bucket.read(f"films/{JOB}/frames.zip") == b"another"
    assert deliveries.job.status == "done"
    assert deliveries.history == ["delivery_failed"]
    assert deliveries.events[0]["event"] == "job.delivery_failed"


def test_redrive_delivers_only_what_is_missing(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_job(deliveries)
    deliveries.bucket.put(f"films/{JOB}/frames.zip", b"another")
    deliveries.run()
    deliveries.bucket.delete(f"films/{JOB}/frames.zip")
    deliveries.run_flow(lambda clock: redrive_delivery(JOB, clock))
    deliveries.run_flow(lambda clock: redrive_delivery(JOB, clock))
    copied = record_copies(monkeypatch)
    delivery = deliveries.run()

    assert delivery.state is DeliveryState.DELIVERED
    assert copied == [f"films/{JOB}/frames.zip"]
    assert deliveries.history == ["delivery_failed", "delivered"]
    with pytest.raises(WrongState):
        deliveries.run_flow(lambda clock: redrive_delivery(JOB, clock))


def record_copies(patch: pytest.MonkeyPatch) -> list[str]:
    buckets, names = bootstrap.customer_buckets(), list[str]()
    copy_out = buckets.copy_out

    def record(source: Any, bucket: str, name: str, **options: Any) -> CopyStep:
        names.append(name)
        return copy_out(source, bucket, name, **options)

    patch.setattr(buckets, "copy_out", record)
    return names


def test_results_of_another_revision_have_another_folder(deliveries: DeliveryHarness) -> None:
    add_job(deliveries)
    deliveries.run()
    deliveries.finish_job({"frames.zip": b"edited"}, revision=1)
    delivery = deliveries.run()

    assert (delivery.state, delivery.revision) == (DeliveryState.DELIVERED, 1)
    assert deliveries.bucket.read(f"films/{JOB}/frames.zip") == RESULTS["frames.zip"]
    assert deliveries.bucket.read(f"films/{JOB}-r1/frames.zip") == b"edited"
    assert deliveries.history == ["delivered", "delivered"]


def test_worker_of_an_earlier_revision_records_nothing(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.result_delivery.deliver.INTERVAL_S", 0)
    add_job(deliveries)
    buckets = bootstrap.customer_buckets()
    copy_out = buckets.copy_out

    def edit_meanwhile(source: Any, bucket: str, name: str, **options: Any) -> CopyStep:
        if not deliveries.job.revision:
            deliveries.finish_job({"frames.zip": b"edited"}, revision=1)
        return copy_out(source, bucket, name, **options)

    monkeypatch.setattr(buckets, "copy_out", edit_meanwhile)
    deliveries.deliver()
    assert (deliveries.delivery.revision, deliveries.delivery.state) == (1, DeliveryState.WAITING)
    assert [row.state for row in deliveries.delivery.files] == [FileState.PENDING]
    assert deliveries.run().state is DeliveryState.DELIVERED
    assert deliveries.history == ["delivered"]


def test_worker_whose_lease_another_one_has_records_nothing(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.result_delivery.deliver.INTERVAL_S", 0)
    add_job(deliveries)
    buckets, path = bootstrap.customer_buckets(), delivery_path(JOB)
    copy_out = buckets.copy_out

    def claim_meanwhile(*arguments: Any, **options: Any) -> CopyStep:
        deliveries.store.commit([Update(path, {"token": "another", "delivered_bytes": 7})])
        return copy_out(*arguments, **options)

    monkeypatch.setattr(buckets, "copy_out", claim_meanwhile)
    deliveries.deliver()
    (doc,) = deliveries.store.read([path])
    assert doc is not None
    assert (doc.data["token"], doc.data["delivered_bytes"]) == ("another", 7)


def test_removed_proof_object_ends_the_binding(deliveries: DeliveryHarness) -> None:
    binding = deliveries.bucket.bind(deliveries.store, "alice")
    deliveries.bucket.delete(binding.proof_object)
    deliveries.add_job(Destination(deliveries.bucket.name, ""))
    delivery = deliveries.run()

    assert delivery.error is not None
    assert delivery.error["code"] == "bucket-not-bound"
    assert deliveries.bucket.list() == []
    (doc,) = deliveries.store.read([binding.path])
    assert doc is not None
    assert doc.data["state"] == "pending"


def test_proof_object_that_cannot_be_read_does_not_end_the_binding(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    binding = deliveries.bucket.bind(deliveries.store, "alice")
    deliveries.add_job(Destination(deliveries.bucket.name, ""))

    def refuse(*_: Any) -> bytes:
        raise BucketAccessDenied

    monkeypatch.setattr(bootstrap.customer_buckets(), "read_small", refuse)
    delivery = deliveries.run()

    assert delivery.error is not None
    assert delivery.error["code"] == "bucket-access-denied"
    (doc,) = deliveries.store.read([binding.path])
    assert doc is not None
    assert doc.data["state"] == "verified"


def test_binding_is_found_among_more_than_the_limit(deliveries: DeliveryHarness) -> None:
    """An operator may have made them."""
    for number in range(2 * MAX_BINDINGS):
        write = new_binding("alice", f"bucket-{number}", "", "t", deliveries.now)
        deliveries.store.commit([write])
    add_job(deliveries)

    assert deliveries.run().state is DeliveryState.DELIVERED


def test_bucket_that_does_not_exist_is_unusable(deliveries: DeliveryHarness) -> None:
    add_job(deliveries)
    artifact = deliveries.delivery.files[0].artifact
    assert artifact is not None
    with pytest.raises(BucketUnusable):
        bootstrap.customer_buckets().copy_out(artifact.stored_object, "no-such-bucket-4711", "a")


@pytest.mark.parametrize(("owner", "prefix"), [("bob", ""), ("alice", "other/")])
def test_binding_of_another_user_or_prefix_is_not_used(
    deliveries: DeliveryHarness, owner: str, prefix: str
) -> None:
    binding = deliveries.bucket.bind(deliveries.store, owner, prefix)
    deliveries.add_job(Destination(deliveries.bucket.name, "films/"))
    delivery = deliveries.run()

    assert delivery.error is not None
    assert delivery.error["code"] == "bucket-not-bound"
    assert deliveries.bucket.list() == [binding.proof_object]


def test_copy_that_takes_several_requests_is_continued_by_the_next_run(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cloud Storage returns a token until a copy between locations is complete."""
    add_job(deliveries)
    buckets, tokens = bootstrap.customer_buckets(), list[str]()
    copy_out = buckets.copy_out

    def in_steps(source: Any, bucket: str, name: str, *, token: str = "") -> CopyStep:
        if not name.endswith("frames.zip"):
            return copy_out(source, bucket, name)
        tokens.append(token)
        if len(tokens) == 2:
            raise StorageUnavailable
        if len(tokens) < 4:
            return CopyStep(f"token-{len(tokens)}", 100 * len(tokens))
        return copy_out(source, bucket, name)

    monkeypatch.setattr(buckets, "copy_out", in_steps)
    assert deliveries.run().state is DeliveryState.DELIVERED
    assert tokens == ["", "token-1", "token-1", "token-3"]


def test_access_that_was_not_granted_is_an_error_for_each_result(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_job(deliveries)

    def refuse(*_: Any, **__: Any) -> CopyStep:
        raise BucketAccessDenied

    monkeypatch.setattr(bootstrap.customer_buckets(), "copy_out", refuse)
    delivery = deliveries.run()

    assert {(row.error or {}).get("code") for row in delivery.files} == {"bucket-access-denied"}


def test_storage_that_stays_unavailable_ends_the_delivery(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_job(deliveries)

    def fail(*_: Any, **__: Any) -> CopyStep:
        raise StorageUnavailable("Cloud Storage failed.")

    monkeypatch.setattr(bootstrap.customer_buckets(), "copy_out", fail)
    delivery = deliveries.run()

    assert delivery.error is not None
    assert delivery.error["code"] == "storage-unavailable"
    assert deliveries.history == ["delivery_failed"]


def test_worker_that_crashes_in_every_attempt_fails_the_delivery(
    deliveries: DeliveryHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    add_job(deliveries)

    def crash(_: object) -> None:
        raise Crash

    monkeypatch.setattr("tests.fixtures.deliveries.deliver_results", crash)
    while deliveries.delivery.state not in (DeliveryState.FAILED, DeliveryState.DELIVERED):
        try:
            deliveries.deliver()
        except Crash:
            deliveries.sleep(60)

    assert deliveries.delivery.error is not None
    assert deliveries.delivery.error["code"] == "attempts-exhausted"
    assert deliveries.history == ["delivery_failed"]


def test_deleted_job_deletes_its_delivery(deliveries: DeliveryHarness) -> None:
    add_job(deliveries)
    deliveries.run_flow(lambda clock: delete(JOB, clock))
    assert deliveries.store.read([delivery_path(JOB)]) == (None,)
    deliveries.deliver()

    assert [name for name in deliveries.bucket.list() if name.startswith("films/")] == []


def test_deleted_binding_fails_the_delivery(deliveries: DeliveryHarness) -> None:
    binding = deliveries.bucket.bind(deliveries.store, "alice")
    deliveries.add_job(Destination(deliveries.bucket.name, "films/"))
    deliveries.store.commit([Delete(binding.path)])

    assert deliveries.run().state is DeliveryState.FAILED
