"""The sound of a video that is encoded again: packets of the source, copied or converted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from shared.errors import PermanentError
from shared.media.audio.edits import find_empty_edits
from shared.media.audio.packets import read_packets
from shared.media.containers.demux import open_container, raise_if_read_failed
from shared.media.containers.joined_files import open_joined_files
from shared.media.containers.range_file import RangeFile
from shared.media.reencoding.sound_conversion import TimedPacket, convert_sound
from shared.media.reencoding.sound_packets import find_stream, read_sound_packets
from shared.media.reencoding.sound_track import SoundTrack
from shared.recipes.media_info import MediaInfo

_BYTE_SEEKABLE = frozenset({"mpegts", "mpeg"})
"""Containers in which recordings can follow each other without a new file."""
_MAX_PACKETS_TO_FRAME = 50


def read_sound(
    container: InputContainer, file: RangeFile, media_info: MediaInfo, track: SoundTrack, out: Any
) -> Iterator[TimedPacket]:
    """Adds the stream to `out` and returns its packets, with times from the first picture.

    Args:
        container: `file`, opened.
    """
    stream = next(item for item in container.streams.audio if item.index == track.index)
    is_mov = container.format.name.startswith("mov")
    # FFmpeg has sound where an empty edit of an MP4 asks for silence.
    has_empty_edits = is_mov and find_empty_edits(file, stream.id).ranges
    if track.is_copied and not has_empty_edits and _is_uniform(file, media_info, stream):
        return _copy(file, media_info, stream, out.add_stream_from_template(stream))
    return convert_sound(file, media_info, stream, out)


def _is_uniform(file: RangeFile, media_info: MediaInfo, stream: AudioStream) -> bool:
    """Whether the sound of all recordings has the codec and the settings of `stream`: a track of an
    MP4 has one description."""
    if media_info.container in _BYTE_SEEKABLE and not media_info.joined_at:
        return len(set(_read_forms(file, media_info, stream.index))) <= 1
    expected = _settings(stream)
    for position, part in open_joined_files(file, media_info.joined_at):
        if not position:
            continue
        try:
            with open_container(part) as container:
                other = find_stream(container, stream.index)
                if other is not None and _settings(other) != expected:
                    return False
        except PermanentError:
            continue
    return True


def _read_forms(file: RangeFile, media_info: MediaInfo, index: int) -> Iterator[tuple[int, str]]:
    """Yields the rate and the layout of the first frame behind the start and each discontinuity."""
    positions = [item.position for item in media_info.discontinuities]
    if not positions:
        return
    with open_container(file) as container:
        stream = find_stream(container, index)
        if stream is None:
            return
        for position in (0, *positions):
            with suppress(av.error.FFmpegError, OSError):
                container.seek(position, unsupported_byte_offset=True)
            raise_if_read_failed(file)
            frames = _decode_some(container, stream, file)
            yield from ((frame.sample_rate, frame.layout.name) for frame in islice(frames, 1))


def _decode_some(
    container: InputContainer, stream: AudioStream, file: RangeFile
) -> Iterator[AudioFrame]:
    for packet in islice(read_packets(container, stream, file), _MAX_PACKETS_TO_FRAME):
        with suppress(av.error.InvalidDataError, av.error.EOFError):
            yield from packet.decode()


def _settings(stream: AudioStream) -> tuple[object, ...]:
    try:
        context = stream.codec_context
    except (AttributeError, RuntimeError):
        return ()
    return context.name, context.sample_rate, context.channels, context.extradata


def _copy(
    file: RangeFile, media_info: MediaInfo, source: AudioStream, target: Any
) -> Iterator[TimedPacket]:
    base = Fraction(source.time_base or 0)
    for _, packet in read_sound_packets(file, media_info, source.index, base):
        if packet.size:
            packet.stream = target
            yield packet.pts * base, 1, packet
