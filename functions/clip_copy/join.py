"""Joins the pieces of a copy without encoding, in a sandbox process: an MP4 with its index before
its data, so that players start before the download ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import av

from functions.clip_copy.encode import PIECE_FORMAT
from shared.media.containers.demux import (
    next_packet,
    open_container,
    open_with_demuxers,
    raise_if_read_failed,
)
from shared.media.containers.faststart import Target, write_twice
from shared.media.containers.range_file import RangeFile
from shared.media.errors import NoVideoStream
from shared.media.sandbox.child import SandboxIO


def join_pieces(sandbox_io: SandboxIO, sizes_bytes: Sequence[int]) -> bytes:
    """Writes the copy to `sandbox_io`. Returns its `width` and `height` as JSON.

    Args:
        sandbox_io: The parts of the source are the pieces, then the clip; reports percent.
        sizes_bytes: The sizes of these parts.
    """
    count = len(sizes_bytes) - 1
    last_length = _last_length(sandbox_io.open_parts(sizes_bytes)[count])
    size: dict[str, int] = {}
    begun_count = 0

    def open_pieces() -> Iterator[RangeFile]:
        nonlocal begun_count
        files = sandbox_io.open_parts(sizes_bytes)
        for number in range(count):
            # A span of the clip without pictures has an empty piece.
            if sizes_bytes[number]:
                yield files[number]
            begun_count += 1
            # Both passes read all pieces.
            sandbox_io.report_progress(50 * begun_count // count)

    write_twice(lambda target: size.update(_mux(open_pieces, last_length, target)), sandbox_io)
    return json.dumps(size).encode()


def _mux(
    open_pieces: Callable[[], Iterator[RangeFile]], last_length: int, target: Target
) -> dict[str, int]:
    with ExitStack() as stack:
        out = stack.enter_context(av.open(target, "w", format="mp4"))
        stream: Any = None
        pending: Any = None
        for file in open_pieces():
            with open_with_demuxers(file, (PIECE_FORMAT,)) as piece:
                pictures = piece.streams.video[0]
                if stream is None:
                    stream = out.add_stream_from_template(pictures)
                    stream.time_base = pictures.time_base
                packets = piece.demux(pictures)
                while (packet := next_packet(packets)) is not None and packet.size:
                    if pending is not None:
                        _write(out, stream, pending, packet.pts - pending.pts)
                    pending = packet
                raise_if_read_failed(file)
        if pending is None:
            raise NoVideoStream
        _write(out, stream, pending, last_length)
        # The muxer writes the index when `out` is closed.
        target.begin_index()
        return {"width": stream.width, "height": stream.height}


def _write(out: Any, stream: Any, packet: Any, length: int) -> None:
    packet.duration, packet.stream = length, stream
    out.mux(packet)


def _last_length(clip: RangeFile) -> int:
    """Returns the length of the clip's last picture, in ticks."""
    with open_container(clip) as container:
        stream = container.streams.video[0]
        container.seek((stream.duration or 1) - 1, stream=stream)
        length = 1
        packets = container.demux(stream)
        while (packet := next_packet(packets)) is not None and packet.size:
            length = packet.duration or length
        raise_if_read_failed(clip)
    return length
