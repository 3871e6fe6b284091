"""The duration of a video: as declared, up to where a file is cut off, or looked up.

Browsers record Matroska and WebM that declare no duration: MediaRecorder writes a live stream,
without Duration and Cues and with unknown lengths (RFC 9559 §5.1). The time of the last picture is
in the last clusters, which are read from the end of the file.
"""

from __future__ import annotations

import io
import re
from fractions import Fraction
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from functions.upload_trigger.probes.scan import Scan
from shared.media.containers.boxes import read_top_boxes
from shared.media.containers.demux import next_packet, open_with_demuxers, raise_if_read_failed
from shared.media.containers.range_file import RangeFile
from shared.media.containers.video_streams import choose_video
from shared.media.geometry.shapes import SupportsRational

File = BinaryIO | RangeFile
DURATION_REPAIR = "The file does not say how long it is; its end was looked up."
_DURATION_IS_END = {"matroska", "flv"}
DEMUXER = ("matroska,webm",)
HEAD_BYTES = 1 << 20
"""The head before the first cluster contains the tracks and little else."""
TAIL_BYTES = (1 << 20, 8 << 20, 32 << 20)
"""The lengths to try in turn. A browser writes a cluster every one to about ten seconds."""
TAIL_CLUSTER_COUNT = 3
"""Several, because the last clusters may contain only sound."""
CLUSTER = re.compile(
    # The id, the length in 1 to 8 bytes (RFC 8794 §4), and the id of Timestamp, which is the first
    # element or follows a CRC-32.
    rb"\x1f\x43\xb6\x75(?:[\x80-\xff]|[\x40-\x7f].|[\x20-\x3f].{2}|[\x10-\x1f].{3}|[\x08-\x0f].{4}"
    rb"|[\x04-\x07].{5}|[\x02\x03].{6}|\x01.{7})(?:\xbf\x84.{4})?\xe7",
    re.DOTALL,
)


def declared_duration(
    container: InputContainer, stream: VideoStream, first: Fraction
) -> Fraction | None:
    """Returns the seconds from the first picture, at `first` seconds, to the end that the container
    states; None if it states none."""
    time_base = exact(stream.time_base)
    family = container.format.name.split(",")[0]
    # Matroska and FLV store the end of the last picture, not the duration.
    is_end = family in _DURATION_IS_END
    if stream.duration and family == "matroska":
        # Its tracks have no duration: this is FFmpeg's estimate by a bit rate that codecs declare.
        return None
    if stream.duration and time_base:
        end = ((0 if is_end else stream.start_time or 0) + stream.duration) * time_base
    elif container.duration:
        start = 0 if is_end else container.start_time or 0
        end = Fraction(start + container.duration, 1_000_000)
    else:
        return None
    return end - first if end > first else None


def correct_for_reordering(
    duration: Fraction | None, scan: Scan, first_pts: int, time_base: Fraction, file: File
) -> Fraction | None:
    """Returns the seconds from the first picture to the end of the last one, of an MP4 with B
    pictures.

    MP4 stores durations in decoding order. If they vary, their sum from the first picture on may
    end before the last picture and, in fragments, which state nothing else, after it.

    Args:
        duration: The declared seconds.
        scan: A complete scan.
        first_pts: The time of the first picture in ticks.
        time_base: Seconds per tick.
        file: The MP4.
    """
    last = (scan.pts[-1] - first_pts) * time_base
    end = last + scan.last_duration * time_base
    if duration is None or duration <= last:
        return end if scan.last_duration else duration
    if not last < end < duration:
        return duration
    boxes = read_top_boxes(file, file.seek(0, io.SEEK_END))
    return end if any(box.kind == b"moof" for box in boxes) else duration


def find_cut(stream: VideoStream, size_bytes: int) -> int | None:
    """Returns the decoding time of the first sample that the sample table places beyond the end of
    the file; None if there is none."""
    entries = stream.index_entries
    count = len(entries)
    if count == 0 or entries[count - 1].pos + entries[count - 1].size <= size_bytes:
        return None
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if entries[middle].pos + entries[middle].size > size_bytes:
            high = middle
        else:
            low = middle + 1
    return entries[low].timestamp


def find_end_s(file: File, size_bytes: int) -> Fraction | None:
    """Returns the end of the last picture in seconds of the file's own clock; None if not found."""
    first = CLUSTER.search(_read(file, 0, min(HEAD_BYTES, size_bytes)))
    if first is None:
        return None
    head = _read(file, 0, first.start())
    for length in TAIL_BYTES:
        offset = max(len(head), size_bytes - length)
        tail = _read(file, offset, size_bytes - offset)
        starts = [match.start() for match in CLUSTER.finditer(tail)][-TAIL_CLUSTER_COUNT:]
        end = _end(head + tail[starts[0] :]) if starts else None
        if end is not None or offset == len(head):
            return end
    return None


def _end(data: bytes) -> Fraction | None:
    """The end of the last picture of a small file, read completely."""
    try:
        with open_with_demuxers(io.BytesIO(data), DEMUXER) as container:
            stream = choose_video(container)
            packets = container.demux(stream)
            durations: dict[int, int] = {}
            while (packet := next_packet(packets)) is not None:
                if packet.size and packet.pts is not None:
                    durations[packet.pts] = packet.duration or 0
            base, rate = stream.time_base, stream.average_rate
    except (av.error.FFmpegError, OSError):
        return None
    if not durations or not base:
        return None
    *earlier, last = sorted(durations)
    tick = Fraction(base.numerator, base.denominator)
    if durations[last] or earlier:
        return (last + (durations[last] or last - earlier[-1])) * tick
    return last * tick + (Fraction(rate.denominator, rate.numerator) if rate else 0)


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    raise_if_read_failed(file)
    return data


def exact(value: SupportsRational | None) -> Fraction | None:
    """Converts a rational of PyAV, which is a Fraction up to version 18 and a type of its own from
    19 on. 0 means unknown and becomes None."""
    if value is None or value.numerator == 0 or value.denominator == 0:
        return None
    return Fraction(value.numerator, value.denominator)
