"""Reads the properties of a video from its headers and first packets; rejects unusable files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from functions.upload_trigger.probes.colour import ContainerColours
from functions.upload_trigger.probes.duration import (
    DURATION_REPAIR,
    correct_for_reordering,
    declared_duration,
    exact,
    find_cut,
    find_end_s,
)
from functions.upload_trigger.probes.scan import Scan, scan
from functions.upload_trigger.probes.shape import describe_left_out, find_track, read_shape
from functions.upload_trigger.probes.summary import (
    apply_timeline,
    describe_damage,
    describe_repairs,
    describe_streams,
)
from functions.upload_trigger.probes.timelines.open_timeline import open_with_timeline
from functions.upload_trigger.probes.truncation import is_truncated
from functions.upload_trigger.probes.webp import TRUNCATION_WARNING, probe_webp
from shared.media.containers.file_head import HEAD_BYTES
from shared.media.containers.range_file import RangeFile
from shared.media.containers.video_streams import choose_video
from shared.media.errors import EmptyFile, NoVideoStream, UndecodableVideo, VideoTruncated
from shared.media.images.orientation import read_orientation
from shared.media.images.webp import is_animated_webp
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import (
    COUNTED_CONTAINERS,
    MediaInfo,
    RandomAccess,
    RateKind,
    VideoInfo,
)
from shared.recipes.picture_shape import PictureShape

_ACCESS: dict[str, RandomAccess] = {"mov": "index", "matroska": "index", "mpegts": "bisect"}
# Containers in which every packet has a timestamp. AVI counts, MPEG-PS and Ogg stamp a few.
_STAMPED = {"mov", "matroska", "mpegts", "flv"}


def probe(file: BinaryIO | RangeFile, size_bytes: int) -> MediaInfo:
    """Returns the MediaInfo of `file`, a seekable binary file object of `size_bytes`.

    Raises a PermanentError of shared.media.errors if the file cannot be used.
    """
    if size_bytes == 0:
        raise EmptyFile
    file.seek(0)
    if is_animated_webp(file.read(HEAD_BYTES)):
        return probe_webp(file, size_bytes)
    with open_with_timeline(file, size_bytes) as video:
        container, first_file = video.container, video.file
        stream = _choose_video(container, file, size_bytes)
        colours = ContainerColours.read(file, size_bytes, stream)
        track = find_track(container, stream, first_file)
        # Later headers may have another shape.
        shape = read_shape(container, stream, first_file, track)
        result = scan(container, stream, file, video.timeline, video.packets)
        media_info = _build_media_info(container, stream, result, shape, first_file, size_bytes)
        media_info = colours.add_to(media_info, result.first_frame)
    media_info = apply_timeline(media_info, video.timeline)
    left_out = describe_left_out(track)
    if left_out is not None:
        media_info = replace(media_info, warnings=(*media_info.warnings, left_out))
    family = media_info.container.split(",")[0]
    if media_info.duration is None and family == "matroska":
        media_info = _with_duration(media_info, find_end_s(file, size_bytes))
    has_warning = any("cut off" in warning for warning in media_info.warnings)
    if not has_warning and is_truncated(family, file, size_bytes):
        return replace(media_info, warnings=(*media_info.warnings, TRUNCATION_WARNING))
    return media_info


def _with_duration(media_info: MediaInfo, end: Fraction | None) -> MediaInfo:
    if end is None or end <= media_info.first_pts.seconds:
        return media_info
    return replace(
        media_info,
        duration=end - media_info.first_pts.seconds,
        repairs=(*media_info.repairs, DURATION_REPAIR),
    )


def _choose_video(
    container: InputContainer, file: BinaryIO | RangeFile, size_bytes: int
) -> VideoStream:
    try:
        return choose_video(container)
    except NoVideoStream:
        # A truncated table of contents may list no stream.
        family = container.format.name.split(",")[0]
        if not container.streams.audio and is_truncated(family, file, size_bytes):
            raise VideoTruncated from None
        raise


def probe_video_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """Returns the JSON of the MediaInfo. Runs in the sandbox process."""
    return json.dumps(probe(sandbox_io.file, sandbox_io.size_bytes).to_dict()).encode()


def _build_media_info(
    container: InputContainer,
    stream: VideoStream,
    result: Scan,
    shape: PictureShape,
    file: BinaryIO | RangeFile,
    size_bytes: int,
) -> MediaInfo:
    if result.first_frame is None:
        raise VideoTruncated if result.packet_count == 0 else UndecodableVideo
    time_base = exact(stream.time_base) or Fraction(1, 90_000)
    family = container.format.name.split(",")[0]
    first_pts = (
        result.first_frame.pts if result.first_frame.pts is not None else (result.pts or [0])[0]
    )
    if family in COUNTED_CONTAINERS and result.first_dts is not None:
        first_pts = result.first_dts
    if family == "mov" and result.has_discarded_packets:
        # FFmpeg does not discard all pictures before the start of an edit list, which is at 0.
        first_pts = next((pts for pts in result.pts if pts >= 0), first_pts)
        result.begin_pts = None
    warnings: list[str] = []
    context = stream.codec_context
    duration = declared_duration(container, stream, first_pts * time_base)
    if family == "mov" and context.has_b_frames and result.is_complete and result.pts:
        duration = correct_for_reordering(duration, result, first_pts, time_base, file)
    cut_at = find_cut(stream, size_bytes) if family == "mov" else None
    if cut_at is not None:
        duration = max(Fraction(0), (cut_at - first_pts) * time_base)
        warnings.append(
            f"The file is cut off; only about the first {float(duration):.1f} s are there."
        )
    warnings += describe_damage(result, first_pts, time_base)
    rotation, mirrored = read_orientation(result.first_frame)
    media_info = MediaInfo(
        container=container.format.name,
        size_bytes=size_bytes,
        duration=duration,
        video=VideoInfo(
            index=stream.index,
            codec=context.codec.canonical_name,
            width=result.first_frame.width,
            height=result.first_frame.height,
            rotation=rotation,
            mirrored=mirrored,
            sample_aspect=shape.sample_aspect,
            pix_fmt=result.first_frame.format.name,
            time_base=time_base,
            avg_rate=exact(stream.average_rate),
            rate_kind=_rate_kind(stream, result, time_base, family),
            keyframe_interval_s=_keyframe_interval(stream, result, time_base, family),
            open_gop=result.has_leading_frames if len(result.keyframes) > 1 else None,
            has_b_frames=bool(context.has_b_frames),
            first_pts=first_pts,
            crop=shape.crop,
            keyframes_reliable=result.are_keyframes_reliable(context.codec),
        ),
        audio_codecs=tuple(_codec_name(audio) for audio in container.streams.audio),
        stream_count=len(container.streams),
        random_access=_random_access(family, stream, result),
        timestamps_reliable=family in _STAMPED and result.is_reliable,
        warnings=tuple(warnings),
        streams=describe_streams(container, stream),
    )
    return replace(media_info, repairs=tuple(describe_repairs(media_info, result)))


def _random_access(family: str, stream: VideoStream, result: Scan) -> RandomAccess:
    access = _ACCESS.get(family, "none")
    if not result.are_keyframes_reliable(stream.codec_context.codec):
        return "none"
    if result.has_gradual_refresh and len(result.keyframes) < 2:
        return "none"  # with a gradual refresh, decoding can begin only at the start of the stream
    return "none" if access == "bisect" and not result.is_reliable else access


def _rate_kind(stream: VideoStream, result: Scan, time_base: Fraction, family: str) -> RateKind:
    """Variable if the durations of two pictures differ by more than rounding."""
    stamps: Iterable[int] = result.pts
    if len(result.pts) > 12 and not result.is_complete:
        stamps = result.pts[:-4]
    if family == "mov" and len(stream.index_entries) > len(result.pts):
        # A generator, because an hour of video has about a hundred thousand entries.
        stamps = (entry.timestamp for entry in stream.index_entries if not entry.is_discard)
    gaps = (later - earlier for earlier, later in pairwise(stamps))
    # Without the last gap, which is often 0.
    durations = {duration for duration, _ in pairwise(gaps)}
    rounding = max(1, int(Fraction(1, 900) / time_base))
    return "variable" if durations and max(durations) - min(durations) > rounding else "constant"


def _keyframe_interval(
    stream: VideoStream, result: Scan, time_base: Fraction, family: str
) -> Fraction | None:
    keyframes = result.keyframes
    if family == "mov" and len(stream.index_entries) > 1 and not result.has_gradual_refresh:
        keyframes = [entry.timestamp for entry in stream.index_entries if entry.is_keyframe]
    gaps = [later - earlier for earlier, later in pairwise(keyframes)]
    return max(gaps) * time_base if gaps and max(gaps) > 0 else None


def _codec_name(stream: av.AudioStream) -> str:
    try:
        return stream.codec_context.name
    except (AttributeError, RuntimeError):
        return "unknown"
