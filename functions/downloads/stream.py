"""Downloads of results: streamed from the bucket in blocks, or a redirect to a signed link.

Cloud Functions limits a response to 32 MB, and a streamed one to 10 MB. A result or range above
8 MiB is therefore answered with a redirect.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from functions.downloads.clips import find_clip
from functions.downloads.share_page.parts import SharedParts
from shared.errors import NotFound, SourceExpired
from shared.http.artifacts import (
    LINK_VALID_S,
    find_artifact,
    find_filename,
    read_shared_artifact,
    read_shared_result,
)
from shared.http.link_uses import LINK_USES
from shared.http.ranges import ByteRange, Version, is_not_modified, parse_range
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import QueryModel
from shared.net.content_disposition import content_disposition, is_inline_type
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artifact

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time. A stream holds one block in memory, also for a slow client."""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""Displayed files cannot run scripts or submit forms, and get an opaque origin."""


class DownloadQuery(QueryModel):
    """How to serve the file. `disposition` selects whether a browser saves or shows it. If `via` is
    `redirect`, the response is always a redirect to Cloud Storage."""

    disposition: Literal["attachment", "inline"] = "attachment"
    via: Literal["auto", "redirect"] = "auto"


def get_result(request: ApiRequest) -> ApiResponse:
    """Downloads a result of your job."""
    return _serve(request, find_artifact(request.job, request.path_params["name"]))


def get_clip(request: ApiRequest) -> ApiResponse:
    """Downloads the clip of your recording."""
    return _serve(request, find_clip(request))


def get_shared_result(request: ApiRequest) -> ApiResponse:
    """Downloads the result of a share link, and counts its use."""
    artifact, share = read_shared_artifact(request, request.path_params["token"])
    return _serve(request, artifact, share=share)


def get_shared_poster(request: ApiRequest) -> ApiResponse:
    """Returns the poster of a shared film. It does not count as a use."""
    return _serve_part(request, "poster")


def get_shared_captions(request: ApiRequest) -> ApiResponse:
    """Returns the captions of a shared video as WebVTT. It does not count as a use."""
    return _serve_part(request, "captions")


def _serve_part(request: ApiRequest, name: Literal["poster", "captions"]) -> ApiResponse:
    parts = SharedParts.find(read_shared_result(request, request.path_params["token"]))
    artifact: Artifact | None = getattr(parts, name)
    if artifact is None:
        raise NotFound(f"The shared result has no {name}.")
    return _serve(request, artifact)


def _serve(request: ApiRequest, result: Artifact, *, share: str = "") -> ApiResponse:
    """Serves a result. `share` is the path of the share link that was opened, "" for the owner."""
    query = request.query(DownloadQuery)
    inline = query.disposition == "inline" and is_inline_type(result.content_type)
    stored = request.services.objects.stat(Bucket(result.bucket), result.object)
    if stored is None or stored.generation != result.generation:
        raise SourceExpired("The file has been deleted.")
    size = stored.size_bytes
    version = version_of(result, stored.created_at)
    headers = {
        "ETag": version.etag,
        "Last-Modified": version.last_modified,
        "Accept-Ranges": "bytes",
        # The browser can cache the file, but revalidates it each time.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    }
    if is_not_modified(request.conditions, version):
        return ApiResponse(status=304, headers=headers)
    headers |= {
        "Content-Type": result.content_type,
        "Content-Disposition": content_disposition(find_filename(request, result), inline=inline),
    }
    if request.is_head:
        # Range is defined for GET only (RFC 9110 §14.2), and a link signed for GET rejects HEAD.
        # HEAD is therefore answered here, for any size.
        return ApiResponse(headers=headers | {"Content-Length": str(size)}, stream=iter(()))
    byte_range = parse_range(request.conditions, version, size)
    if share and (byte_range is None or byte_range.start == 0):
        # Seeking in a film does not count as another use.
        LINK_USES.count(request, share)
    selected = ByteRange(0, size) if byte_range is None else byte_range
    if query.via == "redirect" or selected.length > request.settings.max_direct_download_bytes:
        url = request.services.objects.sign_download(
            result, filename=find_filename(request, result), valid_s=LINK_VALID_S, inline=inline
        )
        return ApiResponse.redirect(url)
    headers["Content-Length"] = str(selected.length)
    if byte_range is not None:
        headers["Content-Range"] = byte_range.content_range(size)
    return ApiResponse(
        status=200 if byte_range is None else 206,
        headers=headers,
        stream=_read_blocks(request, result, selected),
    )


def version_of(result: Artifact, created_at: datetime | None) -> Version:
    """Returns the version of a result. Objects are written once, so the generation identifies the
    bytes."""
    last_modified = created_at or datetime.fromtimestamp(0, UTC)
    return Version(f'"{result.generation:x}-{result.size_bytes:x}"', last_modified)


def _read_blocks(request: ApiRequest, result: Artifact, selected: ByteRange) -> Iterator[bytes]:
    """Returns the bytes in blocks. The first block is read before the response starts, so that an
    error of the bucket becomes a problem response and not a broken download."""
    read = request.services.objects.range_reader(
        Bucket(result.bucket), result.object, result.generation
    )

    def read_block(start: int) -> bytes:
        length = min(BLOCK_BYTES, selected.end - start)
        data = read(start, length)
        if len(data) != length:
            raise SourceExpired("The stored file is shorter than recorded.")
        return data

    first = read_block(selected.start) if selected.length else b""

    def blocks() -> Iterator[bytes]:
        sent = 0
        try:
            if first:
                yield first
                sent = len(first)
            while sent < selected.length:
                # If the client disconnects, the generator is closed here and reads no further.
                data = read_block(selected.start + sent)
                yield data
                sent += len(data)
        finally:
            request.services.log("download.sent", bytes=sent, total_bytes=selected.length)

    return blocks()
