"""The time stamps of the sound that is copied from a video, without their jumps."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from shared.media.containers.packets import next_packet
from shared.media.containers.time_stamps import TimestampCorrector
from shared.recipes.media_info import MediaInfo

_FALL_S, _RISE_S = Fraction(1, 10), 10
"""A larger step is a jump, as in upload_trigger/probes/timeline.py."""


def read_sound(container: Any, stream: Any, media_info: MediaInfo) -> Iterator[Any]:
    """Yields the packets of a sound stream in order, with times from the first picture.

    The sound follows the discontinuities of the pictures. A jump of the sound alone is removed.
    """
    base: Fraction = stream.time_base
    scale = media_info.video.time_base / base
    corrector = TimestampCorrector(media_info.discontinuities, scale)
    shifts = [round(item.shift * scale) for item in media_info.discontinuities]
    offset = round(media_info.first_pts.seconds / base)
    last = -1
    end: int | None = None
    shift, is_overlap = 0, False
    for packet in iter(partial(next_packet, container.demux(stream)), None):
        if not packet.size or packet.pts is None:
            continue
        stored = packet.pts - offset
        if not corrector.correct(packet):
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


def _is_jump(distance_s: Fraction) -> bool:
    return distance_s < -_FALL_S or distance_s > _RISE_S
