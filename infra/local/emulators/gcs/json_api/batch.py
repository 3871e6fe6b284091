"""`/batch/storage/v1`: up to 100 metadata calls in one `multipart/mixed` body."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from email.parser import BytesParser
from email.policy import HTTP
from http.client import responses
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from infra.local.emulators.gcs.errors import ApiError, invalid_argument
from infra.local.emulators.gcs.json_api.api_request import (
    ApiRequest,
    parse_json,
    read_bounded,
    split_query,
    stream_body,
)
from infra.local.emulators.gcs.json_api.routes import execute
from infra.local.emulators.gcs.server import Emulator

MAX_CALLS = 100
MAX_BYTES = 10 << 20
_CONCURRENCY = 16


async def handle(emulator: Emulator, request: web.Request) -> web.Response:
    """Runs the calls concurrently and returns their responses in the order of the calls. A failing
    call does not affect the others."""
    data = await read_bounded(stream_body(request), MAX_BYTES)
    header = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(header + data)
    if not message.is_multipart():
        raise invalid_argument("A batch is a multipart/mixed body.")
    parts = list(message.iter_parts())
    if len(parts) > MAX_CALLS:
        raise invalid_argument(f"A batch holds at most {MAX_CALLS} calls.")
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def run_part(part: Any) -> tuple[int, dict[str, Any] | None]:
        payload = part.get_payload(decode=True)
        async with slots:
            return await _run_call(emulator, payload if isinstance(payload, bytes) else b"")

    results = await asyncio.gather(*(run_part(part) for part in parts))
    boundary = f"batch_{secrets.token_hex(16)}"
    lines: list[str] = []
    for part, (status, body) in zip(parts, results, strict=True):
        reply_id = str(part.get("Content-ID", "<1>")).strip().lstrip("<")
        text = json.dumps(body) if body is not None else ""
        lines.append(
            f"--{boundary}\r\nContent-Type: application/http\r\n"
            f"Content-ID: <response-{reply_id}\r\n\r\n"
            f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}\r\n"
            f"Content-Type: application/json; charset=UTF-8\r\n"
            f"Content-Length: {len(text.encode())}\r\n\r\n{text}\r\n"
        )
    lines.append(f"--{boundary}--\r\n")
    return web.Response(
        body="".join(lines).encode(),
        headers={"Content-Type": f"multipart/mixed; boundary={boundary}"},
    )


async def _run_call(emulator: Emulator, payload: bytes) -> tuple[int, dict[str, Any] | None]:
    try:
        return await execute(emulator, _parse_call(payload))
    except ApiError as error:
        return error.status, error.as_json()


def _parse_call(payload: bytes) -> ApiRequest:
    head, _, body = payload.replace(b"\r\n", b"\n").partition(b"\n\n")
    request_line, *header_lines = head.decode("utf-8", "replace").split("\n")
    words = request_line.split(" ")
    # The Python client sends URLs where the specification has paths.
    target = re.sub(r"^https?://[^/]*", "", words[1]) if len(words) == 3 else ""
    if not target.startswith("/"):
        raise invalid_argument("A call of a batch starts with METHOD PATH HTTP/1.1.")
    headers: CIMultiDict[str] = CIMultiDict()
    for line in header_lines:
        name, _, value = line.partition(":")
        headers.add(name.strip(), value.strip())
    path, query = split_query(target)
    return ApiRequest(words[0].upper(), path, query, headers, parse_json(body))
