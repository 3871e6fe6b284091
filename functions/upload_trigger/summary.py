"""What a passport says in words: the streams of a file, and what is made right on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from functions.upload_trigger.scan import Scan
from shared.media.containers.demux import is_cover_image
from shared.recipes.media_info import DynamicRange, MediaInfo, StreamInfo

_RANGES: dict[int, DynamicRange] = {16: "pq", 18: "hlg"}
"""Transfer characteristics of ITU-T H.273, table 3."""
_TEXT_MOST = 40


def describe_streams(container: InputContainer, used_stream: VideoStream) -> tuple[StreamInfo, ...]:
    """Every stream of the file, in its order."""
    return tuple(_stream_facts(one, used_stream) for one in container.streams)


def dynamic_range(frame: VideoFrame) -> DynamicRange:
    """Of how much light the picture speaks."""
    return _RANGES.get(frame.color_trc, "sdr")


def describe_repairs(media_info: MediaInfo, scan: Scan) -> Iterator[str]:
    """What a person may wonder about, and what was done about it, a sentence each."""
    video = media_info.video
    others = sum(1 for one in media_info.streams if one.kind == "video" and not one.used)
    if others:
        yield f"The file has {others + 1} videos; stream {video.index} was taken."
    if video.rotation or video.mirrored:
        turned = f"turned by {video.rotation}°" if video.rotation else ""
        how = " and ".join(filter(None, ["mirrored" if video.mirrored else "", turned]))
        yield f"The pictures are {how}, as the file asks."
    if video.sample_aspect != 1:
        width, height = video.display_size
        yield f"Its pixels are not square; pictures are stretched to {width}×{height}."
    if video.dynamic_range != "sdr":
        name = video.dynamic_range.upper()
        yield f"High dynamic range ({name}) is shown in standard range."
    if _is_transparent(scan.first_frame):
        yield "Transparency is left out."
    if scan.has_discarded_packets:
        yield "Pictures before the beginning that the file's edit list sets are left out."
    if video.first_pts:
        first = float(video.first_pts * video.time_base)
        yield f"The first picture stands at {first:.3f} s; times are counted from it."
    if not media_info.timestamps_reliable:
        yield "Its time stamps are not reliable; every picture is decoded to find the right ones."


def _stream_facts(stream: Stream, used: VideoStream) -> StreamInfo:
    context: Any = _context(stream)
    return StreamInfo(
        index=stream.index,
        kind=_kind(stream),
        codec="unknown" if context is None else context.codec.canonical_name,
        size=_size(stream.type, context),
        language=str(stream.metadata.get("language", ""))[:_TEXT_MOST],
        default=bool(stream.disposition & stream.disposition.default),
        used=stream.index == used.index,
    )


def _kind(stream: Stream) -> str:
    if isinstance(stream, VideoStream) and is_cover_image(stream):
        return "cover"
    return stream.type if stream.type in ("video", "audio", "subtitle", "attachment") else "data"


def _context(stream: Stream) -> Any:
    """None where FFmpeg has no decoder."""
    try:
        return stream.codec_context
    except (AttributeError, RuntimeError):
        return None


def _size(kind: str, context: Any) -> tuple[int, int] | None:
    if context is None or kind not in ("video", "audio"):
        return None
    if kind == "video":
        return context.width, context.height
    return context.sample_rate or 0, context.channels


def _is_transparent(frame: VideoFrame | None) -> bool:
    return frame is not None and any(one.is_alpha for one in frame.format.components)
