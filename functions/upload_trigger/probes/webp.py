"""The MediaInfo of an animated WebP."""

from __future__ import annotations

from fractions import Fraction
from typing import BinaryIO

from shared.media.containers.range_file import RangeFile
from shared.media.images.webp import decode_webp_frames, read_webp_info
from shared.recipes.media_info import WEBP, MediaInfo, StreamInfo, VideoInfo

TRUNCATION_WARNING = "The file is cut off: its end with the last frames is missing."


def probe_webp(file: BinaryIO | RangeFile, size_bytes: int) -> MediaInfo:
    """Reads the chunks and decodes the first picture.

    Raises the errors of shared.media.images.webp.
    """
    info = read_webp_info(file, size_bytes)
    next(decode_webp_frames(file))
    total = sum(info.durations_ms)
    return MediaInfo(
        container=WEBP,
        size_bytes=size_bytes,
        duration=Fraction(total, 1000) if total else None,
        video=VideoInfo(
            index=0,
            codec=WEBP,
            width=info.width,
            height=info.height,
            rotation=0,
            mirrored=False,
            sample_aspect=Fraction(1),
            pix_fmt="rgba",
            time_base=Fraction(1, 1000),
            avg_rate=Fraction(1000 * len(info.durations_ms), total) if total else None,
            rate_kind="constant" if len(set(info.durations_ms)) == 1 else "variable",
            keyframe_interval_s=None,
            open_gop=None,
            has_b_frames=False,
            first_pts=0,
        ),
        audio_codecs=(),
        stream_count=1,
        random_access="none",
        timestamps_reliable=False,
        warnings=(TRUNCATION_WARNING,) if info.is_truncated else (),
        repairs=("All pictures of an animated WebP are decoded in order.",),
        streams=(
            StreamInfo(0, "video", WEBP, (info.width, info.height), "", default=True, used=True),
        ),
    )
