"""The bytes of a result: in blocks straight from its bucket, or a redirect to them.

A function answers with at most 32 MB, streamed with 10 MB; so whatever is asked for above 8 MiB, a
whole result or a range of one, is read from the bucket by a signed link.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from functions.downloads.clips import own_clip
from shared.errors import SourceExpired
from shared.http.artifacts import LINK_VALID_S, count_use, linked_result, named_result
from shared.http.ranges import Span, Version, unchanged, wanted_span
from shared.http.request import Answer, Call
from shared.http.schemas import Query
from shared.net.content_disposition import disposition, may_be_shown
from shared.pipeline import Bucket
from shared.recipes.stored_object import Artefact

BLOCK_BYTES = 1 << 20
"""All that a client costs in memory, however slowly it reads."""
SANDBOX = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""What is shown may show itself and do nothing: no script, no form, an origin of its own."""


class MediaQuery(Query):
    """How to answer: to be saved or shown, by us where we can or by the bucket in any case."""

    disposition: Literal["attachment", "inline"] = "attachment"
    via: Literal["auto", "redirect"] = "auto"


def get_own(call: Call) -> Answer:
    """A result of the caller's job."""
    return _answer(call, named_result(call.job, call.named["name"]), by_link=False)


def get_clip(call: Call) -> Answer:
    """The clip of the caller's recording."""
    return _answer(call, own_clip(call), by_link=False)


def get_shared(call: Call) -> Answer:
    """A result that a link leads to."""
    return _answer(call, linked_result(call, call.named["token"]), by_link=True)


def _answer(call: Call, result: Artefact, *, by_link: bool) -> Answer:
    asked = call.query(MediaQuery)
    inline = asked.disposition == "inline" and may_be_shown(result.content_type)
    stored = call.world.objects.stat(Bucket(result.bucket), result.object)
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
        "Content-Security-Policy": SANDBOX,
    }
    if unchanged(call.conditions, version):
        return Answer(status=304, headers=headers)
    headers |= {
        "Content-Type": result.content_type,
        "Content-Disposition": disposition(result.name, inline=inline),
    }
    if call.head:
        # Range is defined for GET alone (RFC 9110, 14.2), and a link that is signed for GET takes
        # no HEAD: so this is answered here, whatever the size.
        return Answer(headers=headers | {"Content-Length": str(size)}, stream=iter(()))
    span = wanted_span(call.conditions, version, size)
    if by_link and (span is None or span.start == 0):
        # Seeking in a film is not opening it again.
        count_use(call, call.named["token"])
    part = Span(0, size) if span is None else span
    if asked.via == "redirect" or part.length > call.settings.media_direct_most_bytes:
        url = call.world.objects.sign_download(
            result, filename=result.name, valid_s=LINK_VALID_S, inline=inline
        )
        return Answer.redirect(url)
    headers["Content-Length"] = str(part.length)
    if span is not None:
        headers["Content-Range"] = span.content_range(size)
    return Answer(
        status=200 if span is None else 206, headers=headers, stream=_blocks(call, result, part)
    )


def version_of(result: Artefact, created_at: datetime | None) -> Version:
    """An object is written once, so its generation says which bytes these are."""
    moment = created_at or datetime.fromtimestamp(0, UTC)
    return Version(f'"{result.generation:x}-{result.size_bytes:x}"', moment)


def _blocks(call: Call, result: Artefact, part: Span) -> Iterator[bytes]:
    """The bytes. The first block is read before anything is answered, so that a bucket that fails
    is a problem that is told and not an answer that breaks off."""
    read = call.world.objects.read_at(Bucket(result.bucket), result.object, result.generation)

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
            call.world.log("media.sent", bytes=sent, of=part.length)

    return rest()
