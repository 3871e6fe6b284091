"""Topics, push subscriptions, buckets and their notifications: made from the table over REST."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from infra.local.suite.http import Response, request
from infra.local.suite.layout import PROJECT, ROOT, SetupError, SuiteLayout
from infra.local.suite.services import bucket_name
from shared.pipeline import FUNCTIONS, Bucket, FinalizeTrigger, Function, ScheduleTrigger

DEAD_LETTER = "dead_letter"
STORAGE_CONFIG_FILE = ROOT / "infra" / "storage.json"
"""What the buckets allow and how long they keep, here and in the cloud."""


def wire_pubsub(layout: SuiteLayout, functions: Iterable[Function]) -> None:
    """A topic for every event-driven row, and a push subscription for each started one.

    A topic without its subscription keeps no message: nobody may publish meanwhile.
    """
    base = f"{layout.url('pubsub')}/v1/projects/{PROJECT}"
    woken = [row for row in FUNCTIONS.values() if row.is_event_driven]
    names = {row.name for row in functions}
    # dead_letter comes first: the other subscriptions refer to its topic.
    for row in sorted(woken, key=lambda row: row.name != DEAD_LETTER):
        _made(request("PUT", f"{base}/topics/{row.topic}", {}))
        if row.name in names:
            _made(
                request("PUT", f"{base}/subscriptions/{row.topic}", build_subscription(layout, row))
            )


def build_subscription(layout: SuiteLayout, function: Function) -> dict[str, Any]:
    """The body of a row's push subscription."""
    # Without the row's retry policy: the emulator leaves messages that were refused lying for
    # minutes when there are a dozen of them. When a unit may be tried again stands in the unit.
    body: dict[str, Any] = {
        "topic": topic_path(function),
        # By way of push.py to the function: the framework reads the topic from the path.
        "pushConfig": {"pushEndpoint": f"{layout.url('push')}/{topic_path(function)}"},
        "ackDeadlineSeconds": function.ack_deadline_s,
    }
    # What dead_letter cannot handle has nowhere else to go; a missed sweep is followed by another.
    if function.name != DEAD_LETTER and not isinstance(function.trigger, ScheduleTrigger):
        body["deadLetterPolicy"] = {
            "deadLetterTopic": topic_path(FUNCTIONS[DEAD_LETTER]),
            "maxDeliveryAttempts": function.max_deliveries,
        }
    return body


def wire_buckets(layout: SuiteLayout) -> None:
    """The four buckets as `storage.json` has them, and a notification for every row that one
    wakes."""
    base = f"{layout.url('gcs')}/storage/v1/b"
    asked = json.loads(STORAGE_CONFIG_FILE.read_text())
    for role in Bucket:
        name = bucket_name(role)
        body = {"name": name, **build_bucket_settings(layout, asked, role)}
        if request("POST", f"{base}?project={PROJECT}", body).status == 409:
            _made(request("PATCH", f"{base}/{name}", build_bucket_settings(layout, asked, role)))
        else:
            _made(request("GET", f"{base}/{name}"))
    for row in FUNCTIONS.values():
        if isinstance(row.trigger, FinalizeTrigger):
            _notify(f"{base}/{bucket_name(row.trigger.bucket)}/notificationConfigs", row)


def build_bucket_settings(
    layout: SuiteLayout, config: dict[str, Any], role: Bucket
) -> dict[str, Any]:
    """A bucket's CORS, for the local console, and its lifecycle."""
    of_bucket, port = config["buckets"][role.value], layout.port("console")
    origins = [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
    rules = [
        {
            "action": {"type": "Delete"},
            "condition": {"age": days, **({"matchesPrefix": [prefix]} if prefix else {})},
        }
        for prefix, days in of_bucket["kept_days"].items()
    ]
    return {
        "cors": [{"origin": origins, **config["cors"]}] if of_bucket["cors"] else [],
        "lifecycle": {"rule": rules},
    }


def publish(
    layout: SuiteLayout, function: Function, data: bytes, attributes: dict[str, str]
) -> None:
    """One message on a row's topic. Never without a body: such a push is refused for ever."""
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
    url = f"{layout.url('pubsub')}/v1/{topic_path(function)}:publish"
    _made(request("POST", url, {"messages": [message]}))


def trigger_schedule(layout: SuiteLayout, function: Function) -> None:
    """What Cloud Scheduler sends to a row that is woken by the clock."""
    publish(layout, function, b"{}", {"scheduled": function.name})


def topic_path(function: Function) -> str:
    """The full name of a row's topic."""
    return f"projects/{PROJECT}/topics/{function.topic}"


def _notify(url: str, function: Function) -> None:
    """Add the notification unless it survived from an earlier start."""
    trigger = function.trigger
    if not isinstance(trigger, FinalizeTrigger):
        raise TypeError(f"{function.name} is not woken by an object")
    wanted = {
        "topic": f"//pubsub.googleapis.com/{topic_path(function)}",
        "event_types": ["OBJECT_FINALIZE"],
        "payload_format": "JSON_API_V1",
        **({"object_name_prefix": trigger.prefix} if trigger.prefix else {}),
    }
    listed = _made(request("GET", url)).json().get("items", [])
    if not any(all(one.get(key) == value for key, value in wanted.items()) for one in listed):
        _made(request("POST", url, wanted))


def _made(answer: Response) -> Response:
    """The answer, when it says yes; what exists already is fine."""
    if answer.status >= 300 and answer.status != 409:
        raise SetupError(f"Setting up the suite failed: {answer.body.decode(errors='replace')}")
    return answer
