"""The passport of an animated WebP."""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

from shared.media.containers.range_file import RangeFile
from shared.media.images.webp import decode_webp_frames, read_webp_info
from shared.recipes.media_info import WEBP, MediaInfo, StreamInfo, VideoInfo

TRUNCATION_WARNING = "The file is cut off: its end is missing, and the last frames with it."


def probe_webp(file: BinaryIO | RangeFile, size_bytes: int) -> MediaInfo:
    """Its chunks are read, and its first picture is decoded. Raises what these raise."""
    facts = read_webp_info(file, size_bytes)
    next(decode_webp_frames(file))
    total = sum(facts.durations_ms)
    return MediaInfo(
        container=WEBP,
        size_bytes=size_bytes,
        duration=Fraction(total, 1000) if total else None,
        video=VideoInfo(
            index=0,
            codec=WEBP,
            width=facts.width,
            height=facts.height,
            rotation=0,
            mirrored=False,
            sample_aspect=Fraction(1),
            pix_fmt="rgba",
            time_base=Fraction(1, 1000),
            avg_rate=Fraction(1000 * len(facts.durations_ms), total) if total else None,
            rate_kind="constant" if len(set(facts.durations_ms)) == 1 else "variable",
            keyframe_interval_s=None,
            open_gop=None,
            has_b_frames=False,
            first_pts=0,
        ),
        audio_codecs=(),
        stream_count=1,
        random_access="none",
        timestamps_reliable=False,
        warnings=(TRUNCATION_WARNING,) if facts.is_truncated else (),
        repairs=("Every picture of an animated WebP is decoded, one after the other.",),
        streams=(
            StreamInfo(0, "video", WEBP, (facts.width, facts.height), "", default=True, used=True),
        ),
    )
