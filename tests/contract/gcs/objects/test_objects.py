"""Objects: composing, copying, deleting and batches."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c
import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, PreconditionFailed
from google.cloud.storage import Client

from tests.contract.gcs.objects.object_requests import names_of


def test_objects_are_composed_in_order(bucket: Any) -> None:
    parts = [bucket.blob(f"part-{n}") for n in range(32)]
    for number, part in enumerate(parts):
        part.upload_from_string(bytes([number]) * (number + 1))
    composed = bucket.blob("composed")
    composed.content_type = "application/zip"
    composed.metadata = {"parts": "32"}
    composed.compose(parts, if_generation_match=0)
    body = b"".join(bytes([n]) * (n + 1) for n in range(32))
    stored = bucket.get_blob("composed")
    assert stored.download_as_bytes() == body
    assert (stored.component_count, stored.md5_hash) == (32, None)
    assert (stored.content_type, stored.metadata) == ("application/zip", {"parts": "32"})
    assert base64.b64decode(stored.crc32c) == google_crc32c.value(body).to_bytes(4, "big")


def test_composite_object_can_be_its_own_component(bucket: Any) -> None:
    log = bucket.blob("log")
    log.upload_from_string(b"one ")
    line = bucket.blob("line")
    line.upload_from_string(b"two ")
    log.compose([log, line])
    log.compose([log, line, line])
    assert bucket.blob("log").download_as_bytes() == b"one two two two "
    assert bucket.get_blob("log").component_count == 4


def test_stale_component_stops_the_composition(bucket: Any) -> None:
    first, second = bucket.blob("one"), bucket.blob("two")
    first.upload_from_string(b"1")
    second.upload_from_string(b"2")
    generations = [first.generation, second.generation]
    bucket.blob("two").upload_from_string(b"changed")
    latest = [bucket.blob("one"), bucket.blob("two")]
    with pytest.raises(PreconditionFailed):
        bucket.blob("composed").compose(latest, if_source_generation_match=generations)
    pinned = bucket.blob("two", generation=generations[1])
    with pytest.raises(NotFound):
        bucket.blob("composed").compose([first, pinned])
    with pytest.raises(NotFound):
        bucket.blob("composed").compose([first, bucket.blob("never")])
    assert bucket.get_blob("composed") is None


def test_compose_takes_1_to_32_components(bucket: Any) -> None:
    part = bucket.blob("part")
    part.upload_from_string(b"x")
    with pytest.raises(BadRequest):
        bucket.blob("composed").compose([part] * 33)
    with pytest.raises(BadRequest):
        bucket.blob("composed").compose([])
    bucket.blob("composed").upload_from_string(b"exists")
    with pytest.raises(PreconditionFailed):
        bucket.blob("composed").compose([part], if_generation_match=0)


def test_copies_keep_content_and_metadata(bucket: Any, client: Client) -> None:
    source = bucket.blob("source")
    source.metadata = {"a": "1"}
    source.upload_from_string(b"bytes", content_type="video/mp4")
    bucket.copy_blob(source, bucket, "copy")
    copied = bucket.get_blob("copy")
    assert (copied.metadata, copied.content_type) == ({"a": "1"}, "video/mp4")
    assert copied.download_as_bytes() == b"bytes"

    other_bucket = client.create_bucket(f"{bucket.name}-2")
    target = other_bucket.blob("rewritten")
    token, done, total = target.rewrite(source)
    assert (token, done, total) == (None, 5, 5)
    assert other_bucket.get_blob("rewritten").md5_hash == source.md5_hash
    source.delete()
    assert other_bucket.blob("rewritten").download_as_bytes() == b"bytes"


def test_copies_check_conditions_on_source_and_target(bucket: Any) -> None:
    source, target = bucket.blob("source"), bucket.blob("target")
    source.upload_from_string(b"new")
    target.upload_from_string(b"old")
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(source, bucket, "target", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.copy_blob(source, bucket, "target", if_source_generation_match=1)
    with pytest.raises(PreconditionFailed):
        target.rewrite(source, if_source_metageneration_match=7)
    with pytest.raises(NotFound):
        bucket.copy_blob(source, bucket, "target", source_generation=1)
    assert bucket.blob("target").download_as_bytes() == b"old"
    target.rewrite(source, if_generation_match=target.generation)
    assert bucket.blob("target").download_as_bytes() == b"new"


def test_delete_checks_conditions_and_is_final(bucket: Any) -> None:
    blob = bucket.blob("d")
    blob.upload_from_string(b"x")
    with pytest.raises(PreconditionFailed):
        bucket.blob("d").delete(if_generation_match=blob.generation - 1)
    bucket.blob("d").delete(if_generation_match=blob.generation)
    assert not bucket.blob("d").exists()
    with pytest.raises(NotFound):
        bucket.blob("d").delete()


def test_object_with_a_hold_is_neither_deleted_nor_overwritten(bucket: Any) -> None:
    blob = bucket.blob("held")
    blob.upload_from_string(b"x")
    blob.temporary_hold = True
    blob.patch()
    for attempt in (blob.delete, lambda: bucket.blob("held").upload_from_string(b"y")):
        with pytest.raises(Exception, match="403"):
            attempt()
    blob.temporary_hold = False
    blob.patch()
    blob.delete()


def test_batch_runs_all_calls_although_one_fails(bucket: Any, client: Client) -> None:
    for name in ("a", "b/ü", "c"):
        bucket.blob(name).upload_from_string(b"x")
    batch = client.batch(raise_exception=False)
    with batch:
        bucket.delete_blob("a")
        bucket.delete_blob("missing")
        bucket.delete_blob("b/ü")
    assert [response.status_code for response in batch._responses] == [204, 404, 204]
    assert names_of(bucket.list_blobs()) == ["c"]
    blob = bucket.blob("c")
    with client.batch():
        blob.metadata = {"in": "batch"}
        blob.patch()
    assert bucket.get_blob("c").metadata == {"in": "batch"}


def test_fields_parameter_selects_fields(bucket: Any) -> None:
    bucket.blob("f").upload_from_string(b"x", content_type="text/plain")
    listed = next(iter(bucket.list_blobs(fields="items(name,size),nextPageToken")))
    assert (listed.name, listed.size) == ("f", 1)
    assert listed.content_type is None


def test_object_is_moved_with_its_metadata(bucket: Any) -> None:
    source = bucket.blob("from/here")
    source.metadata = {"job": "7"}
    source.upload_from_string(b"moved", content_type="text/plain")
    moved = bucket.move_blob(source, "to/there", if_source_generation_match=source.generation)
    assert bucket.get_blob("from/here") is None
    assert moved.download_as_bytes() == b"moved"
    assert (moved.metadata, moved.content_type) == ({"job": "7"}, "text/plain")
    assert moved.generation > source.generation


def test_move_checks_conditions_and_keeps_the_source(bucket: Any) -> None:
    source, target = bucket.blob("a"), bucket.blob("b")
    source.upload_from_string(b"a")
    target.upload_from_string(b"b")
    with pytest.raises(PreconditionFailed):
        bucket.move_blob(source, "b", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.move_blob(source, "c", if_source_generation_match=1)
    with pytest.raises(BadRequest):
        bucket.move_blob(source, "a")
    with pytest.raises(NotFound):
        bucket.move_blob(bucket.blob("missing"), "c")
    assert (source.download_as_bytes(), target.download_as_bytes()) == (b"a", b"b")


def test_compose_can_delete_its_sources(bucket: Any) -> None:
    sources = [bucket.blob("1"), bucket.blob("2")]
    for source in sources:
        source.upload_from_string(source.name)
    sources[0].compose([*sources, sources[1]], delete_source_objects=True)
    assert [blob.name for blob in bucket.list_blobs()] == ["1"]
    assert bucket.blob("1").download_as_bytes() == b"122"


def test_objects_of_a_bucket_with_default_holds_are_held(bucket: Any) -> None:
    bucket.default_event_based_hold = True
    bucket.patch()
    blob = bucket.blob("held")
    blob.upload_from_string(b"x")
    assert bucket.get_blob("held").event_based_hold is True
    with pytest.raises(Forbidden):
        blob.delete()
    blob.event_based_hold = False
    blob.patch()
    blob.delete()
