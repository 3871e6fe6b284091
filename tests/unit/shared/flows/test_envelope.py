"""Events and messages are parsed into envelopes or rejected."""

from __future__ import annotations

import base64
import json
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


@given(st.text(max_size=80))
def test_any_object_name_is_unreadable(name: str) -> None:
    with pytest.raises(UnreadableMessage):
        envelope_for_object("upload_trigger", ObjectRef("b", name, 1))
