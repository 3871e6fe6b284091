"""Writes an MP4 with the pictures of the pieces of a video, and the sound of the source.

Players can start before the download ends only if the index (moov) precedes the data (mdat), but
the index is complete only after all data. The file is therefore muxed twice: the first pass keeps
only the index, the second pass writes only the data, after that index. The data is never held in
memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import av

from shared.media.containers.demux import open_container, open_with_demuxers, raise_if_read_failed
from shared.media.containers.faststart import Target, write_twice
from shared.media.containers.range_file import RangeFile
from shared.media.reencoding.piece import PIECE_FORMAT, TIME_BASE
from shared.media.reencoding.sound import read_sound
from shared.media.reencoding.sound_conversion import TimedPacket
from shared.media.reencoding.sound_track import choose_track
from shared.media.sandbox.child import SandboxIO
from shared.media.sandbox.run import Sink
from shared.recipes.media_info import MediaInfo

_MAX_LAST_PICTURE_S = 10
"""A duration that makes the last picture longer than this is not trusted."""
OpenFile = Callable[[], RangeFile]


def write_film(
    pieces: Sequence[OpenFile],
    source: OpenFile | None,
    media_info: MediaInfo,
    sink: Sink,
) -> None:
    """Writes the film to `sink`.

    Args:
        pieces: the pieces in order, at least one of them with a picture.
        source: the video whose sound is used; None for a silent film.

    Raises:
        FilmTooLarge: the index cannot address the data.
    """
    write_twice(lambda target: _mux(pieces, source, media_info, target), sink)


def write_film_in_sandbox(
    sandbox_io: SandboxIO, sizes_bytes: Sequence[int], media_info: MediaInfo, has_sound: bool
) -> bytes:
    """Runs `write_film` in the sandbox. The parts of the source are the pieces, followed by the
    video if its sound is used; `sizes_bytes` are their sizes."""

    def opener(number: int) -> OpenFile:
        return lambda: sandbox_io.open_parts(sizes_bytes)[number]

    count = len(sizes_bytes) - has_sound
    source = opener(count) if has_sound else None
    write_film([opener(n) for n in range(count)], source, media_info, sandbox_io)
    return b""


def _mux(
    pieces: Sequence[OpenFile],
    source: OpenFile | None,
    media_info: MediaInfo,
    target: Target,
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(_open_piece(pieces[0]()))
        out = stack.enter_context(av.open(target, "w", format="mp4"))
        pictures: Any = out.add_stream_from_template(first.streams.video[0])
        pictures.time_base = TIME_BASE
        streams = [_picture_packets(pieces, media_info, pictures)]
        track = choose_track(media_info)
        if source is not None and track is not None:
            file = source()
            container = stack.enter_context(open_container(file))
            streams.append(read_sound(container, file, media_info, track, out))
        for _, _, packet in heapq.merge(*streams, key=lambda timed: timed[:2]):
            out.mux(packet)
        # The muxer writes the index when `out` is closed.
        target.begin_index()


def _open_piece(file: RangeFile) -> Any:
    return open_with_demuxers(file, (PIECE_FORMAT,))


def _picture_packets(
    pieces: Sequence[OpenFile], media_info: MediaInfo, stream: Any
) -> Iterator[TimedPacket]:
    """Yields the packets of all pieces. A picture lasts until the next one."""
    length = round(media_info.frame_ticks * media_info.video.time_base / TIME_BASE)
    pending: Any = None
    for open_file in pieces:
        file = open_file()
        with _open_piece(file) as container:
            if not container.streams.video:
                continue
            for packet in container.demux(video=0):
                if not packet.size:
                    continue
                if pending is not None:
                    length = packet.pts - pending.pts
                    yield _timed(pending, length, stream)
                pending = packet
            raise_if_read_failed(file)
    if pending is not None:
        yield _timed(pending, _last_length(pending.pts, length, media_info), stream)


def _last_length(pts: int, length: int, media_info: MediaInfo) -> int:
    """Returns the length of the last picture: until the file's duration if that is plausible."""
    if media_info.duration is None:
        return length
    remaining = round(media_info.duration / TIME_BASE) - pts
    return remaining if 0 < remaining <= _MAX_LAST_PICTURE_S / TIME_BASE else length


def _timed(packet: Any, length: int, stream: Any) -> TimedPacket:
    packet.duration, packet.stream = length, stream
    return packet.dts * TIME_BASE, 0, packet
