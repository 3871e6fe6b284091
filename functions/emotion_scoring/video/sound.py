"""The time stamps of the sound that is copied from a video, without their jumps."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from av.stream import Discard

from shared.media.containers.demux import open_container, raise_if_read_failed
from shared.media.containers.joined_files import open_joined_files, rescale_packet
from shared.media.containers.packets import next_packet
from shared.media.containers.range_file import RangeFile
from shared.media.containers.time_stamps import TimestampCorrector
from shared.recipes.media_info import MediaInfo

_FALL_S, _RISE_S = Fraction(1, 10), 10
"""A larger step is a jump, as in upload_trigger/probes/timeline.py."""


def read_sound(file: RangeFile, base: Fraction, media_info: MediaInfo) -> Iterator[Any]:
    """Yields the packets of the first sound stream in order, with times from the first picture.

    The sound follows the discontinuities of the pictures. A jump of the sound alone is removed.

    Args:
        file: The video.
        base: The time base of the stream.
        media_info: The facts of the video.

    Raises:
        MoodreelError: reading the file failed.
    """
    scale = media_info.video.time_base / base
    corrector = TimestampCorrector(media_info.discontinuities, scale)
    shifts = [round(item.shift * scale) for item in media_info.discontinuities]
    offset = round(media_info.first_pts.seconds / base)
    last = -1
    end: int | None = None
    shift, is_overlap = 0, False
    for position, packet in _stored_packets(file, media_info):
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


def _stored_packets(file: RangeFile, media_info: MediaInfo) -> Iterator[tuple[int, Any]]:
    """Yields the packets of all joined files, with the positions at which their files begin."""
    for position, part in open_joined_files(file, media_info.joined_at):
        with open_container(part) as container:
            for other in container.streams:
                other.discard = Discard.all
            for audio in container.streams.audio[:1]:
                audio.discard = Discard.default
                packets: Any = container.demux(audio)
                for packet in iter(partial(next_packet, packets), None):
                    if packet.size and packet.pts is not None:
                        yield position, packet
        raise_if_read_failed(file)


def _is_jump(distance_s: Fraction) -> bool:
    return distance_s < -_FALL_S or distance_s > _RISE_S
