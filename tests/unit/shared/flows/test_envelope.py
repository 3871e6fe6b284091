"""Events and messages are parsed into envelopes or rejected."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.flows.envelope import (
    FINALIZED,
    Envelope,
    ObjectRef,
    UnreadableMessage,
    envelope_for_object,
    function_for_object,
    pack_name,
    read_event,
    read_publish_time,
    upload_name,
)
from shared.pipeline import Bucket

JOB = "abcdefghij0123456789"
PUBSUB = "google.cloud.pubsub.topic.v1.messagePublished"
BUCKETS = {role: f"p-{role}" for role in Bucket}


def push_message(body: bytes, attributes: dict[str, str] | None = None) -> dict[str, Any]:
    data = base64.b64encode(body).decode()
    return {"message": {"data": data, "attributes": attributes or {}}}


def test_envelope_survives_serialization() -> None:
    sent = Envelope(JOB, "frame_extraction", "3", revision=2, epoch=1, traceparent="00-ab-cd-01")
    assert read_event("frame_extraction", PUBSUB, push_message(sent.to_json())) == sent


def test_bucket_notification_and_eventarc_event_give_the_same_object() -> None:
    name = upload_name("frames", JOB, "video", 0)
    attributes = {
        "eventType": "OBJECT_FINALIZE",
        "bucketId": "p-uploads",
        "objectId": name,
        "objectGeneration": "17",
    }
    from_bucket = read_event("upload_trigger", PUBSUB, push_message(b"{}", attributes))
    resource = {"bucket": "p-uploads", "name": name, "generation": "17"}
    assert from_bucket == read_event("upload_trigger", FINALIZED, resource)
    assert from_bucket == ObjectRef("p-uploads", name, 17)


def test_upload_name_gives_job_input_and_number() -> None:
    name = upload_name("presentation", JOB, "prompt", 2)
    assert name.startswith("prompts/")
    unit = envelope_for_object("upload_trigger", ObjectRef("p-uploads", name, 1))
    assert (unit.job_id, unit.part, unit.upload, unit.epoch) == (JOB, "prompt", 2, None)


def test_pack_name_gives_job_part_and_function() -> None:
    ref = ObjectRef("p-work", pack_name("packs/", JOB, "0" * 64, "7"), 1)
    stage = function_for_object(ref, BUCKETS)
    assert stage == "emotion_scoring"
    assert envelope_for_object(stage, ref).part == "7"


def test_object_outside_the_prefix_triggers_nothing() -> None:
    with pytest.raises(UnreadableMessage):
        function_for_object(ObjectRef("p-work", f"parts/{JOB}/x", 1), BUCKETS)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"schema": 2}',
        Envelope("a/b", "frame_extraction", "0", epoch=0).to_json(),
        Envelope("..", "frame_extraction", "0", epoch=0).to_json(),
        Envelope("__job__", "frame_extraction", "0", epoch=0).to_json(),
        Envelope(JOB, "frame_extraction", "0", epoch=-1).to_json(),
        Envelope(JOB, "frame_extraction", "0", revision=True, epoch=0).to_json(),
        Envelope(JOB, "frame_extraction", "0", epoch=0).to_json().replace(b":0,", b":1e999,"),
        Envelope(JOB, "notification", "done.e0", epoch=0).to_json(),
        Envelope(JOB, "frame_extraction", "../x", epoch=0).to_json(),
        Envelope(JOB, "nonsense", "0", epoch=0).to_json(),
    ],
)
def test_invalid_message_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        read_event("frame_extraction", PUBSUB, push_message(body))


def test_deletion_event_is_unreadable() -> None:
    attributes = {"eventType": "OBJECT_DELETE", "bucketId": "b", "objectId": "o"}
    with pytest.raises(UnreadableMessage):
        read_event("upload_trigger", PUBSUB, push_message(b"{}", attributes))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_json_is_unreadable(body: Any) -> None:
    for data in (body, push_message(json.dumps(body).encode()), {"message": body}):
        with pytest.raises(UnreadableMessage):
            read_event("frame_extraction", PUBSUB, data)


FORWARDED = "2026-11-29T14:00:28.814Z"


def dead_lettered(published: Any) -> dict[str, Any]:
    """A message that Pub/Sub has forwarded to the dead letter topic."""
    attributes = {"CloudPubSubDeadLetterSourceTopicPublishTime": published}
    return {"message": {"data": "", "attributes": attributes, "publishTime": FORWARDED}}


@pytest.mark.parametrize(
    "published",
    [
        "2026-11-29T14:00:23.703Z",
        "2026-11-29T14:00:23.703+00:00",
        "2026-11-29T15:00:23.703000999+01:00",
        "2026-11-29T14:00:23.703",
    ],
)
def test_publish_time_is_that_of_the_first_topic(published: str) -> None:
    expected = datetime(2026, 11, 29, 14, 0, 23, 703_000, UTC)
    assert read_publish_time(dead_lettered(published)) == expected


def test_message_that_was_not_forwarded_has_its_own_publish_time() -> None:
    data = {"message": {"data": "", "publishTime": FORWARDED}}
    assert read_publish_time(data) == datetime(2026, 11, 29, 14, 0, 28, 814_000, UTC)


@pytest.mark.parametrize(
    "published", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", 5, None, []]
)
def test_unreadable_publish_time_is_unknown(published: Any) -> None:
    assert read_publish_time(dead_lettered(published)) is None


@given(JSON)
def test_event_without_a_publish_time_has_none(body: Any) -> None:
    for data in (body, {"message": body}, {"message": {"attributes": body}}):
        assert read_publish_time(data) is None


@given(st.text(max_size=80))
def test_any_object_name_is_unreadable(name: str) -> None:
    with pytest.raises(UnreadableMessage):
        envelope_for_object("upload_trigger", ObjectRef("b", name, 1))
