"""The bytes of a result: in blocks straight from its bucket, or a redirect to them.

A function answers with at most 32 MB, streamed with 10 MB; so whatever is asked for above 8 MiB, a
whole result or a range of one, is read from the bucket by a signed link.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from functions.downloads.clips import find_clip
from shared.errors import SourceExpired
from shared.http.artifacts import LINK_VALID_S, count_link_use, find_result, read_shared_result
from shared.http.ranges import ByteRange, Version, is_not_modified, parse_range
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import QueryModel
from shared.net.content_disposition import content_disposition, is_inline_type
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact

BLOCK_BYTES = 1 << 20
"""All that a client costs in memory, however slowly it reads."""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""What is shown may show itself and do nothing: no script, no form, an origin of its own."""


class DownloadQuery(QueryModel):
    """How to answer: to be saved or shown, by us where we can or by the bucket in any case."""

    disposition: Literal["attachment", "inline"] = "attachment"
    via: Literal["auto", "redirect"] = "auto"


def get_result(request: ApiRequest) -> ApiResponse:
    """A result of the caller's job."""
    return _answer(request, find_result(request.job, request.path_params["name"]), by_link=False)


def get_clip(request: ApiRequest) -> ApiResponse:
    """The clip of the caller's recording."""
    return _answer(request, find_clip(request), by_link=False)


def get_shared_result(request: ApiRequest) -> ApiResponse:
    """A result that a link leads to."""
    return _answer(request, read_shared_result(request, request.path_params["token"]), by_link=True)


def _answer(request: ApiRequest, result: Artifact, *, by_link: bool) -> ApiResponse:
    asked = request.query(DownloadQuery)
    inline = asked.disposition == "inline" and is_inline_type(result.content_type)
    stored = request.services.objects.stat(Bucket(result.bucket), result.object)
    if stored is None or stored.generation != result.generation:
        raise SourceExpired("The result is no longer there.")
    size = stored.size_bytes
    version = version_of(result, stored.created_at)
    headers = {
        "ETag": version.etag,
        "Last-Modified": version.last_modified,
        "Accept-Ranges": "bytes",
        # A browser may keep it for itself, and asks each time whether it still holds.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    }
    if is_not_modified(request.conditions, version):
        return ApiResponse(status=304, headers=headers)
    headers |= {
        "Content-Type": result.content_type,
        "Content-Disposition": content_disposition(result.name, inline=inline),
    }
    if request.is_head:
        # Range is defined for GET alone (RFC 9110, 14.2), and a link that is signed for GET takes
        # no HEAD: so this is answered here, whatever the size.
        return ApiResponse(headers=headers | {"Content-Length": str(size)}, stream=iter(()))
    span = parse_range(request.conditions, version, size)
    if by_link and (span is None or span.start == 0):
        # Seeking in a film is not opening it again.
        count_link_use(request, request.path_params["token"])
    part = ByteRange(0, size) if span is None else span
    if asked.via == "redirect" or part.length > request.settings.max_direct_download_bytes:
        url = request.services.objects.sign_download(
            result, filename=result.name, valid_s=LINK_VALID_S, inline=inline
        )
        return ApiResponse.redirect(url)
    headers["Content-Length"] = str(part.length)
    if span is not None:
        headers["Content-Range"] = span.content_range(size)
    return ApiResponse(
        status=200 if span is None else 206, headers=headers, stream=_blocks(request, result, part)
    )


def version_of(result: Artifact, created_at: datetime | None) -> Version:
    """An object is written once, so its generation says which bytes these are."""
    moment = created_at or datetime.fromtimestamp(0, UTC)
    return Version(f'"{result.generation:x}-{result.size_bytes:x}"', moment)


def _blocks(request: ApiRequest, result: Artifact, part: ByteRange) -> Iterator[bytes]:
    """The bytes. The first block is read before anything is answered, so that a bucket that fails
    is a problem that is told and not an answer that breaks off."""
    read = request.services.objects.range_reader(
        Bucket(result.bucket), result.object, result.generation
    )

    def block(start: int) -> bytes:
        length = min(BLOCK_BYTES, part.end - start)
        data = read(start, length)
        if len(data) != length:
            raise SourceExpired("The result is shorter than it was.")
        return data

    first = block(part.start) if part.length else b""

    def rest() -> Iterator[bytes]:
        sent = 0
        try:
            if first:
                yield first
                sent = len(first)
            while sent < part.length:
                # What a client that hangs up did not take is not read: this is never resumed.
                data = block(part.start + sent)
                yield data
                sent += len(data)
        finally:
            request.services.log("download.sent", bytes=sent, of=part.length)

    return rest()
