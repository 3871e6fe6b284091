"""XML API: `/bucket/object` by signed request, and the resumable sessions started there."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from infra.local.emulators.gcs.errors import ApiError, invalid
from infra.local.emulators.gcs.json_api.api_request import body_chunks, decoded, split
from infra.local.emulators.gcs.json_api.uploads import incomplete, put_chunk
from infra.local.emulators.gcs.server import Stand
from infra.local.emulators.gcs.storage import buckets, objects
from infra.local.emulators.gcs.storage.integrity import announced, check_length, parse_length_range
from infra.local.emulators.gcs.storage.preconditions import from_xml_headers, wanted_generation
from infra.local.emulators.gcs.storage.receive import Expected, header_lists, receive
from infra.local.emulators.gcs.storage.resources import StoredObject, settable_of
from infra.local.emulators.gcs.storage.resumable import Plan, Sessions
from infra.local.emulators.gcs.storage.send import object_headers, send
from infra.local.emulators.gcs.xml_api import cors
from infra.local.emulators.gcs.xml_api.signature import verify

_PATH = re.compile(r"/([^/]+)/(.+)", re.DOTALL)
_NAMED = {
    "cacheControl": "cache-control",
    "contentDisposition": "content-disposition",
    "contentEncoding": "content-encoding",
    "contentLanguage": "content-language",
    "contentType": "content-type",
}
_OVERRIDES = {
    "response-content-type": "Content-Type",
    "response-content-disposition": "Content-Disposition",
    "response-cache-control": "Cache-Control",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
}


async def cors_headers(stand: Stand, sessions: Sessions, request: web.Request) -> dict[str, str]:
    """What the bucket's CORS configuration adds to this answer."""
    path, query = split(request.raw_path)
    origin = request.headers.get("Origin")
    bucket = decoded(path[1:].partition("/")[0])
    try:
        found = await stand.db.read(lambda tx: buckets.find(tx, bucket))
        rules: list[dict[str, Any]] = found.settable.get("cors", [])
        if not rules or origin is None:
            return cors.VARY if rules else {}
        # A session belongs to the origin that started it; one started by a server, to no page.
        if query.get("upload_id") and (await sessions.plan(query["upload_id"])).origin != origin:
            return cors.VARY
    except ApiError:
        return {}
    if request.method == "OPTIONS":
        method = request.headers.get("Access-Control-Request-Method", "").upper()
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        return cors.preflight(rules, origin, method, wanted)
    return cors.actual(rules, origin, request.method)


async def handle(
    stand: Stand, sessions: Sessions, request: web.Request, extra: Mapping[str, str]
) -> web.StreamResponse:
    """Answer one XML API request; `extra` are the CORS headers of a streamed answer."""
    path, query = split(request.raw_path)
    if request.method == "OPTIONS":
        return web.Response()
    match = _PATH.fullmatch(path)
    if match is not None and query.get("upload_id"):
        return await _continue(sessions, request, query["upload_id"])
    headers = header_lists(request)
    claims = verify(stand.signer, request.method, request.raw_path, headers, time.time())
    if match is None:
        raise ApiError(
            501, "notImplemented", "NotImplemented", "Buckets are served on the JSON API alone."
        )
    bucket, name = map(decoded, match.groups())
    conditions = from_xml_headers(request.headers)
    if request.method in ("GET", "HEAD"):
        stored, file = await stand.open(bucket, name, conditions, wanted_generation(query))
        override = {h: query[p] for p, h in _OVERRIDES.items() if query.get(p)}
        if any(c in value for value in override.values() for c in "\r\n\0"):
            file.close()
            raise invalid("Control characters in a response header.")
        return await send(stand, request, stored, file, xml=True, override=override, extra=extra)
    if request.method == "DELETE":
        file_id = await stand.db.write(
            lambda tx: objects.delete(
                tx, bucket, name, conditions, stand.base_url, wanted_generation(query)
            )
        )
        stand.outbox_filled.set()
        await asyncio.to_thread(stand.files.remove, file_id)
        return web.Response(status=204)
    settable = _settable(request.headers)
    bounds = parse_length_range(request.headers.get("x-goog-content-length-range"))
    digests = announced(headers, {})
    if request.method == "PUT":
        if request.content_length is not None:
            check_length(request.content_length, bounds, final=True)
        await stand.db.read(lambda tx: objects.check_target(tx, bucket, name, conditions))
        expected = Expected(digests, bounds, claims.payload)
        content = await receive(stand, bucket, name, body_chunks(request), expected)
        stored = await stand.commit(bucket, name, content, settable, conditions)
        return _stored(stored)
    if request.method == "POST" and request.headers.get("x-goog-resumable") == "start":
        origin = request.headers.get("Origin")
        plan = Plan(bucket, name, settable, conditions, digests, bounds, None, origin)
        session_id = await sessions.start(plan)
        where = f"{request.scheme}://{request.host}{path}?upload_id={session_id}"
        return web.Response(
            status=201, headers={"Location": where, "X-GUploader-UploadID": session_id}
        )
    raise ApiError(
        405,
        "methodNotAllowed",
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    )


def _settable(headers: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {f: headers[h] for f, h in _NAMED.items() if headers.get(h)}
    prefix = "x-goog-meta-"
    metadata = {
        name.lower().removeprefix(prefix): value
        for name, value in headers.items()
        if name.lower().startswith(prefix)
    }
    if metadata:
        given["metadata"] = metadata
    return settable_of(given)


def _stored(stored: StoredObject) -> web.Response:
    response = web.Response(content_type="text/html")
    kept = ("ETag", "X-Goog-Generation", "X-Goog-Metageneration", "X-Goog-Hash")
    for name, value in object_headers(stored, xml=True):
        if name in kept or name.startswith("X-Goog-Stored"):
            response.headers.add(name, value)
    return response


async def _continue(sessions: Sessions, request: web.Request, session_id: str) -> web.Response:
    if request.method == "DELETE":
        await sessions.cancel(session_id)
        return web.Response(status=204)
    if request.method != "PUT":
        raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
    progress = await put_chunk(sessions, request, session_id)
    return incomplete(request, progress) if progress.stored is None else _stored(progress.stored)
