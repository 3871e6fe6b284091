"""Subtitle tracks: of MP4 as 3GPP timed text (TS 26.245), which FFmpeg calls mov_text; of
Matroska as SubRip."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import av
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream

TICK = Fraction(1, 200_000)
"""Finer than the other tracks: FFmpeg ends a subtitle with an empty sample of its own when a packet
of any track has a larger number than the subtitle's end, whatever their time bases are. Not finer:
FFmpeg refuses a sample of 2³¹ ticks, almost three hours."""
_MS = Fraction(1, 1000)
"""The ticks of Matroska."""
# The subtitle encoder requires a default style.
_STYLE = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BackColour, Alignment
Style: Default,Sans,16,&Hffffff,&H0,2

[Events]
Format: Layer, Start, End, Style, Text
"""


def add_text_stream(container: Any, language: str) -> SubtitleStream:
    """Adds a subtitle track to an output container. `language` is an ISO 639-2 code."""
    stream: SubtitleStream = container.add_stream("mov_text")
    context: Any = stream.codec_context
    context.subtitle_header = _STYLE
    context.time_base = stream.time_base = TICK
    stream.metadata["language"] = language
    return stream


def make_text_packet(stream: SubtitleStream, text: str, start_ms: int, end_ms: int) -> Any:
    """Returns a sample of a subtitle track: a 16-bit length, then UTF-8. Times between subtitles
    need samples with the text ""."""
    data = text.encode()
    packet = av.Packet(struct.pack(">H", len(data)) + data)
    packet.stream = stream
    packet.time_base = TICK
    packet.pts = packet.dts = _to_ticks(start_ms)
    packet.duration = _to_ticks(end_ms - start_ms)
    packet.is_keyframe = True
    return packet


def add_subrip_stream(container: Any, language: str) -> SubtitleStream:
    """Adds a subtitle track to a Matroska, shown by default. `language` is an ISO 639-2 code."""
    stream: SubtitleStream = container.add_stream("subrip")
    context: Any = stream.codec_context
    context.subtitle_header = _STYLE
    context.time_base = stream.time_base = _MS
    stream.metadata["language"] = language
    stream.disposition = Disposition.default
    return stream


def make_subrip_packet(stream: SubtitleStream, text: str, start_ms: int, end_ms: int) -> Any:
    """Returns a subtitle of a Matroska."""
    packet = av.Packet(text.encode())
    packet.stream = stream
    packet.time_base = _MS
    packet.pts = packet.dts = start_ms
    packet.duration = end_ms - start_ms
    packet.is_keyframe = True
    return packet


def _to_ticks(ms: int) -> int:
    return round(Fraction(ms, 1000) / TICK)
