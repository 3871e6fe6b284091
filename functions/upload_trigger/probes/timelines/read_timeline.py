"""Reads the packets of a video once, without decoding, to find the jumps of its time stamps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import chain, pairwise
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from functions.upload_trigger.probes.timelines.header_search import HeaderSearch
from functions.upload_trigger.probes.timelines.timeline import (
    BYTE_SEEKABLE,
    MAX_PICTURE_S,
    Timeline,
    TimelineBuilder,
)
from shared.errors import PermanentError
from shared.media.containers.decode import VideoPacket
from shared.media.containers.demux import next_packet, open_pictures, raise_if_read_failed
from shared.media.containers.joined_files import (
    MAX_FILES,
    find_next_program,
    find_program_before,
    open_joined_files,
)
from shared.media.containers.range_file import RangeFile
from shared.media.containers.video_streams import choose_video

MAX_BYTES = {"mpegts": 512 << 20, "mpeg": 512 << 20, "flv": 512 << 20, "ogg": 512 << 20,
             "matroska": 64 << 20, "mov": 512 << 20}  # fmt: skip
"""The largest file of each container that is read completely, an MP4 only if it is followed by
another one. An MP4 whose table of times has a jump is read whatever its size."""
MAX_JOINED_BYTES = 512 << 20
"""Like MAX_BYTES, for an MP4, MOV or Matroska that is followed by another one."""
MAX_READ_BYTES = 2 << 30
"""Of an MPEG-TS that goes on with other streams: FFmpeg shows them only when it is opened again,
and reads to the end. The function has two minutes."""
SAMPLES, MAX_STEP_S = 32, 3600
"""The pictures that are compared in a larger file, and the longest time between two of them."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """An open container with its video stream, and the packets that were read from it."""

    container: InputContainer
    stream: VideoStream
    packets: Sequence[VideoPacket] = ()

    @property
    def family(self) -> str:
        """FFmpeg's name of the container."""
        return self.container.format.name.split(",")[0]


def read_timeline(
    opened: OpenedFile,
    file: BinaryIO | RangeFile,
    size_bytes: int,
    joined_at: tuple[int, ...],
    search: HeaderSearch | None,
) -> Timeline:
    """Reads all packets of `file`, unless it is too large. Raises the errors of reading.

    Args:
        opened: The file, or the first of the joined files.
        file: The file.
        size_bytes: Its size.
        joined_at: The positions of the files behind the first one, as far as sizes tell.
        search: The search for other headers in the file that is opened.
    """
    family, stream = opened.family, opened.stream
    is_set = family == "mov" and has_long_picture(stream)
    max_bytes = MAX_JOINED_BYTES if joined_at else MAX_BYTES[family]
    if size_bytes > max_bytes and not is_set:
        is_sampled = family in BYTE_SEEKABLE
        has_jump = is_sampled and _has_jump(opened.container, stream, size_bytes)
        return Timeline(has_unread_jump=has_jump or bool(joined_at))
    # FFmpeg changes the codec of the stream while it reads.
    codec = stream.codec_context.name
    base, rate = stream.time_base or Fraction(1, 90_000), stream.average_rate
    tick_s = Fraction(base.numerator, base.denominator)
    # MPEG-4 states the resolution of its times, which FFmpeg takes for the rate.
    is_rated = codec != "mpeg4"
    frame_ticks = max(1, int(1 / (rate * tick_s))) if rate and is_rated else 0
    make_builder = partial(TimelineBuilder, family, tick_s, frame_ticks)
    timeline = _build(make_builder(), file, size_bytes, joined_at, opened)
    found_at: tuple[int, ...] = ()
    if search is not None:
        found_at = search.finish()
    elif family == "mpegts":
        found_at = _find_codec_changes(file, timeline, codec)
    return _build(make_builder(), file, size_bytes, found_at) if found_at else timeline


def _build(
    builder: TimelineBuilder,
    file: BinaryIO | RangeFile,
    size_bytes: int,
    joined_at: tuple[int, ...],
    first: OpenedFile | None = None,
) -> Timeline:
    # The IDs of the last video stream, and of those that are not used.
    pid, ids, left_out_count = 0, set[int](), 0
    for position, part in open_joined_files(file, joined_at):
        count = builder.packet_count
        if first is not None and position == 0:
            pid = first.stream.id
            ids |= _add_packets(builder, first)
        else:
            pid = _add_file(builder, position, part, ids)
        raise_if_read_failed(file)
        left_out_count += builder.packet_count == count
    is_cut_short, read_bytes = False, size_bytes
    while builder.family == "mpegts" and len(joined_at) < MAX_FILES:
        start = find_next_program(file, size_bytes, builder.last_position, pid)
        if start is None:
            break
        # By FFmpeg, and to find the next programme.
        read_bytes += 2 * (size_bytes - start)
        is_cut_short = read_bytes > MAX_READ_BYTES
        if is_cut_short:
            break
        *_, (_, part) = open_joined_files(file, (*joined_at, start))
        count = builder.packet_count
        pid = _add_file(builder, start, part, ids, only_new=True)
        raise_if_read_failed(file)
        if builder.packet_count == count:
            break
        joined_at = (*joined_at, start)
    timeline = builder.result()
    timeline = replace(
        timeline,
        left_out_count=left_out_count,
        is_cut_short=timeline.is_cut_short or is_cut_short,
    )
    if joined_at:
        # A window is read from the first of the files on.
        return replace(timeline, joined_at=joined_at, seek_points=[])
    return timeline


def has_long_picture(stream: VideoStream) -> bool:
    """Whether the table of an MP4 has a picture that is shown for longer than MAX_PICTURE_S."""
    base = stream.time_base
    max_ticks = MAX_PICTURE_S / Fraction(base.numerator, base.denominator) if base else 0
    stamps = (entry.timestamp for entry in stream.index_entries)
    return any(later - earlier > max_ticks for earlier, later in pairwise(stamps))


def _has_jump(container: InputContainer, stream: VideoStream, size_bytes: int) -> bool:
    """Whether the time stamps of some pictures, evenly spread over a large file, are not in order.
    A short part between two of them is not found."""
    last: Fraction | None = None
    for number in range(SAMPLES):
        try:
            container.seek(size_bytes * number // SAMPLES, unsupported_byte_offset=True)
            packets = _packets(container)
            pts = next(
                (p.pts for p in packets if p.stream.index == stream.index and p.pts is not None),
                None,
            )
        except (av.error.FFmpegError, OSError):
            return False
        if pts is None or stream.time_base is None:
            continue
        time_s = pts * Fraction(stream.time_base.numerator, stream.time_base.denominator)
        if last is not None and not -1 < time_s - last < MAX_STEP_S:
            return True
        last = time_s
    return False


def _find_codec_changes(
    file: BinaryIO | RangeFile, timeline: Timeline, codec: str
) -> tuple[int, ...]:
    """Returns where an MPEG-TS goes on with another codec behind a discontinuity, or without
    pictures: then FFmpeg takes other packets for pictures."""
    positions = []
    for discontinuity in timeline.discontinuities[:MAX_FILES]:
        start = find_program_before(file, discontinuity.position)
        if start is None or start in timeline.joined_at:
            continue
        *_, (_, part) = open_joined_files(file, (start,))
        name = ""
        with suppress(PermanentError), open_pictures(part) as container:
            name = choose_video(container).codec_context.name
        if name != codec:
            positions.append(start)
            codec = name
    return tuple(positions)


def _add_file(
    builder: TimelineBuilder,
    position: int,
    part: BinaryIO | RangeFile,
    ids: set[int],
    *,
    only_new: bool = False,
) -> int:
    """Adds the packets of one of the joined files. Returns the ID of its video stream, 0 when
    there is none.

    Args:
        builder: Gets the packets.
        position: The position of the file.
        part: The file.
        ids: The IDs of the video streams that were there beside the chosen one, such as those of
            another programme; those of this file are added.
        only_new: Whether a video stream with one of these IDs is left out.
    """
    builder.begin_file(position)
    try:
        with open_pictures(part) as container:
            stream = choose_video(container)
            if not (only_new and stream.id in ids):
                ids |= _add_packets(builder, OpenedFile(container, stream))
            return stream.id
    except PermanentError:
        return 0


def _add_packets(builder: TimelineBuilder, opened: OpenedFile) -> set[int]:
    """Adds the packets of a container. Returns the IDs of the other video streams that begin before
    the last packet of the chosen one."""
    container, stream = opened.container, opened.stream
    for other in (*container.streams.audio, *container.streams.video):
        other.discard = Discard.default
    positions: dict[int, int] = {}
    last = 0
    for packet in chain(opened.packets, _packets(container)):
        if packet.stream.index == stream.index:
            builder.add_video(packet)
            last = packet.pos or last
        elif packet.stream.type == "audio":
            builder.add_audio(packet)
        elif packet.stream.type == "video" and packet.pos is not None:
            positions.setdefault(packet.stream.id, packet.pos)
    return {number for number, position in positions.items() if position < last}


def _packets(container: InputContainer) -> Iterator[Any]:
    packets: Iterator[Any] = container.demux()
    while True:
        try:
            packet = next_packet(packets)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError):
            return
        if packet is None:
            return
        if packet.size and not packet.is_discard:
            yield packet
