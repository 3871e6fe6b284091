"""Encodes the streams of fake cameras. A stream is encoded once, and all clients receive it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext

from tests.fixtures.media.clips import ClipSpec

RTP_CLOCK_HZ = 90_000


@dataclass(frozen=True)
class EncodedFrame:
    """An encoded frame: sent `time_s` seconds into the stream, `pts` in ticks of RTP_CLOCK_HZ."""

    time_s: float
    pts: int
    is_keyframe: bool
    data: bytes


def encode_mjpeg(duration_s: float, fps: int = 15, **clip_fields: Any) -> list[EncodedFrame]:
    """JPEG frames with counters."""
    clip = ClipSpec(
        suffix="avi", codec="mjpeg", pix_fmt="yuvj420p", frame_count=round(duration_s * fps),
        time_base=Fraction(1, fps), **clip_fields,
    ).encode()  # fmt: skip
    return read_encoded_frames(clip.path)


def encode_h264(
    duration_s: float, fps: int = 15, gop_s: float = 1, b_frames: int = 0, **clip_fields: Any
) -> list[EncodedFrame]:
    """H.264 frames with counters."""
    options = (
        ("g", str(round(gop_s * fps))), ("bf", str(b_frames)), ("preset", "veryfast"),
        ("sc_threshold", "0"),
    )  # fmt: skip
    clip = ClipSpec(
        options=options,
        frame_count=round(duration_s * fps),
        time_base=Fraction(1, fps),
        **clip_fields,
    ).encode()
    return read_encoded_frames(clip.path)


def read_encoded_frames(path: Path) -> list[EncodedFrame]:
    """The packets of a file's first video stream, H.264 with start codes."""
    frames: list[EncodedFrame] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        filtered = (
            BitStreamFilterContext("h264_mp4toannexb", stream)
            if stream.codec_context.name == "h264" and path.suffix == ".mp4"
            else None
        )
        first: Fraction | None = None
        packet: Any
        output: Any
        for packet in container.demux(stream):
            if packet.dts is None:
                continue
            for output in filtered.filter(packet) if filtered else [packet]:
                base = output.time_base
                sent_at = output.dts * base
                first = sent_at if first is None else first
                pts = round((output.pts * base - first) * RTP_CLOCK_HZ)
                frames.append(
                    EncodedFrame(float(sent_at - first), pts, output.is_keyframe, bytes(output))
                )
    return frames
