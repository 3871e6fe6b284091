"""Opens a video with its timeline. Its packets are read for that only where they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import av
from av.container import InputContainer

from functions.upload_trigger.probes.timelines.header_search import HeaderSearch
from functions.upload_trigger.probes.timelines.matroska_cues import find_steady_start
from functions.upload_trigger.probes.timelines.read_timeline import (
    MAX_BYTES,
    OpenedFile,
    has_long_picture,
    read_timeline,
)
from functions.upload_trigger.probes.timelines.timeline import BYTE_SEEKABLE, Timeline
from shared.errors import PermanentError
from shared.media.containers.decode import VideoPacket
from shared.media.containers.demux import next_packet, open_pictures
from shared.media.containers.joined_files import find_listed_files, open_joined_files
from shared.media.containers.range_file import RangeFile
from shared.media.containers.video_streams import choose_video

File = BinaryIO | RangeFile
_TOLERANCE_S = Fraction(1, 10)
"""Between the times of the first keyframe in the list and in its packet."""


@dataclass(frozen=True, slots=True)
class OpenVideo:
    """An open video with its timeline.

    Attributes:
        timeline: The timeline; empty if no video can be read.
        file: The file, or the first one of joined files.
        container: The container of `file`.
        packets: The packets of the video stream that were read from the container.
    """

    timeline: Timeline
    file: File
    container: InputContainer
    packets: tuple[VideoPacket, ...] = ()


@contextmanager
def open_with_timeline(file: File, size_bytes: int) -> Iterator[OpenVideo]:
    """Yields the open video. All packets of `file` are read for its timeline, unless its container
    has no jumps, its list of keyframes shows that there are none, or it is too large.

    Raises the errors of opening and reading.
    """
    # FFmpeg refuses an MP4 with the fragments of another one behind it.
    joined_at = find_listed_files(file, size_bytes)
    search = None if joined_at else HeaderSearch.of(file, size_bytes)
    _, first_file = next(open_joined_files(file, joined_at))
    if search is not None:
        first_file = search.file
    timeline, is_steady = Timeline(), False
    packets: list[VideoPacket] = []
    with ExitStack() as stack:
        # What is wrong with a file without a usable video shows when it is opened again.
        with suppress(PermanentError):
            container = stack.enter_context(open_pictures(first_file))
            opened = OpenedFile(container, choose_video(container), packets)
            is_steady = not joined_at and _is_steady(opened, file, size_bytes, packets)
            if is_steady:
                timeline = Timeline(first_keyframe_pts=packets[0].pts if packets else None)
            else:
                timeline = read_timeline(opened, file, size_bytes, joined_at, search)
        if not is_steady:
            packets.clear()
            stack.close()
            _, first_file = next(open_joined_files(file, timeline.joined_at))
            container = stack.enter_context(open_pictures(first_file))
        yield OpenVideo(timeline, first_file, container, tuple(packets))


def _is_steady(opened: OpenedFile, file: File, size_bytes: int, packets: list[VideoPacket]) -> bool:
    """Returns whether the timeline needs no packets: the container has no jumps, its index shows
    that there are none, or it is too large. Adds a packet that was read to `packets`."""
    family, stream = opened.family, opened.stream
    if family == "mov":
        return not has_long_picture(stream)
    if family in BYTE_SEEKABLE:
        return False
    if family != "matroska" or size_bytes > MAX_BYTES[family]:
        return size_bytes > MAX_BYTES.get(family, 0)
    start_s = find_steady_start(file, size_bytes, stream.index)
    if start_s is None:
        return False
    try:
        packet = next_packet(opened.container.demux(stream))
    except MemoryError:
        raise
    except (av.error.FFmpegError, OSError):
        return False
    if packet is None:
        return False
    packets.append(packet)
    is_keyframe = packet.is_keyframe and packet.size > 0 and not packet.is_discard
    if not is_keyframe or packet.pts is None or stream.time_base is None:
        return False
    time_s = packet.pts * Fraction(stream.time_base.numerator, stream.time_base.denominator)
    return abs(time_s - start_s) < _TOLERANCE_S
