"""Envelopes: the messages that trigger functions, and how CloudEvents are parsed into them.

A function is triggered by an envelope on its topic or by a finalized object. Both are read into an
`Envelope`: the key of a unit (job, stage, revision, part) and the epoch in which it was announced.
An envelope carries references, never media.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.errors import PermanentError
from shared.pipeline import (
    FUNCTIONS,
    PACKS_PREFIX,
    PROMPTS_PREFIX,
    RECIPES,
    UPLOADS_PREFIX,
    Bucket,
    FinalizeTrigger,
)

SCHEMA = 1
JOIN = "join"
FINALIZED = "google.cloud.storage.object.v1.finalized"
DEAD_LETTER_PUBLISH_TIME = "CloudPubSubDeadLetterSourceTopicPublishTime"
"""The attribute with which Pub/Sub says when a dead-lettered message was published first.
https://docs.cloud.google.com/pubsub/docs/handling-failures"""

JOB_ID = "[a-z0-9]{20}"
_UPLOAD = re.compile(
    rf"(?:{UPLOADS_PREFIX}|{PROMPTS_PREFIX})({JOB_ID})/([a-z]{{1,20}}[0-9]{{0,2}})\.([0-9]{{1,6}})"
)
_PACK = re.compile(rf"{PACKS_PREFIX}({JOB_ID})/[0-9a-f]{{12}}/([0-9]{{1,3}})\.pack")


class UnreadableMessage(PermanentError):
    """The message is not one of ours."""

    code = "unreadable-message"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A version of an object in Cloud Storage."""

    bucket: str
    name: str
    generation: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """The key of a unit or task.

    Attributes:
        part: A number, the name of an input, `join`, `task`, or an outcome for notification.
        epoch: The epoch of the announcement. None for an object's event: the job's own epoch.
        upload: The number of the upload, from the object's name.
        source: The object whose event this is.
        traceparent: The W3C trace context; "" without tracing.
    """

    job_id: str
    stage: str
    part: str
    revision: int = 0
    epoch: int | None = None
    upload: int | None = None
    source: ObjectRef | None = None
    traceparent: str = ""

    def to_json(self) -> bytes:
        """Returns the body of the Pub/Sub message."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "job_id": self.job_id,
                "stage": self.stage,
                "part": self.part,
                "revision": self.revision,
                "epoch": self.epoch,
                "traceparent": self.traceparent,
            },
            separators=(",", ":"),
        ).encode()

    @property
    def attributes(self) -> dict[str, str]:
        """The ids as message attributes, for filters and for debugging."""
        return {
            "job_id": self.job_id,
            "stage": self.stage,
            "part": self.part,
            "revision": str(self.revision),
        }


def upload_name(recipe: str, job_id: str, input_name: str, upload: int) -> str:
    """Returns the object name of an upload. Prompts have their own prefix, for their lifecycle."""
    prefix = PROMPTS_PREFIX if input_name == "prompt" else UPLOADS_PREFIX
    if recipe not in RECIPES:
        raise ValueError(f"no recipe {recipe}")
    return f"{prefix}{job_id}/{input_name}.{upload}"


def pack_name(prefix: str, job_id: str, spec_hash: str, part: str) -> str:
    """Returns the object name of a frame pack. `prefix` decides whether it triggers a stage."""
    return f"{prefix}{job_id}/{spec_hash[:12]}/{int(part):02d}.pack"


def envelope_for_object(function: str, ref: ObjectRef) -> Envelope:
    """Returns the envelope for an object, from its name. The part of an upload is the name of the
    input. Raises UnreadableMessage for any other name."""
    if match := _UPLOAD.fullmatch(ref.name):
        return Envelope(match[1], function, match[2], upload=int(match[3]), source=ref)
    if match := _PACK.fullmatch(ref.name):
        return Envelope(match[1], function, str(int(match[2])), source=ref)
    raise UnreadableMessage(f"No job has an object named {ref.name[:200]!r}.")


def function_for_object(ref: ObjectRef, buckets: Mapping[Bucket, str]) -> str:
    """Returns the function that the object triggers. Raises UnreadableMessage when there is
    none."""
    for row in FUNCTIONS.values():
        if isinstance(row.trigger, FinalizeTrigger):
            same_bucket = ref.bucket == buckets[row.trigger.bucket]
            if same_bucket and ref.name.startswith(row.trigger.prefix):
                return row.name
    raise UnreadableMessage(f"No function is triggered by {ref.bucket}/{ref.name[:200]}.")


def read_event(function: str | None, kind: str, data: Any) -> Envelope | ObjectRef:
    """Parses a CloudEvent by its type (`kind`) and data.

    Accepts a Pub/Sub message with an envelope, a Pub/Sub message of a bucket notification, and
    Eventarc's object event. Raises UnreadableMessage for anything else, and for an envelope that
    names another function than `function`; None accepts every function.
    """
    if not isinstance(data, Mapping):
        raise UnreadableMessage("The event has no data.")
    if kind == FINALIZED:
        return _parse_object(data.get("bucket"), data.get("name"), data.get("generation"))
    message = data.get("message")
    if not isinstance(message, Mapping):
        raise UnreadableMessage("The event carries no Pub/Sub message.")
    attributes = message.get("attributes") or {}
    if "bucketId" in attributes:
        if attributes.get("eventType") != "OBJECT_FINALIZE":
            raise UnreadableMessage(f"Not a finalized object: {attributes.get('eventType')}.")
        return _parse_object(
            attributes["bucketId"], attributes.get("objectId"), attributes.get("objectGeneration")
        )
    try:
        body = json.loads(base64.b64decode(message.get("data") or "", validate=True))
        return _parse_envelope(function, body)
    except (ValueError, TypeError, KeyError) as cause:
        raise UnreadableMessage(f"The message's body cannot be read: {cause}") from cause


def read_publish_time(data: Any) -> datetime | None:
    """Returns when a Pub/Sub message was published: to its own topic, also when it was forwarded to
    the dead letter topic. None when the event does not say it."""
    message = data.get("message") if isinstance(data, Mapping) else None
    if not isinstance(message, Mapping):
        return None
    attributes = message.get("attributes")
    if isinstance(attributes, Mapping) and DEAD_LETTER_PUBLISH_TIME in attributes:
        # Not the time of forwarding, which is later than the publication of newer copies.
        return _parse_time(attributes[DEAD_LETTER_PUBLISH_TIME])
    return _parse_time(message.get("publishTime"))


def _parse_time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _parse_object(bucket: Any, name: Any, generation: Any) -> ObjectRef:
    if not isinstance(bucket, str) or not isinstance(name, str) or not str(generation).isdigit():
        raise UnreadableMessage("The object event names no bucket, object and generation.")
    return ObjectRef(bucket, name, int(generation))


def _parse_envelope(stage: str | None, body: Any) -> Envelope:
    if not isinstance(body, Mapping) or body.get("schema") != SCHEMA:
        raise ValueError(f"not an envelope of schema {SCHEMA}")
    if stage is not None and body["stage"] != stage:
        raise ValueError(f"it is meant for {body['stage']!r}")
    if body["stage"] not in FUNCTIONS:
        raise ValueError(f"there is no stage {body['stage']!r}")
    job_id, part, epoch = body["job_id"], body["part"], body["epoch"]
    # Both become names of documents. A message whose names Firestore rejects would be redelivered
    # indefinitely.
    if not isinstance(job_id, str) or not re.fullmatch(JOB_ID, job_id):
        raise ValueError("no job id")
    if not isinstance(part, str) or not re.fullmatch(r"[a-z0-9.]{1,40}", part):
        raise ValueError("no such part")
    return Envelope(
        job_id=job_id,
        stage=body["stage"],
        part=part,
        revision=_parse_count(body["revision"]),
        epoch=None if epoch is None else _parse_count(epoch),
        traceparent=str(body.get("traceparent") or "")[:64],
    )


def _parse_count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 31:
        raise ValueError("an epoch and a revision are whole numbers from 0")
    return value
