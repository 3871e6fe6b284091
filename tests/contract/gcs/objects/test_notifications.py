"""Pub/Sub notifications about changes of objects."""

from __future__ import annotations

import io
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core.exceptions import BadRequest, NotFound, PreconditionFailed
from google.oauth2 import service_account

from infra.local.suite.ports import find_free_base
from tests.fakes.pubsub import FakePubSub, PubSubEmulator, PubSubServer, find_emulator_jar
from tests.fixtures.gcs.server import PROJECT, GcsEmulator

FINALIZE, DELETE, UPDATE = "OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_METADATA_UPDATE"


@pytest.fixture
def topic(pubsub: PubSubServer) -> str:
    """A topic for one test."""
    pubsub.wait_until_ready()
    name = f"t-{uuid.uuid4().hex[:12]}"
    pubsub.create_topic(name)
    return name


def subscribe(bucket: Any, topic: str, **settings: Any) -> Any:
    """Create a notification config with the client library."""
    settings.setdefault("payload_format", "JSON_API_V1")
    config = bucket.notification(topic_name=topic, topic_project=PROJECT, **settings)
    config.create()
    return config


def test_new_object_is_announced_in_the_format_of_google(
    bucket: Any, topic: str, pubsub: PubSubServer
) -> None:
    config = subscribe(bucket, topic, event_types=[FINALIZE], custom_attributes={"role": "work"})
    blob = bucket.blob("in/ü 1.mp4")
    blob.metadata = {"job": "7"}
    blob.upload_from_string(b"moving", content_type="video/mp4")
    (message,) = pubsub.read_messages(topic, 1)
    event_time = message.attributes.pop("eventTime")
    assert message.attributes == {
        "notificationConfig": (
            f"projects/_/buckets/{bucket.name}/notificationConfigs/{config.notification_id}"
        ),
        "eventType": FINALIZE,
        "payloadFormat": "JSON_API_V1",
        "bucketId": bucket.name,
        "objectId": "in/ü 1.mp4",
        "objectGeneration": str(blob.generation),
        "role": "work",
    }
    assert datetime.fromisoformat(event_time).tzinfo is not None
    resource = message.resource
    assert resource["kind"] == "storage#object"
    assert resource["id"] == f"{bucket.name}/in/ü 1.mp4/{blob.generation}"
    assert (resource["size"], resource["contentType"]) == ("6", "video/mp4")
    assert (resource["metadata"], resource["md5Hash"]) == ({"job": "7"}, blob.md5_hash)


def test_overwriting_sends_finalize_and_delete_with_both_generations(
    bucket: Any, topic: str, pubsub: PubSubServer
) -> None:
    subscribe(bucket, topic)
    for body in (b"one", b"two"):
        blob = bucket.blob("o")
        blob.upload_from_string(body)
    blob.delete()
    messages = pubsub.read_messages(topic, 4)
    finalized = [m.attributes for m in messages if m.attributes["eventType"] == FINALIZE]
    removed = [m.attributes for m in messages if m.attributes["eventType"] == DELETE]
    first, second = sorted(finalized, key=lambda a: int(a["objectGeneration"]))
    assert "overwroteGeneration" not in first
    assert second["overwroteGeneration"] == first["objectGeneration"]
    replaced, deleted = sorted(removed, key=lambda a: int(a["objectGeneration"]))
    assert replaced["overwrittenByGeneration"] == second["objectGeneration"]
    assert replaced["objectGeneration"] == first["objectGeneration"]
    assert deleted["objectGeneration"] == second["objectGeneration"]
    assert "overwrittenByGeneration" not in deleted
    assert len(messages) == 4


def test_every_way_to_create_an_object_is_announced_once(
    bucket: Any,
    topic: str,
    pubsub: PubSubServer,
    credentials: service_account.Credentials,
) -> None:
    subscribe(bucket, topic, event_types=[FINALIZE])
    simple = bucket.blob("simple")
    simple.upload_from_string(b"x")
    bucket.blob("resumable", chunk_size=1 << 18).upload_from_file(io.BytesIO(b"x" * 300_000))
    bucket.blob("composed").compose([simple])
    bucket.copy_blob(simple, bucket, "copied")
    bucket.blob("rewritten").rewrite(simple)
    url = bucket.blob("signed").generate_signed_url(
        version="v4", expiration=timedelta(minutes=1), method="PUT", credentials=credentials
    )
    requests.put(url, data=b"x", timeout=120)
    names = ["simple", "resumable", "composed", "copied", "rewritten", "signed"]
    announced = [m.attributes["objectId"] for m in pubsub.read_messages(topic, 6)]
    assert sorted(announced) == sorted(names)


def test_refused_write_is_not_announced(bucket: Any, topic: str, pubsub: PubSubServer) -> None:
    subscribe(bucket, topic)
    bucket.blob("once").upload_from_string(b"x", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("once").upload_from_string(b"y", if_generation_match=0)
    assert len(pubsub.read_messages(topic, 1)) == 1


def test_config_filters_by_prefix_and_event_type(
    bucket: Any, topic: str, pubsub: PubSubServer
) -> None:
    subscribe(bucket, topic, event_types=[UPDATE, DELETE], blob_name_prefix="in/")
    for name in ("in/a", "out/a", "in"):
        blob = bucket.blob(name)
        blob.upload_from_string(b"x")
        blob.metadata = {"seen": "yes"}
        blob.patch()
        blob.delete()
    announced = [
        (m.attributes["eventType"], m.attributes["objectId"])
        for m in pubsub.read_messages(topic, 2)
    ]
    assert sorted(announced) == [(DELETE, "in/a"), (UPDATE, "in/a")]


def test_message_without_payload_has_only_attributes(
    bucket: Any, topic: str, pubsub: PubSubServer
) -> None:
    subscribe(bucket, topic, payload_format="NONE", event_types=[FINALIZE])
    bucket.blob("x").upload_from_string(b"x")
    (message,) = pubsub.read_messages(topic, 1)
    assert message.attributes["payloadFormat"] == "NONE"
    assert message.data == b""


def test_configs_are_listed_read_and_deleted(bucket: Any, topic: str, pubsub: PubSubServer) -> None:
    config = subscribe(bucket, topic, blob_name_prefix="a/")
    (listed,) = bucket.list_notifications()
    assert (listed.topic_name, listed.blob_name_prefix) == (topic, "a/")
    assert bucket.get_notification(config.notification_id).payload_format == "JSON_API_V1"
    config.delete()
    assert list(bucket.list_notifications()) == []
    with pytest.raises(NotFound):
        bucket.get_notification(config.notification_id)
    bucket.blob("a/x").upload_from_string(b"x")
    assert pubsub.read_messages(topic, 0) == []


def test_invalid_configs_are_refused(bucket: Any, topic: str) -> None:
    for settings in ({"event_types": ["OBJECT_EXPLODED"]}, {"payload_format": "XML"}):
        with pytest.raises(BadRequest):
            subscribe(bucket, topic, **settings)
    for _ in range(10):
        subscribe(bucket, topic, event_types=[FINALIZE])
    with pytest.raises(BadRequest):
        subscribe(bucket, topic, event_types=[FINALIZE])


def test_fault_rules_can_repeat_or_delay_a_notification(
    bucket: Any, topic: str, pubsub: PubSubServer, gcs: GcsEmulator
) -> None:
    subscribe(bucket, topic, event_types=[FINALIZE])
    match = {"method": "PUBLISH", "path_regex": topic}
    gcs.add_fault({"match": match, "action": {"repeat": 2}, "count": 1})
    gcs.add_fault({"match": match, "action": {"status": 503}, "count": 1})
    bucket.blob("twice").upload_from_string(b"x")
    assert [m.attributes["objectId"] for m in pubsub.read_messages(topic, 2)] == ["twice"] * 2
    bucket.blob("late").upload_from_string(b"x")
    assert [m.attributes["objectId"] for m in pubsub.read_messages(topic, 1)] == ["late"]
    assert [rule["fired_count"] for rule in gcs.clear_faults()] == [1, 1]


def test_changes_during_a_pubsub_outage_are_announced_afterwards(
    tmp_path: Path,
) -> None:
    # Nothing listens on this port at first, so it must lie outside the range for outgoing
    # connections: one of them could take it, even an attempt of the emulator to connect.
    port = find_free_base()
    server = GcsEmulator(tmp_path, f"http://127.0.0.1:{port}").start()
    pubsub: PubSubServer | None = None
    try:
        bucket = server.client().create_bucket("waiting-bucket")
        subscribe(bucket, "late-topic", event_types=[FINALIZE])
        for number in range(3):
            bucket.blob(f"before-{number}").upload_from_string(b"x")
        server.kill()
        server.start()
        bucket.blob("after").upload_from_string(b"x")
        # A message that is published before the subscription exists is lost, so publishing fails
        # until then.
        server.add_fault({"match": {"method": "PUBLISH"}, "action": {"status": 503}})
        jar = find_emulator_jar()
        pubsub = PubSubEmulator(jar, tmp_path / "pubsub.log", port) if jar else FakePubSub(port)
        pubsub.wait_until_ready()
        pubsub.create_topic("late-topic")
        server.clear_faults()
        names = {m.attributes["objectId"] for m in pubsub.read_messages("late-topic", 4)}
        assert names == {"before-0", "before-1", "before-2", "after"}
    finally:
        server.close()
        if pubsub is not None:
            pubsub.close()
