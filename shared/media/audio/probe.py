"""Opens untrusted sound: known demuxers only, one stream, a limited rate and channel count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from shared.media.containers.demux import open_with_demuxers, raise_if_read_failed
from shared.media.containers.file_head import PLAYLIST_SIGNATURES
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    EmptyFile,
    NoSound,
    NotASound,
    PlaylistRefused,
    UndecodableSound,
)
from shared.media.limits import MAX_STREAMS

DEMUXERS = (
    "mp3", "wav", "w64", "aiff", "flac", "ogg", "aac", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm",
)  # fmt: skip
RATES_HZ = range(4_000, 192_001)
MAX_CHANNELS = 8
MAX_DAMAGED_PACKETS = 200
"""Consecutive damaged packets. Single damaged packets are skipped; more are not a sound."""
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SoundHeader:
    """The properties of a sound. `duration` is in seconds as the file declares it, or None."""

    codec: str
    rate_hz: int
    channels: int
    duration: Fraction | None


@contextmanager
def open_sound(file: BinaryIO | RangeFile) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Yields the container and its sound stream; all other streams are switched off.

    Raises:
        PermanentError: One that names the cause.
        Exception: The error with which reading a RangeFile failed.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head:
        raise EmptyFile
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(PLAYLIST_SIGNATURES):
        raise PlaylistRefused("This is a playlist that points to other files; upload the sound.")
    file.seek(0)
    try:
        container = open_with_demuxers(file, DEMUXERS)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise NotASound from error
    try:
        yield container, _choose_stream(container)
    finally:
        container.close()


def _choose_stream(container: InputContainer) -> AudioStream:
    if len(container.streams) > MAX_STREAMS:
        raise NotASound(f"The file has {len(container.streams)} streams; that is no sound file.")
    streams = container.streams.audio
    if not streams:
        raise NoSound
    best = container.streams.best("audio")
    stream = best if isinstance(best, AudioStream) else streams[0]
    codec: Any = getattr(stream, "codec_context", None)
    if codec is None:
        raise UndecodableSound("The sound is in a codec that we cannot decode.")
    if codec.sample_rate not in RATES_HZ or not 1 <= codec.channels <= MAX_CHANNELS:
        raise NotASound(
            f"The sound has {codec.channels} channels at {codec.sample_rate} Hz; up to "
            f"{MAX_CHANNELS} channels at {RATES_HZ.start} to {RATES_HZ.stop - 1} Hz can be read."
        )
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def read_sound_header(container: InputContainer, stream: AudioStream) -> SoundHeader:
    """Returns the properties that the file declares."""
    duration = None
    if stream.duration and stream.time_base:
        duration = stream.duration * stream.time_base
    elif container.duration:
        duration = Fraction(container.duration, 1_000_000)
    codec = stream.codec_context
    return SoundHeader(codec.name, codec.sample_rate, codec.channels, duration)


def probe_sound(file: BinaryIO | RangeFile) -> SoundHeader:
    """Returns the properties of a sound after decoding its first frame.

    Raises UndecodableSound, and the errors of `open_sound`.
    """
    with open_sound(file) as (container, stream):
        header = read_sound_header(container, stream)
        if next(decode_frames(container, stream, file), None) is None:
            raise UndecodableSound
    return header


def decode_frames(
    container: InputContainer, stream: AudioStream, file: object
) -> Iterator[av.AudioFrame]:
    """Yields the stream's frames in order, without damaged ones. Raises UndecodableSound."""
    damaged = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            packet = None  # the file ends here
        if packet is None:
            raise_if_read_failed(file)
            return
        try:
            frames = packet.decode()
        except av.error.EOFError:
            continue
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            damaged += 1
            if damaged > MAX_DAMAGED_PACKETS:
                raise UndecodableSound from error
            continue
        except (NotImplementedError, ValueError) as error:
            raise UndecodableSound from error
        for frame in frames:
            damaged = 0
            # Time stamps of files are untrusted: without them frames follow each other.
            frame.pts = None
            yield frame
