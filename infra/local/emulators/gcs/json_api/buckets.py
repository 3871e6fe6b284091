"""JSON API: buckets and notification configs."""

from __future__ import annotations

from typing import Any

from infra.local.emulators.gcs.errors import invalid
from infra.local.emulators.gcs.json_api.api_request import Call
from infra.local.emulators.gcs.server import Stand
from infra.local.emulators.gcs.storage import buckets, listing, notifications

Answer = tuple[int, dict[str, Any] | None]


async def list_buckets(stand: Stand, call: Call) -> Answer:
    """`buckets.list`."""
    limit = listing.max_results(call.query)
    token = call.query.get("pageToken", "")
    start = listing.start_of(token) if token else ""
    prefix = call.query.get("prefix", "")
    found = await stand.db.read(lambda tx: buckets.list_all(tx, prefix, start, limit + 1))
    answer: dict[str, Any] = {"kind": "storage#buckets"}
    if found:
        answer["items"] = [bucket.as_json(stand.base_url) for bucket in found[:limit]]
    if len(found) > limit:
        answer["nextPageToken"] = listing.token_of(found[limit].name)
    return 200, answer


async def insert_bucket(stand: Stand, call: Call) -> Answer:
    """`buckets.insert`."""
    bucket = await stand.db.write(lambda tx: buckets.create(tx, call.body))
    return 200, bucket.as_json(stand.base_url)


async def get_bucket(stand: Stand, call: Call, name: str) -> Answer:
    """`buckets.get`."""
    bucket = await stand.db.read(lambda tx: buckets.find(tx, name))
    call.conditions.check(bucket.created_us, bucket.metageneration, read=True)
    return 200, bucket.as_json(stand.base_url)


async def patch_bucket(stand: Stand, call: Call, name: str) -> Answer:
    """`buckets.patch`, and by PUT `buckets.update`."""
    replace = call.method == "PUT"
    bucket = await stand.db.write(
        lambda tx: buckets.patch(tx, name, call.body, call.conditions, replace=replace)
    )
    return 200, bucket.as_json(stand.base_url)


async def delete_bucket(stand: Stand, call: Call, name: str) -> Answer:
    """`buckets.delete`."""
    await stand.db.write(lambda tx: buckets.delete(tx, name, call.conditions))
    return 204, None


async def list_configs(stand: Stand, _call: Call, name: str) -> Answer:
    """`notificationConfigs.list`."""

    def step(tx: Any) -> list[dict[str, Any]]:
        buckets.find(tx, name)
        return notifications.list_configs(tx, name, stand.base_url)

    found = await stand.db.read(step)
    return 200, {"kind": "storage#notifications", **({"items": found} if found else {})}


async def insert_config(stand: Stand, call: Call, name: str) -> Answer:
    """`notificationConfigs.insert`."""
    if not stand.has_pubsub:
        raise invalid("This server was started without --pubsub and cannot notify anybody.")

    def step(tx: Any) -> dict[str, Any]:
        buckets.find(tx, name)
        return notifications.add_config(tx, name, call.body, stand.base_url)

    return 200, await stand.db.write(step)


async def get_config(stand: Stand, _call: Call, name: str, config_id: str) -> Answer:
    """`notificationConfigs.get`."""

    def step(tx: Any) -> dict[str, Any]:
        buckets.find(tx, name)
        return notifications.get_config(tx, name, config_id, stand.base_url)

    return 200, await stand.db.read(step)


async def delete_config(stand: Stand, _call: Call, name: str, config_id: str) -> Answer:
    """`notificationConfigs.delete`."""

    def step(tx: Any) -> None:
        buckets.find(tx, name)
        notifications.remove_config(tx, name, config_id)

    await stand.db.write(step)
    return 204, None
