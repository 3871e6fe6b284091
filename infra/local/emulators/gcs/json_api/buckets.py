"""JSON API: buckets and notification configs."""

from __future__ import annotations

from typing import Any

from infra.local.emulators.gcs.errors import invalid_argument
from infra.local.emulators.gcs.json_api.api_request import ApiRequest
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import buckets, listing, notifications

ApiResponse = tuple[int, dict[str, Any] | None]


async def list_buckets(emulator: Emulator, request: ApiRequest) -> ApiResponse:
    """`buckets.list`."""
    limit = listing.parse_max_results(request.query)
    token = request.query.get("pageToken", "")
    start = listing.decode_page_token(token) if token else ""
    prefix = request.query.get("prefix", "")
    page = await emulator.db.read(lambda tx: buckets.list_all(tx, prefix, start, limit + 1))
    response: dict[str, Any] = {"kind": "storage#buckets"}
    if page:
        response["items"] = [bucket.as_json(emulator.base_url) for bucket in page[:limit]]
    if len(page) > limit:
        response["nextPageToken"] = listing.encode_page_token(page[limit].name)
    return 200, response


async def insert_bucket(emulator: Emulator, request: ApiRequest) -> ApiResponse:
    """`buckets.insert`."""
    bucket = await emulator.db.write(lambda tx: buckets.create(tx, request.body))
    return 200, bucket.as_json(emulator.base_url)


async def get_bucket(emulator: Emulator, request: ApiRequest, name: str) -> ApiResponse:
    """`buckets.get`."""
    bucket = await emulator.db.read(lambda tx: buckets.find(tx, name))
    request.conditions.check(bucket.created_us, bucket.metageneration, read=True)
    return 200, bucket.as_json(emulator.base_url)


async def patch_bucket(emulator: Emulator, request: ApiRequest, name: str) -> ApiResponse:
    """`buckets.patch`, and by PUT `buckets.update`."""
    replace = request.method == "PUT"
    bucket = await emulator.db.write(
        lambda tx: buckets.patch(tx, name, request.body, request.conditions, replace=replace)
    )
    return 200, bucket.as_json(emulator.base_url)


async def delete_bucket(emulator: Emulator, request: ApiRequest, name: str) -> ApiResponse:
    """`buckets.delete`."""
    await emulator.db.write(lambda tx: buckets.delete(tx, name, request.conditions))
    return 204, None


async def get_service_account(
    _emulator: Emulator, _request: ApiRequest, _project: str
) -> ApiResponse:
    """`projects.serviceAccount.get`: the service agent of the project with the number 0."""
    email = "service-0@gs-project-accounts.iam.gserviceaccount.com"
    return 200, {"kind": "storage#serviceAccount", "email_address": email}


async def list_configs(emulator: Emulator, _request: ApiRequest, name: str) -> ApiResponse:
    """`notificationConfigs.list`."""

    def step(tx: Any) -> list[dict[str, Any]]:
        buckets.find(tx, name)
        return notifications.list_configs(tx, name, emulator.base_url)

    configs = await emulator.db.read(step)
    return 200, {"kind": "storage#notifications", **({"items": configs} if configs else {})}


async def insert_config(emulator: Emulator, request: ApiRequest, name: str) -> ApiResponse:
    """`notificationConfigs.insert`."""
    if not emulator.has_pubsub:
        raise invalid_argument(
            "This server was started without --pubsub and cannot send notifications."
        )

    def step(tx: Any) -> dict[str, Any]:
        buckets.find(tx, name)
        return notifications.add_config(tx, name, request.body, emulator.base_url)

    return 200, await emulator.db.write(step)


async def get_config(
    emulator: Emulator, _request: ApiRequest, name: str, config_id: str
) -> ApiResponse:
    """`notificationConfigs.get`."""

    def step(tx: Any) -> dict[str, Any]:
        buckets.find(tx, name)
        return notifications.get_config(tx, name, config_id, emulator.base_url)

    return 200, await emulator.db.read(step)


async def delete_config(
    emulator: Emulator, _request: ApiRequest, name: str, config_id: str
) -> ApiResponse:
    """`notificationConfigs.delete`."""

    def step(tx: Any) -> None:
        buckets.find(tx, name)
        notifications.delete_config(tx, name, config_id)

    await emulator.db.write(step)
    return 204, None
