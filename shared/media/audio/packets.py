"""Reads the packets of a sound; damaged parts of the container are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from shared.media.containers.demux import raise_if_read_failed

SoundPacket: TypeAlias = "Packet[AudioStream]"
_MAX_ERRORS = 200
"""Consecutive errors of the demuxer after which the file ends."""


def read_packets(
    container: InputContainer, stream: AudioStream, file: object
) -> Iterator[SoundPacket]:
    """Yields the packets of a stream, and at its end an empty one.

    Raises the error with which reading a RangeFile failed.
    """
    packets = container.demux(stream)
    error_count = 0
    while True:
        try:
            packet = next(packets, None)
        except av.error.InvalidDataError:
            raise_if_read_failed(file)
            error_count += 1
            if error_count > _MAX_ERRORS:
                return
            # An error ends the generator, not the file.
            packets = container.demux(stream)
            continue
        except (av.error.FFmpegError, IndexError, OSError) as error:
            if isinstance(error, MemoryError):
                raise
            packet = None  # the file ends here
        if packet is None:
            raise_if_read_failed(file)
            return
        error_count = 0
        yield packet
