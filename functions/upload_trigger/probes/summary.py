"""The descriptive parts of a MediaInfo: the list of streams and the repairs in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from functions.upload_trigger.probes.scan import Scan
from shared.media.containers.video_streams import is_cover_image
from shared.recipes.media_info import DynamicRange, MediaInfo, StreamInfo

_RANGES: dict[int, DynamicRange] = {16: "pq", 18: "hlg"}
"""Transfer characteristics of ITU-T H.273, table 3."""
_MAX_LANGUAGE_CHARS = 40


def describe_streams(container: InputContainer, used_stream: VideoStream) -> tuple[StreamInfo, ...]:
    """Returns all streams of the file, in their order."""
    return tuple(_describe_stream(stream, used_stream) for stream in container.streams)


def dynamic_range(frame: VideoFrame) -> DynamicRange:
    """Returns the dynamic range of a frame: `pq`, `hlg` or `sdr`."""
    return _RANGES.get(frame.color_trc, "sdr")


def describe_repairs(media_info: MediaInfo, scan: Scan) -> Iterator[str]:
    """Yields a message for each property of the video that is corrected during processing."""
    video = media_info.video
    unused = sum(1 for item in media_info.streams if item.kind == "video" and not item.used)
    if unused:
        yield f"The file has {unused + 1} videos; stream {video.index} was taken."
    if video.rotation or video.mirrored:
        rotated = f"rotated by {video.rotation}°" if video.rotation else ""
        changes = " and ".join(filter(None, ["mirrored" if video.mirrored else "", rotated]))
        yield f"The pictures are {changes}, as the file specifies."
    if any(video.crop):
        width, height = video.crop.apply(video.width, video.height)
        yield (
            f"Only a part of the pictures is shown, as the file specifies: {width}×{height} of "
            f"{video.width}×{video.height} pixels."
        )
    if video.sample_aspect != 1:
        width, height = video.display_size
        yield f"The pixels are not square; pictures are stretched to {width}×{height}."
    if video.dynamic_range != "sdr":
        name = video.dynamic_range.upper()
        yield f"High dynamic range ({name}) is converted to standard dynamic range."
    if _is_transparent(scan.first_frame):
        yield "Transparency is left out."
    if scan.has_discarded_packets:
        yield "Pictures before the start that the file's edit list sets are omitted."
    if video.first_pts:
        first = float(video.first_pts * video.time_base)
        yield f"The first picture is at {first:.3f} s; times are counted from it."
    if not media_info.timestamps_reliable:
        yield "The timestamps are not reliable; every picture is decoded to find the right ones."


def _describe_stream(stream: Stream, used: VideoStream) -> StreamInfo:
    context: Any = _context(stream)
    return StreamInfo(
        index=stream.index,
        kind=_kind(stream),
        codec="unknown" if context is None else context.codec.canonical_name,
        size=_size(stream.type, context),
        language=str(stream.metadata.get("language", ""))[:_MAX_LANGUAGE_CHARS],
        default=bool(stream.disposition & stream.disposition.default),
        used=stream.index == used.index,
    )


def _kind(stream: Stream) -> str:
    if isinstance(stream, VideoStream) and is_cover_image(stream):
        return "cover"
    return stream.type if stream.type in ("video", "audio", "subtitle", "attachment") else "data"


def _context(stream: Stream) -> Any:
    """None if FFmpeg has no decoder."""
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
    return frame is not None and any(component.is_alpha for component in frame.format.components)
