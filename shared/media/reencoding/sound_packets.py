"""The packets of a video's sound, in order and without jumps of the time stamps.

The sound follows the discontinuities of the pictures. A jump of the sound alone is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from shared.errors import PermanentError
from shared.media.audio.packets import read_packets
from shared.media.containers.demux import open_container
from shared.media.containers.joined_files import open_joined_files, rescale_packet
from shared.media.containers.range_file import RangeFile
from shared.media.containers.time_stamps import TimestampCorrector
from shared.recipes.media_info import MediaInfo

_FALL_S, _RISE_S = Fraction(1, 10), 10
"""A larger step is a jump, as in upload_trigger/probes/timelines/timeline.py."""


def find_stream(container: InputContainer, index: int) -> AudioStream | None:
    """Returns the sound stream `index`, or the first one if there is none, and discards the others.
    A joined file may have other streams than the first one."""
    streams = container.streams.audio
    stream = next((item for item in streams if item.index == index), None)
    stream = stream or (streams[0] if streams else None)
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    return stream


def read_sound_packets(
    file: RangeFile, media_info: MediaInfo, index: int, base: Fraction
) -> Iterator[tuple[int, Any]]:
    """Yields the number of the part between two discontinuities, and the packet.

    Packets are those of the stream `index` of all joined files, in ticks of `base`, with times from
    the first picture. The last one of each file is empty.
    """
    scale = media_info.video.time_base / base
    corrector = TimestampCorrector(media_info.discontinuities, scale)
    shifts = [round(item.shift * scale) for item in media_info.discontinuities]
    offset = round(media_info.first_pts.seconds / base)
    number, last = 0, -1
    end: int | None = None
    shift, is_overlap = 0, False
    for position, packet in _stored_packets(file, media_info, index):
        if not packet.size:
            yield number, packet
            continue
        rescale_packet(packet, base)
        stored = packet.pts - offset
        if not corrector.correct(packet, position):
            continue
        if corrector.is_after_jump:
            # The sound of a recording may end after its pictures.
            number, shift, is_overlap = number + 1, 0, True
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
        yield number, packet


def _stored_packets(
    file: RangeFile, media_info: MediaInfo, index: int
) -> Iterator[tuple[int, Any]]:
    """Yields the packets of all joined files, with the positions at which their files begin."""
    for position, part in open_joined_files(file, media_info.joined_at):
        try:
            with open_container(part) as container:
                stream = find_stream(container, index)
                if stream is None:
                    continue
                for packet in read_packets(container, stream, part):
                    if packet.pts is not None or not packet.size:
                        yield position, packet
        except PermanentError:
            # A part that cannot be opened has no pictures either.
            if not position:
                raise


def _is_jump(distance_s: Fraction) -> bool:
    return distance_s < -_FALL_S or distance_s > _RISE_S
