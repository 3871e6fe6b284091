"""The descriptive parts of a MediaInfo: the list of streams and the repairs in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from functions.upload_trigger.probes.scan import Scan
from functions.upload_trigger.probes.timelines.timeline import Timeline
from shared.media.audio.stream import is_additional
from shared.media.containers.video_streams import is_cover_image
from shared.recipes.media_info import MediaInfo, StreamInfo

UNREAD_JUMP_WARNING = (
    "The time stamps jump within this file, as between two recordings, and it is too large to find "
    "out where: pictures behind the jump are missing. Upload each recording as its own file."
)
_MAX_LANGUAGE_CHARS = 40
_WITHOUT_RATE = frozenset({"mpeg4"})
"""Codecs that state the resolution of their times only, which FFmpeg takes for the rate."""


def describe_streams(container: InputContainer, used_stream: VideoStream) -> tuple[StreamInfo, ...]:
    """Returns all streams of the file, in their order."""
    return tuple(_describe_stream(stream, used_stream) for stream in container.streams)


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
    if _is_transparent(scan.first_frame):
        yield "Transparency is left out."
    if scan.has_discarded_packets:
        yield "Pictures before the start that the file's edit list sets are omitted."
    if video.first_pts:
        first = float(video.first_pts * video.time_base)
        yield f"The first picture is at {first:.3f} s; times are counted from it."
    if not media_info.timestamps_reliable:
        yield "The timestamps are not reliable; every picture is decoded to find the right ones."


def describe_damage(scan: Scan, first_pts: int, time_base: Fraction) -> Iterator[str]:
    """Yields a warning for pictures before `first_pts`, the first one that can be decoded."""
    if scan.begin_pts is not None and scan.begin_pts < first_pts:
        missing_s = float((first_pts - scan.begin_pts) * time_base)
        yield (
            "The recording begins in the middle of a group of pictures; its first "
            f"{missing_s:.1f} s cannot be decoded and are missing."
        )
    if scan.error_count:
        yield "Damaged pictures at the beginning were passed over."


def apply_timeline(media_info: MediaInfo, timeline: Timeline) -> MediaInfo:
    """Returns the media info with the discontinuities of the timeline, and its length."""
    is_cut_short = timeline.is_cut_short and not timeline.discontinuities
    if timeline.has_unread_jump or is_cut_short:
        return replace(media_info, warnings=(*media_info.warnings, UNREAD_JUMP_WARNING))
    if timeline.picture_ticks is not None:
        media_info = _with_measured_rate(media_info, timeline, timeline.picture_ticks)
    if not timeline.discontinuities or timeline.end_pts is None:
        return media_info
    video, count = media_info.video, len(timeline.discontinuities)
    warnings = list(media_info.warnings)
    if timeline.missing_ticks:
        missing_s = float(timeline.missing_ticks * video.time_base)
        warnings.append(
            "A part of the file begins in the middle of a group of pictures; "
            f"{missing_s:.1f} s cannot be decoded and are missing."
        )
    if timeline.left_out_count:
        warnings.append("A part of the file has no pictures that can be read; it is left out.")
    if timeline.is_cut_short:
        warnings.append(
            f"The time stamps jump more than {count} times; pictures near the end may be missing."
        )
    places = "once" if count == 1 else f"{count} times"
    return replace(
        media_info,
        duration=(timeline.end_pts - video.first_pts) * video.time_base,
        random_access="index" if timeline.seek_points else "none",
        discontinuities=timeline.discontinuities,
        seek_points=tuple(timeline.seek_points),
        joined_at=timeline.joined_at,
        warnings=tuple(warnings),
        repairs=(
            *media_info.repairs,
            f"The time stamps jump {places}, as between two recordings; the time goes on.",
        ),
    )


def _with_measured_rate(
    media_info: MediaInfo, timeline: Timeline, picture_ticks: Fraction
) -> MediaInfo:
    """FFmpeg estimates the end of a file from the distance of the time stamps that there are."""
    video = media_info.video
    if video.codec in _WITHOUT_RATE:
        video = replace(video, avg_rate=1 / (picture_ticks * video.time_base))
    duration = media_info.duration
    if timeline.end_pts is not None and timeline.end_pts > video.first_pts:
        duration = (timeline.end_pts - video.first_pts) * video.time_base
    return replace(media_info, video=video, duration=duration)


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
        additional=isinstance(stream, AudioStream) and is_additional(stream),
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
