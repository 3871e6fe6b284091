"""JSON API: uploads in one request (media, multipart) and resumable uploads."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from infra.local.emulators.gcs.errors import (
    ApiError,
    invalid_argument,
    missing_parameter,
    not_found,
)
from infra.local.emulators.gcs.json_api.api_request import (
    MAX_JSON_BYTES,
    decode_segment,
    parse_json,
    read_bounded,
    split_query,
    stream_body,
)
from infra.local.emulators.gcs.json_api.multipart import read_multipart
from infra.local.emulators.gcs.json_api.routes import json_response
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import objects
from infra.local.emulators.gcs.storage.integrity import read_digests
from infra.local.emulators.gcs.storage.preconditions import from_query
from infra.local.emulators.gcs.storage.receive import ExpectedContent, header_lists, receive_content
from infra.local.emulators.gcs.storage.resources import merge_settable
from infra.local.emulators.gcs.storage.resumable import UploadSessions
from infra.local.emulators.gcs.storage.upload_plan import UploadPlan, UploadProgress
from infra.local.emulators.gcs.unsupported import check_parameters

_PATH = re.compile(r"(?:/resumable)?/upload/storage/v1/b/([^/]+)/o")


async def handle(
    emulator: Emulator, sessions: UploadSessions, request: web.Request
) -> web.StreamResponse:
    """Handles `/upload/storage/v1/b/{bucket}/o`."""
    path, query = split_query(request.raw_path)
    match = _PATH.fullmatch(path)
    if match is None:
        raise not_found()
    if query.get("upload_id"):
        return await _continue_session(emulator, sessions, request, query["upload_id"])
    if request.method != "POST":
        raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
    check_parameters(query, request.headers)
    bucket = decode_segment(match[1])
    upload_type = query.get("uploadType", "")
    if upload_type == "resumable":
        return await _start_session(sessions, request, bucket, query)
    if upload_type not in ("media", "multipart"):
        raise invalid_argument(f"Invalid uploadType: {upload_type[:32]}")
    chunks = stream_body(request)
    resource: dict[str, Any] = {}
    content_type = request.headers.get("Content-Type", "")
    if upload_type == "multipart":
        upload = await read_multipart(content_type, chunks)
        resource, content_type, chunks = upload.resource, upload.content_type, upload.media
    name = query.get("name") or resource.get("name")
    settable = _object_settings(resource, content_type, query)
    if not name:
        raise missing_parameter("name")
    conditions = from_query(query, request.headers)
    await emulator.db.read(lambda tx: objects.check_target(tx, bucket, str(name), conditions))
    expected = ExpectedContent(read_digests(header_lists(request), resource))
    content = await receive_content(emulator, bucket, str(name), chunks, expected)
    stored = await emulator.commit(bucket, str(name), content, settable, conditions)
    return json_response(200, stored.as_json(emulator.base_url))


def _object_settings(
    resource: dict[str, Any], content_type: str, query: dict[str, str]
) -> dict[str, Any]:
    defaults = {"contentType": content_type} if content_type else {}
    if query.get("contentEncoding"):
        defaults["contentEncoding"] = query["contentEncoding"]
    return merge_settable({**defaults, **resource})


async def _start_session(
    sessions: UploadSessions, request: web.Request, bucket: str, query: dict[str, str]
) -> web.Response:
    resource = parse_json(await read_bounded(stream_body(request), MAX_JSON_BYTES))
    name = query.get("name") or resource.get("name")
    if not name:
        raise missing_parameter("name")
    length = request.headers.get("X-Upload-Content-Length", "")
    plan = UploadPlan(
        bucket=bucket,
        name=str(name),
        settable=_object_settings(
            resource, request.headers.get("X-Upload-Content-Type", ""), query
        ),
        conditions=from_query(query, request.headers),
        digests=read_digests({}, resource),
        declared_bytes=int(length) if length.isascii() and length.isdigit() else None,
        origin=request.headers.get("Origin"),
    )
    session_id = await sessions.start(plan)
    path = request.raw_path.partition("?")[0]
    location = (
        f"{request.scheme}://{request.host}{path}?uploadType=resumable&upload_id={session_id}"
    )
    return web.Response(headers={"Location": location, "X-GUploader-UploadID": session_id})


async def _continue_session(
    emulator: Emulator, sessions: UploadSessions, request: web.Request, session_id: str
) -> web.Response:
    if request.method == "DELETE":
        await sessions.cancel(session_id)
        return web.Response(status=499, reason="Client Closed Request")
    if request.method not in ("PUT", "POST"):
        raise ApiError(405, "methodNotAllowed", "MethodNotAllowed", "Method Not Allowed")
    progress = await put_chunk(sessions, request, session_id)
    if progress.stored is None:
        return incomplete_response(request, progress)
    return json_response(200, progress.stored.as_json(emulator.base_url))


async def put_chunk(
    sessions: UploadSessions, request: web.Request, session_id: str
) -> UploadProgress:
    """Passes the request's body to the session, for both APIs."""
    return await sessions.put(
        session_id,
        request.headers.get("Content-Range"),
        request.content_length,
        stream_body(request),
        read_digests(header_lists(request), {}),
    )


def incomplete_response(request: web.Request, progress: UploadProgress) -> web.Response:
    """Returns 308 with the persisted range. `Range` is absent when nothing is persisted."""
    headers: dict[str, str] = {}
    if progress.persisted_bytes:
        headers["Range"] = f"bytes=0-{progress.persisted_bytes - 1}"
    if request.headers.get("X-GUploader-No-308", "").lower() == "yes":
        # For clients that follow 308 as a redirect (RFC 9110).
        return web.Response(headers={**headers, "X-HTTP-Status-Code-Override": "308"})
    return web.Response(status=308, reason="Resume Incomplete", headers=headers)
