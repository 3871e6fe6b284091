"""How long a Matroska or WebM file is that does not say so, as browsers record them.

MediaRecorder writes while it records: no Duration, no Cues, lengths unknown (RFC 9559 §5.1). Its
last clusters say when the last picture is shown; they are read from the file's end.
"""

from __future__ import annotations

import io
import re
from fractions import Fraction
from typing import BinaryIO

import av

from shared.media.containers.demux import choose_video, open_with_demuxers, raise_if_read_failed
from shared.media.containers.packets import next_packet
from shared.media.containers.range_file import RangeFile

DEMUXER = ("matroska,webm",)
HEAD_BYTES = 1 << 20
"""In front of the first cluster stand the tracks and little else."""
TAIL_BYTES = (1 << 20, 8 << 20, 32 << 20)
"""Tried one after the other: a cluster of a browser's lasts a second or up to some ten."""
TAIL_CLUSTER_COUNT = 3
"""The last ones may hold sound alone."""
_CLUSTER = re.compile(
    # Its id, its length in 1 to 8 bytes (RFC 8794 §4), and the Timestamp that comes first in it.
    rb"\x1f\x43\xb6\x75(?:[\x80-\xff]|[\x40-\x7f].|[\x20-\x3f].{2}|[\x10-\x1f].{3}|[\x08-\x0f].{4}"
    rb"|[\x04-\x07].{5}|[\x02\x03].{6}|\x01.{7})\xe7",
    re.DOTALL,
)


def find_end_s(file: BinaryIO | RangeFile, size_bytes: int) -> Fraction | None:
    """When the last picture ends, in seconds of the file's own clock; None when it is not found."""
    first = _CLUSTER.search(_read(file, 0, min(HEAD_BYTES, size_bytes)))
    if first is None:
        return None
    head = _read(file, 0, first.start())
    for length in TAIL_BYTES:
        begin = max(len(head), size_bytes - length)
        tail = _read(file, begin, size_bytes - begin)
        starts = [one.start() for one in _CLUSTER.finditer(tail)][-TAIL_CLUSTER_COUNT:]
        end = _end(head + tail[starts[0] :]) if starts else None
        if end is not None or begin == len(head):
            return end
    return None


def _end(data: bytes) -> Fraction | None:
    """The end of the last picture of a whole file that is small."""
    try:
        with open_with_demuxers(io.BytesIO(data), DEMUXER) as container:
            stream = choose_video(container)
            packets = container.demux(stream)
            shown: dict[int, int] = {}
            while (packet := next_packet(packets)) is not None:
                if packet.size and packet.pts is not None:
                    shown[packet.pts] = packet.duration or 0
            base, rate = stream.time_base, stream.average_rate
    except (av.error.FFmpegError, OSError):
        return None
    if not shown or not base:
        return None
    *before, last = sorted(shown)
    tick = Fraction(base.numerator, base.denominator)
    if shown[last] or before:
        return (last + (shown[last] or last - before[-1])) * tick
    return last * tick + (Fraction(rate.denominator, rate.numerator) if rate else 0)


def _read(file: BinaryIO | RangeFile, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    raise_if_read_failed(file)
    return data
