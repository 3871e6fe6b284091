"""XML API: multipart uploads, which clients use to upload parts of a file in parallel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from aiohttp import web

from infra.local.emulators.gcs.errors import invalid_argument, not_supported
from infra.local.emulators.gcs.json_api.api_request import (
    MAX_JSON_BYTES,
    read_bounded,
    stream_body,
)
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import multipart
from infra.local.emulators.gcs.storage.integrity import read_digests
from infra.local.emulators.gcs.storage.receive import ExpectedContent, header_lists, receive_content
from infra.local.emulators.gcs.xml_api.response import elements, xml_response

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_PART_NUMBER = re.compile(r"[1-9][0-9]{0,4}")


def is_multipart(query: Mapping[str, str]) -> bool:
    """Whether a request is about a multipart upload."""
    return "uploads" in query or "uploadId" in query


async def handle(
    emulator: Emulator,
    request: web.Request,
    target: tuple[str, str],
    query: Mapping[str, str],
    settable: dict[str, Any],
    payload_sha256: str,
) -> web.Response:
    """Starts an upload, stores a part, and completes or aborts an upload. `target` is the bucket
    and the name of the object."""
    upload_id = query.get("uploadId", "")
    if request.method == "POST" and "uploads" in query:
        upload_id = await multipart.start(emulator, *target, settable)
        return _respond("InitiateMultipartUploadResult", target, UploadId=upload_id)
    if request.method == "PUT" and upload_id:
        number = query.get("partNumber", "")
        if not _PART_NUMBER.fullmatch(number) or int(number) > multipart.MAX_PARTS:
            raise invalid_argument(f"Part number must be from 1 to {multipart.MAX_PARTS}.")
        await multipart.check(emulator, upload_id, *target)
        expected = ExpectedContent(read_digests(header_lists(request), {}), None, payload_sha256)
        content = await receive_content(emulator, *target, stream_body(request), expected)
        part = await multipart.put_part(emulator, upload_id, *target, int(number), content)
        response = web.Response(content_type="text/html", headers={"ETag": f'"{part.etag}"'})
        for digest in (f"crc32c={content.crc32c}", f"md5={content.md5}"):
            response.headers.add("X-Goog-Hash", digest)
        return response
    if request.method == "POST" and upload_id:
        listed = _parse_parts(await read_bounded(stream_body(request), MAX_JSON_BYTES))
        stored = await multipart.complete(emulator, upload_id, *target, listed)
        return _respond("CompleteMultipartUploadResult", target, ETag=f'"{stored.xml_etag}"')
    if request.method == "DELETE" and upload_id:
        await multipart.abort(emulator, upload_id, *target)
        return web.Response(status=204)
    raise not_supported("listings of multipart uploads")


def _parse_parts(body: bytes) -> list[tuple[int, str]]:
    """Returns the numbers and ETags of the parts. Raises 400."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - programs on this machine only
    except ElementTree.ParseError as error:
        raise invalid_argument("The XML is not well-formed.", xml_code="MalformedXML") from error
    listed = []
    for part in root.iterfind("{*}Part"):
        number, etag = part.findtext("{*}PartNumber", ""), part.findtext("{*}ETag", "")
        if not _PART_NUMBER.fullmatch(number):
            raise invalid_argument("A part has no number.", xml_code="MalformedXML")
        listed.append((int(number), etag.strip('"')))
    return listed


def _respond(tag: str, target: tuple[str, str], **fields: str) -> web.Response:
    bucket, name = target
    return xml_response(tag, _NAMESPACE, elements({"Bucket": bucket, "Key": name, **fields}))
