"""JSON API: which method and path mean what, for single requests and inside a batch."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from infra.local.emulators.gcs.errors import ApiError, not_found
from infra.local.emulators.gcs.json_api import buckets, objects
from infra.local.emulators.gcs.json_api.api_request import Call, call_of, decoded, split
from infra.local.emulators.gcs.json_api.buckets import Answer
from infra.local.emulators.gcs.json_api.fields import parse_mask, pick
from infra.local.emulators.gcs.server import Stand
from infra.local.emulators.gcs.storage.preconditions import from_query, wanted_generation
from infra.local.emulators.gcs.storage.send import send

Operation = Callable[..., Awaitable[Answer]]

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


async def carry_out(stand: Stand, call: Call) -> Answer:
    """Run one metadata call: (status, resource); raises `ApiError`."""
    for pattern, methods in _COMPILED:
        match = pattern.fullmatch(call.path)
        if match is None:
            continue
        if call.method not in methods:
            raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
        status, resource = await methods[call.method](stand, call, *map(decoded, match.groups()))
        mask = parse_mask(call.query.get("fields", ""))
        return status, pick(resource, mask) if resource is not None else None
    raise not_found()


async def handle(stand: Stand, request: web.Request) -> web.StreamResponse:
    """Answer a JSON API request that carries no upload."""
    path, query = split(request.raw_path)
    media = _MEDIA.fullmatch(path)
    if media and request.method == "GET" and (query.get("alt") == "media"):
        bucket, name = map(decoded, media.groups())
        conditions = from_query(query, request.headers)
        stored, file = await stand.open(bucket, name, conditions, wanted_generation(query))
        return await send(stand, request, stored, file, xml=False)
    status, resource = await carry_out(stand, await call_of(request))
    return answer(status, resource)


def answer(status: int, resource: dict[str, Any] | None) -> web.Response:
    """A resource as Google's JSON API sends it."""
    if resource is None:
        return web.Response(status=status)
    headers = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}
    if "etag" in resource:
        headers["ETag"] = str(resource["etag"])
    return web.json_response(resource, status=status, headers=headers)
