"""The sound of the annotated video: packets of the source, copied or converted.

The sound follows the discontinuities of the pictures. A jump of the sound alone is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from av.container import InputContainer

from functions.emotion_scoring.video.sound_conversion import (
    TimedPacket,
    convert_sound,
    find_stream,
)
from functions.emotion_scoring.video.sound_track import SoundTrack
from shared.media.audio.edits import find_empty_edits
from shared.media.containers.demux import next_packet, open_container, raise_if_read_failed
from shared.media.containers.joined_files import open_joined_files, rescale_packet
from shared.media.containers.range_file import RangeFile
from shared.media.containers.time_stamps import TimestampCorrector
from shared.recipes.media_info import MediaInfo

_FALL_S, _RISE_S = Fraction(1, 10), 10
"""A larger step is a jump, as in upload_trigger/probes/timeline.py."""


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
    if track.is_copied and not (is_mov and find_empty_edits(file, stream.id).ranges):
        base = Fraction(stream.time_base or 0)
        return _copy(file, media_info, stream.index, base, out.add_stream_from_template(stream))
    return convert_sound(file, media_info, stream, out)


def _copy(
    file: RangeFile, media_info: MediaInfo, index: int, base: Fraction, target: Any
) -> Iterator[TimedPacket]:
    for packet in _packets_without_jumps(file, base, media_info, index):
        packet.stream = target
        yield packet.pts * base, 1, packet


def _packets_without_jumps(
    file: RangeFile, base: Fraction, media_info: MediaInfo, index: int
) -> Iterator[Any]:
    """Yields the packets of the stream `index` in order, in ticks of `base`, with times from the
    first picture."""
    scale = media_info.video.time_base / base
    corrector = TimestampCorrector(media_info.discontinuities, scale)
    shifts = [round(item.shift * scale) for item in media_info.discontinuities]
    offset = round(media_info.first_pts.seconds / base)
    last = -1
    end: int | None = None
    shift, is_overlap = 0, False
    for position, packet in _stored_packets(file, media_info, index):
        rescale_packet(packet, base)
        stored = packet.pts - offset
        if not corrector.correct(packet, position):
            continue
        if corrector.is_after_jump:
            # The sound of a recording may end after its pictures.
            shift, is_overlap = 0, True
        time = packet.pts - offset + shift
        if not is_overlap and end is not None and _is_jump((time - end) * base):
            # Sound may precede the first picture behind a discontinuity.
            times = (stored + other for other in shifts)
            near = next((other for other in times if not _is_jump((other - end) * base)), None)
            shift += 0 if near is not None else end - time
            time = end if near is None else near
        if time <= last:
            continue
        last, end, is_overlap = time, time + (packet.duration or 0), False
        packet.pts = packet.dts = time
        yield packet


def _stored_packets(
    file: RangeFile, media_info: MediaInfo, index: int
) -> Iterator[tuple[int, Any]]:
    """Yields the packets of all joined files, with the positions at which their files begin."""
    for position, part in open_joined_files(file, media_info.joined_at):
        with open_container(part) as container:
            stream = find_stream(container, index)
            if stream is None:
                continue
            packets: Any = container.demux(stream)
            for packet in iter(partial(next_packet, packets), None):
                if packet.size and packet.pts is not None:
                    yield position, packet
        raise_if_read_failed(file)


def _is_jump(distance_s: Fraction) -> bool:
    return distance_s < -_FALL_S or distance_s > _RISE_S
