"""Creates topics, push subscriptions, buckets and notifications from the table, over REST."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from infra.local.client.http import Response, request
from infra.local.suite.layout import PROJECT, ROOT, SetupError, SuiteLayout
from infra.local.suite.services import bucket_name
from shared.pipeline import FUNCTIONS, Bucket, FinalizeTrigger, Function, ScheduleTrigger

DEAD_LETTER = "dead_letter"
STORAGE_CONFIG_FILE = ROOT / "infra" / "storage.json"
"""CORS and lifecycle of the buckets, here and in the cloud."""


def wire_pubsub(layout: SuiteLayout, functions: Iterable[Function]) -> None:
    """Creates the topics of all event-driven functions and push subscriptions for `functions`.

    Publishers must be paused: a topic without a subscription drops its messages.
    """
    base = f"{layout.url('pubsub')}/v1/projects/{PROJECT}"
    event_driven = [function for function in FUNCTIONS.values() if function.is_event_driven]
    names = {function.name for function in functions}
    # dead_letter comes first: the other subscriptions reference its topic.
    for function in sorted(event_driven, key=lambda function: function.name != DEAD_LETTER):
        _check(request("PUT", f"{base}/topics/{function.topic}", {}))
        if function.name in names:
            _check(
                request(
                    "PUT",
                    f"{base}/subscriptions/{function.topic}",
                    build_subscription(layout, function),
                )
            )


def build_subscription(layout: SuiteLayout, function: Function) -> dict[str, Any]:
    """Returns the body of a function's push subscription."""
    # Without a retry policy: with one, the emulator holds a dozen rejected messages back for
    # minutes. The unit itself holds the time of its next attempt.
    body: dict[str, Any] = {
        "topic": topic_path(function),
        # The push emulator forwards to the function. The framework reads the topic from the path.
        "pushConfig": {"pushEndpoint": f"{layout.url('push')}/{topic_path(function)}"},
        "ackDeadlineSeconds": function.ack_deadline_s,
    }
    # dead_letter has no dead letter topic of its own. A missed sweep is followed by another one.
    if function.name != DEAD_LETTER and not isinstance(function.trigger, ScheduleTrigger):
        body["deadLetterPolicy"] = {
            "deadLetterTopic": topic_path(FUNCTIONS[DEAD_LETTER]),
            "maxDeliveryAttempts": function.max_deliveries,
        }
    return body


def wire_buckets(layout: SuiteLayout) -> None:
    """Creates the buckets of `storage.json` and a notification for every function with a finalize
    trigger."""
    base = f"{layout.url('gcs')}/storage/v1/b"
    config = json.loads(STORAGE_CONFIG_FILE.read_text())
    for role in Bucket:
        name = bucket_name(role)
        body = {"name": name, **build_bucket_settings(layout, config, role)}
        if request("POST", f"{base}?project={PROJECT}", body).status == 409:
            _check(request("PATCH", f"{base}/{name}", build_bucket_settings(layout, config, role)))
        else:
            _check(request("GET", f"{base}/{name}"))
    for function in FUNCTIONS.values():
        if isinstance(function.trigger, FinalizeTrigger):
            _add_notification(
                f"{base}/{bucket_name(function.trigger.bucket)}/notificationConfigs", function
            )


def build_bucket_settings(
    layout: SuiteLayout, config: dict[str, Any], role: Bucket
) -> dict[str, Any]:
    """Returns a bucket's CORS for the local console and its lifecycle."""
    bucket, port = config["buckets"][role.value], layout.port("console")
    origins = [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
    rules = [
        {
            "action": {"type": "Delete"},
            "condition": {"age": days, **({"matchesPrefix": [prefix]} if prefix else {})},
        }
        for prefix, days in bucket["kept_days"].items()
    ]
    return {
        "cors": [{"origin": origins, **config["cors"]}] if bucket["cors"] else [],
        "lifecycle": {"rule": rules},
    }


def publish(
    layout: SuiteLayout, function: Function, data: bytes, attributes: dict[str, str]
) -> None:
    """Publishes a message on a function's topic. `data` must not be empty: functions always reject
    such a push."""
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
    url = f"{layout.url('pubsub')}/v1/{topic_path(function)}:publish"
    _check(request("POST", url, {"messages": [message]}))


def trigger_schedule(layout: SuiteLayout, function: Function) -> None:
    """Publishes the message that Cloud Scheduler sends to a scheduled function."""
    publish(layout, function, b"{}", {"scheduled": function.name})


def topic_path(function: Function) -> str:
    """Returns the full name of a function's topic."""
    return f"projects/{PROJECT}/topics/{function.topic}"


def _add_notification(url: str, function: Function) -> None:
    """Adds the notification unless it exists from an earlier start."""
    trigger = function.trigger
    if not isinstance(trigger, FinalizeTrigger):
        raise TypeError(f"{function.name} has no finalize trigger")
    expected = {
        "topic": f"//pubsub.googleapis.com/{topic_path(function)}",
        "event_types": ["OBJECT_FINALIZE"],
        "payload_format": "JSON_API_V1",
        **({"object_name_prefix": trigger.prefix} if trigger.prefix else {}),
    }
    existing = _check(request("GET", url)).json().get("items", [])
    if not any(all(item.get(key) == value for key, value in expected.items()) for item in existing):
        _check(request("POST", url, expected))


def _check(response: Response) -> Response:
    """Returns the response. Raises SetupError for an error other than 409 (already exists)."""
    if response.status >= 300 and response.status != 409:
        raise SetupError(f"Could not set up the suite: {response.body.decode(errors='replace')}")
    return response
