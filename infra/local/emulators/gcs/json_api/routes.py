"""JSON API: routes methods and paths, for single requests and batches."""

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
from infra.local.emulators.gcs.unsupported import check_parameters, check_path

Operation = Callable[..., Awaitable[ApiResponse]]

_BUCKET = r"/storage/v1/b/([^/]+)"
_OBJECT = _BUCKET + r"/o/([^/]+)"
_TARGET = r"/b/([^/]+)/o/([^/]+)"
_ROUTES: list[tuple[str, dict[str, Operation]]] = [
    (r"/storage/v1/b", {"GET": buckets.list_buckets, "POST": buckets.insert_bucket}),
    (
        _BUCKET,
        {
            "GET": buckets.get_bucket,
            "PATCH": buckets.patch_bucket,
            "PUT": buckets.patch_bucket,
            "DELETE": buckets.delete_bucket,
        },
    ),
    (
        _BUCKET + "/notificationConfigs",
        {"GET": buckets.list_configs, "POST": buckets.insert_config},
    ),
    (
        _BUCKET + "/notificationConfigs/([^/]+)",
        {"GET": buckets.get_config, "DELETE": buckets.delete_config},
    ),
    (r"/storage/v1/projects/([^/]+)/serviceAccount", {"GET": buckets.get_service_account}),
    (_BUCKET + "/o", {"GET": objects.list_objects}),
    (
        _OBJECT,
        {
            "GET": objects.get_object,
            "PATCH": objects.patch_object,
            "PUT": objects.patch_object,
            "DELETE": objects.delete_object,
        },
    ),
    (_OBJECT + "/compose", {"POST": objects.compose_object}),
    (_OBJECT + "/moveTo/o/([^/]+)", {"POST": objects.move_object}),
    (_OBJECT + "/copyTo" + _TARGET, {"POST": objects.copy_object}),
    (_OBJECT + "/rewriteTo" + _TARGET, {"POST": objects.rewrite_object}),
]
_COMPILED = [(re.compile(pattern), methods) for pattern, methods in _ROUTES]
_MEDIA = re.compile(r"(?:/download)?" + _OBJECT)


async def execute(emulator: Emulator, request: ApiRequest) -> ApiResponse:
    """Runs one metadata call. Returns status and resource. Raises ApiError."""
    check_parameters(request.query, request.headers)
    for pattern, methods in _COMPILED:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        if request.method not in methods:
            check_path(request.path)
            raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
        status, resource = await methods[request.method](
            emulator, request, *map(decode_segment, match.groups())
        )
        mask = parse_field_mask(request.query.get("fields", ""))
        return status, apply_field_mask(resource, mask) if resource is not None else None
    check_path(request.path)
    raise not_found()


async def handle(emulator: Emulator, request: web.Request) -> web.StreamResponse:
    """Handles a JSON API request that is not an upload."""
    path, query = split_query(request.raw_path)
    media = _MEDIA.fullmatch(path)
    if media and request.method == "GET" and (query.get("alt") == "media"):
        check_parameters(query, request.headers)
        bucket, name = map(decode_segment, media.groups())
        conditions = from_query(query, request.headers)
        stored, file = await emulator.open_object(bucket, name, conditions, parse_generation(query))
        return await send_object(emulator, request, stored, file, xml=False)
    status, resource = await execute(emulator, await read_api_request(request))
    return json_response(status, resource)


def json_response(status: int, resource: dict[str, Any] | None) -> web.Response:
    """Returns a resource as a response of the JSON API."""
    if resource is None:
        return web.Response(status=status)
    headers = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}
    if "etag" in resource:
        headers["ETag"] = str(resource["etag"])
    return web.json_response(resource, status=status, headers=headers)
