"""Topics, push subscriptions, buckets and their notifications: made from the table over REST."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from infra.local.suite.http import Answer, request
from infra.local.suite.layout import PROJECT, ROOT, Place, SetupError
from infra.local.suite.services import bucket_name
from shared.pipeline import STAGES, Bucket, Finalized, Schedule, Stage

DEAD_LETTER = "dead_letter"
STORAGE = ROOT / "infra" / "storage.json"
"""What the buckets allow and how long they keep, here and in the cloud."""


def wire_pubsub(place: Place, started: Iterable[Stage]) -> None:
    """A topic for every built event-driven row, and a push subscription for each started one.

    A topic without its subscription keeps no message: nobody may publish meanwhile.
    """
    base = f"{place.url('pubsub')}/v1/projects/{PROJECT}"
    woken = [row for row in STAGES.values() if row.built and row.event_driven]
    names = {row.name for row in started}
    # dead_letter comes first: the other subscriptions refer to its topic.
    for row in sorted(woken, key=lambda row: row.name != DEAD_LETTER):
        _made(request("PUT", f"{base}/topics/{row.topic}", {}))
        if row.name in names:
            _made(request("PUT", f"{base}/subscriptions/{row.topic}", subscription(place, row)))


def subscription(place: Place, row: Stage) -> dict[str, Any]:
    """The body of a row's push subscription."""
    # Without the row's retry policy: the emulator leaves messages that were refused lying for
    # minutes when there are a dozen of them. When a unit may be tried again stands in the unit.
    body: dict[str, Any] = {
        "topic": topic_path(row),
        # By way of push.py to the function: the framework reads the topic from the path.
        "pushConfig": {"pushEndpoint": f"{place.url('push')}/{topic_path(row)}"},
        "ackDeadlineSeconds": row.ack_deadline_s,
    }
    # What dead_letter cannot handle has nowhere else to go; a missed sweep is followed by another.
    if row.name != DEAD_LETTER and not isinstance(row.trigger, Schedule):
        body["deadLetterPolicy"] = {
            "deadLetterTopic": topic_path(STAGES[DEAD_LETTER]),
            "maxDeliveryAttempts": row.deliveries,
        }
    return body


def wire_buckets(place: Place) -> None:
    """The four buckets as `storage.json` has them, and a notification for every row that one
    wakes."""
    base = f"{place.url('gcs')}/storage/v1/b"
    asked = json.loads(STORAGE.read_text())
    for role in Bucket:
        name = bucket_name(role)
        body = {"name": name, **settings(place, asked, role)}
        if request("POST", f"{base}?project={PROJECT}", body).status == 409:
            _made(request("PATCH", f"{base}/{name}", settings(place, asked, role)))
        else:
            _made(request("GET", f"{base}/{name}"))
    for row in STAGES.values():
        if row.built and isinstance(row.trigger, Finalized):
            _notify(f"{base}/{bucket_name(row.trigger.bucket)}/notificationConfigs", row)


def settings(place: Place, asked: dict[str, Any], role: Bucket) -> dict[str, Any]:
    """A bucket's CORS, for the local console, and its lifecycle."""
    of_bucket, port = asked["buckets"][role.value], place.port("console")
    origins = [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
    rules = [
        {
            "action": {"type": "Delete"},
            "condition": {"age": days, **({"matchesPrefix": [prefix]} if prefix else {})},
        }
        for prefix, days in of_bucket["kept_days"].items()
    ]
    return {
        "cors": [{"origin": origins, **asked["cors"]}] if of_bucket["cors"] else [],
        "lifecycle": {"rule": rules},
    }


def publish(place: Place, row: Stage, data: bytes, attributes: dict[str, str]) -> None:
    """One message on a row's topic. Never without a body: such a push is refused for ever."""
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
    url = f"{place.url('pubsub')}/v1/{topic_path(row)}:publish"
    _made(request("POST", url, {"messages": [message]}))


def tick(place: Place, row: Stage) -> None:
    """What Cloud Scheduler sends to a row that is woken by the clock."""
    publish(place, row, b"{}", {"scheduled": row.name})


def topic_path(row: Stage) -> str:
    """The full name of a row's topic."""
    return f"projects/{PROJECT}/topics/{row.topic}"


def _notify(url: str, row: Stage) -> None:
    """Add the notification unless it survived from an earlier start."""
    trigger = row.trigger
    if not isinstance(trigger, Finalized):
        raise TypeError(f"{row.name} is not woken by an object")
    wanted = {
        "topic": f"//pubsub.googleapis.com/{topic_path(row)}",
        "event_types": ["OBJECT_FINALIZE"],
        "payload_format": "JSON_API_V1",
        **({"object_name_prefix": trigger.prefix} if trigger.prefix else {}),
    }
    listed = _made(request("GET", url)).json().get("items", [])
    if not any(all(one.get(key) == value for key, value in wanted.items()) for one in listed):
        _made(request("POST", url, wanted))


def _made(answer: Answer) -> Answer:
    """The answer, when it says yes; what exists already is fine."""
    if answer.status >= 300 and answer.status != 409:
        raise SetupError(f"Setting up the suite failed: {answer.body.decode(errors='replace')}")
    return answer
