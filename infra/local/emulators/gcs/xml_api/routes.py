"""XML API: signed or authorized requests to `/bucket/object`, and resumable sessions."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from infra.local.emulators.gcs.errors import ApiError, invalid_argument, not_supported
from infra.local.emulators.gcs.json_api.api_request import decode_segment, split_query, stream_body
from infra.local.emulators.gcs.json_api.uploads import incomplete_response, put_chunk
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import buckets, objects
from infra.local.emulators.gcs.storage.integrity import (
    check_length,
    parse_length_range,
    read_digests,
)
from infra.local.emulators.gcs.storage.preconditions import from_xml_headers, parse_generation
from infra.local.emulators.gcs.storage.receive import ExpectedContent, header_lists, receive_content
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, merge_settable
from infra.local.emulators.gcs.storage.resumable import UploadSessions
from infra.local.emulators.gcs.storage.send import object_headers, send_object
from infra.local.emulators.gcs.storage.upload_plan import UploadPlan
from infra.local.emulators.gcs.unsupported import (
    POST_POLICIES,
    check_parameters,
    check_subresource,
)
from infra.local.emulators.gcs.xml_api import cors, multipart
from infra.local.emulators.gcs.xml_api.listing import list_bucket
from infra.local.emulators.gcs.xml_api.signature import (
    UNSIGNED_PAYLOAD,
    VerifiedSignature,
    is_signed,
    verify_signature,
)
from infra.local.faults.inject import is_from_browser

_PATH = re.compile(r"/([^/]+)/(.+)", re.DOTALL)
_TOKEN = re.compile(r"bearer +[\w.~+/-]+=*", re.ASCII | re.IGNORECASE)
"""RFC 6750, section 2.1. The scheme is case-insensitive."""
_FIELD_HEADERS = {
    "cacheControl": "cache-control",
    "contentDisposition": "content-disposition",
    "contentEncoding": "content-encoding",
    "contentLanguage": "content-language",
    "contentType": "content-type",
    "customTime": "x-goog-custom-time",
    "storageClass": "x-goog-storage-class",
}
_RESPONSE_OVERRIDES = {
    "response-content-type": "Content-Type",
    "response-content-disposition": "Content-Disposition",
    "response-cache-control": "Cache-Control",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
}


async def cors_headers(
    emulator: Emulator, sessions: UploadSessions, request: web.Request
) -> dict[str, str]:
    """Returns the CORS headers of the response, from the bucket's configuration."""
    path, query = split_query(request.raw_path)
    origin = request.headers.get("Origin")
    bucket = decode_segment(path[1:].partition("/")[0])
    try:
        bucket_row = await emulator.db.read(lambda tx: buckets.find(tx, bucket))
        rules: list[dict[str, Any]] = bucket_row.settable.get("cors", [])
        if not rules or origin is None:
            return cors.VARY if rules else {}
        # A session is bound to the origin that started it. Pages cannot use a session that a server
        # started.
        if query.get("upload_id") and (await sessions.plan(query["upload_id"])).origin != origin:
            return cors.VARY
    except ApiError:
        return {}
    if request.method == "OPTIONS":
        method = request.headers.get("Access-Control-Request-Method", "").upper()
        requested_headers = request.headers.get("Access-Control-Request-Headers", "")
        return cors.preflight_headers(rules, origin, method, requested_headers)
    return cors.response_headers(rules, origin, request.method)


async def handle(
    emulator: Emulator, sessions: UploadSessions, request: web.Request, extra: Mapping[str, str]
) -> web.StreamResponse:
    """Handles an XML API request. `extra` are the CORS headers for a streamed response."""
    path, query = split_query(request.raw_path)
    if request.method == "OPTIONS":
        return web.Response()
    match = _PATH.fullmatch(path)
    if match is None and request.content_type == "multipart/form-data":
        raise not_supported(POST_POLICIES)
    if match is not None and query.get("upload_id"):
        return await _continue_session(sessions, request, query["upload_id"])
    headers = header_lists(request)
    if _has_token(request) and not is_signed(query):
        claims = VerifiedSignature(UNSIGNED_PAYLOAD)
    else:
        claims = verify_signature(
            emulator.signer, request.method, request.raw_path, headers, time.time()
        )
    check_parameters(query, request.headers)
    check_subresource(query)
    if match is None:
        bucket = decode_segment(path[1:].removesuffix("/"))
        if request.method != "GET" or not bucket:
            raise not_supported("buckets on the XML API, except listings")
        return await list_bucket(emulator, bucket, query)
    bucket, name = map(decode_segment, match.groups())
    if multipart.is_multipart(query):
        return await multipart.handle(
            emulator,
            request,
            (bucket, name),
            query,
            _object_settings(request.headers),
            claims.payload_sha256,
        )
    conditions = from_xml_headers(request.headers)
    if request.method in ("GET", "HEAD"):
        stored, file = await emulator.open_object(bucket, name, conditions, parse_generation(query))
        override = {
            header: query[parameter]
            for parameter, header in _RESPONSE_OVERRIDES.items()
            if query.get(parameter)
        }
        if any(character in value for value in override.values() for character in "\r\n\0"):
            file.close()
            raise invalid_argument("Control characters in a response header.")
        return await send_object(
            emulator, request, stored, file, xml=True, override=override, extra=extra
        )
    if request.method == "DELETE":
        file_id = await emulator.db.write(
            lambda tx: objects.delete(
                tx, bucket, name, conditions, emulator.base_url, parse_generation(query)
            )
        )
        emulator.outbox_filled.set()
        await asyncio.to_thread(emulator.files.remove, file_id)
        return web.Response(status=204)
    settable = _object_settings(request.headers)
    bounds = parse_length_range(request.headers.get("x-goog-content-length-range"))
    digests = read_digests(headers, {})
    if request.method == "PUT":
        if request.content_length is not None:
            check_length(request.content_length, bounds, final=True)
        await emulator.db.read(lambda tx: objects.check_target(tx, bucket, name, conditions))
        expected = ExpectedContent(digests, bounds, claims.payload_sha256)
        content = await receive_content(emulator, bucket, name, stream_body(request), expected)
        stored = await emulator.commit(bucket, name, content, settable, conditions)
        return _stored_response(stored)
    if request.method == "POST" and request.headers.get("x-goog-resumable") == "start":
        origin = request.headers.get("Origin")
        plan = UploadPlan(bucket, name, settable, conditions, digests, bounds, None, origin)
        session_id = await sessions.start(plan)
        location = f"{request.scheme}://{request.host}{path}?upload_id={session_id}"
        return web.Response(
            status=201, headers={"Location": location, "X-GUploader-UploadID": session_id}
        )
    raise ApiError(
        405,
        "methodNotAllowed",
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    )


def _has_token(request: web.Request) -> bool:
    """Whether a program sent an access token, which is not checked. Web pages must sign."""
    token = _TOKEN.fullmatch(request.headers.get("Authorization", ""))
    return token is not None and not is_from_browser(request)


def _object_settings(headers: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        field: headers[header] for field, header in _FIELD_HEADERS.items() if headers.get(header)
    }
    prefix = "x-goog-meta-"
    metadata = {
        name.lower().removeprefix(prefix): value
        for name, value in headers.items()
        if name.lower().startswith(prefix)
    }
    if metadata:
        settings["metadata"] = metadata
    return merge_settable(settings)


def _stored_response(stored: StoredObjectRow) -> web.Response:
    response = web.Response(content_type="text/html")
    names = ("ETag", "X-Goog-Generation", "X-Goog-Metageneration", "X-Goog-Hash")
    for name, value in object_headers(stored, xml=True):
        if name in names or name.startswith("X-Goog-Stored"):
            response.headers.add(name, value)
    return response


async def _continue_session(
    sessions: UploadSessions, request: web.Request, session_id: str
) -> web.Response:
    if request.method == "DELETE":
        await sessions.cancel(session_id)
        return web.Response(status=204)
    if request.method != "PUT":
        raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
    progress = await put_chunk(sessions, request, session_id)
    return (
        incomplete_response(request, progress)
        if progress.stored is None
        else _stored_response(progress.stored)
    )
