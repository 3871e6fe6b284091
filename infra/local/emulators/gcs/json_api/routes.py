"""JSON API: which method and path mean what, for single requests and inside a batch."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from infra.local.emulators.gcs.errors import ApiError, not_found
from infra.local.emulators.gcs.json_api import buckets, objects
from infra.local.emulators.gcs.json_api.api_request import (
    ApiRequest,
    decode_segment,
    read_api_request,
    split_query,
)
from infra.local.emulators.gcs.json_api.buckets import ApiResponse
from infra.local.emulators.gcs.json_api.fields import apply_field_mask, parse_field_mask
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage.preconditions import from_query, parse_generation
from infra.local.emulators.gcs.storage.send import send_object

Operation = Callable[..., Awaitable[ApiResponse]]

_B = r"/storage/v1/b/([^/]+)"
_O = _B + r"/o/([^/]+)"
_TO = r"/b/([^/]+)/o/([^/]+)"
_ROUTES: list[tuple[str, dict[str, Operation]]] = [
    (r"/storage/v1/b", {"GET": buckets.list_buckets, "POST": buckets.insert_bucket}),
    (
        _B,
        {
            "GET": buckets.get_bucket,
            "PATCH": buckets.patch_bucket,
            "PUT": buckets.patch_bucket,
            "DELETE": buckets.delete_bucket,
        },
    ),
    (
        _B + "/notificationConfigs",
        {"GET": buckets.list_configs, "POST": buckets.insert_config},
    ),
    (
        _B + "/notificationConfigs/([^/]+)",
        {"GET": buckets.get_config, "DELETE": buckets.delete_config},
    ),
    (_B + "/o", {"GET": objects.list_objects}),
    (
        _O,
        {
            "GET": objects.get_object,
            "PATCH": objects.patch_object,
            "PUT": objects.patch_object,
            "DELETE": objects.delete_object,
        },
    ),
    (_O + "/compose", {"POST": objects.compose_object}),
    (_O + "/copyTo" + _TO, {"POST": objects.copy_object}),
    (_O + "/rewriteTo" + _TO, {"POST": objects.rewrite_object}),
]
_COMPILED = [(re.compile(pattern), methods) for pattern, methods in _ROUTES]
_MEDIA = re.compile(r"(?:/download)?" + _O)


async def execute(emulator: Emulator, request: ApiRequest) -> ApiResponse:
    """Run one metadata call: (status, resource); raises `ApiError`."""
    for pattern, methods in _COMPILED:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        if request.method not in methods:
            raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
        status, resource = await methods[request.method](
            emulator, request, *map(decode_segment, match.groups())
        )
        mask = parse_field_mask(request.query.get("fields", ""))
        return status, apply_field_mask(resource, mask) if resource is not None else None
    raise not_found()


async def handle(emulator: Emulator, request: web.Request) -> web.StreamResponse:
    """Answer a JSON API request that carries no upload."""
    path, query = split_query(request.raw_path)
    media = _MEDIA.fullmatch(path)
    if media and request.method == "GET" and (query.get("alt") == "media"):
        bucket, name = map(decode_segment, media.groups())
        conditions = from_query(query, request.headers)
        stored, file = await emulator.open_object(bucket, name, conditions, parse_generation(query))
        return await send_object(emulator, request, stored, file, xml=False)
    status, resource = await execute(emulator, await read_api_request(request))
    return json_response(status, resource)


def json_response(status: int, resource: dict[str, Any] | None) -> web.Response:
    """A resource as Google's JSON API sends it."""
    if resource is None:
        return web.Response(status=status)
    headers = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}
    if "etag" in resource:
        headers["ETag"] = str(resource["etag"])
    return web.json_response(resource, status=status, headers=headers)
