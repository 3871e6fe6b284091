"""A JSON API request without its transport, so that single requests and batches share code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from aiohttp import web

from infra.local.emulators.gcs.errors import ApiError, invalid_argument
from infra.local.emulators.gcs.storage.preconditions import (
    Conditions,
    from_query,
    parse_generation,
)
from infra.local.faults.inject import read_request_body

MAX_JSON_BYTES = 1 << 20
"""Maximum size of the metadata of one request."""


@dataclass(frozen=True)
class ApiRequest:
    """Method, path as sent, decoded query, headers and JSON body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def conditions(self) -> Conditions:
        """The conditions on the target."""
        return from_query(self.query, self.headers)

    @property
    def source_conditions(self) -> Conditions:
        """The conditions on the source of a copy."""
        return from_query(self.query, prefix="ifSource")

    @property
    def generation(self) -> int | None:
        """The requested generation, if any."""
        return parse_generation(self.query)


def decode_segment(segment: str) -> str:
    """Decodes a percent-encoded path segment. Raises 400 when it is not UTF-8."""
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError as error:
        raise invalid_argument("Names must be valid UTF-8.", xml_code="InvalidURI") from error


def split_query(raw_path: str) -> tuple[str, dict[str, str]]:
    """Returns the path and the decoded query of a request target."""
    path, _, query = raw_path.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError as error:
        raise invalid_argument("The query string is not valid.", xml_code="InvalidURI") from error
    return path, dict(pairs)


def parse_json(data: bytes) -> dict[str, Any]:
    """Parses a JSON object. Returns an empty object for an empty body. Raises 400."""
    if not data.strip():
        return {}
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "parseError", "InvalidArgument", "Parse Error") from error
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "InvalidArgument", "Parse Error")
    return body


async def read_bounded(chunks: AsyncIterator[bytes], limit_bytes: int) -> bytes:
    """Reads a body of at most `limit_bytes`. Raises 413 when it is larger."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > limit_bytes:
            raise ApiError(413, "uploadTooLarge", "EntityTooLarge", "The request is too large.")
    return bytes(data)


def stream_body(request: web.Request) -> AsyncIterator[bytes]:
    """Streams the body. Sends 100 Continue to a client that waits for it."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return read_request_body(request)


async def read_api_request(request: web.Request) -> ApiRequest:
    """Reads a complete metadata request."""
    path, query = split_query(request.raw_path)
    body = parse_json(await read_bounded(stream_body(request), MAX_JSON_BYTES))
    return ApiRequest(request.method, path, query, request.headers, body)
