"""Builds the timeline of a video from its packets: times without jumps.

Recordings that were written one behind the other, DVDs and captures contain jumps of the time
stamps. The rule is that of FFmpeg's program (ts_discontinuity_detect in ffmpeg_demux.c): the
decoding time falls by more than 0.1 s or, in containers whose clock may be reset, rises by more
than 10 s. In other containers a picture is not shown for longer than an hour, unless sound goes on:
the clock of the recorder was set.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from shared.media.codecs.keyframes import is_start_packet
from shared.media.containers.decode import is_ogg_header
from shared.media.containers.joined_files import rescale_packet
from shared.media.containers.time_stamps import StampedPictures
from shared.recipes.discontinuities import Discontinuity, SeekPoint

MAX_DISCONTINUITIES = 256
MAX_SEEK_POINTS = 128
"""More would not fit the documents that store them; other keyframes are found by reading on."""
BYTE_SEEKABLE = frozenset({"mpegts", "mpeg"})
"""Containers that can be read from the position of any packet."""
_FALL_S, _RISE_S = Fraction(1, 10), 10
MAX_PICTURE_S = 3600
"""The longest time for which a picture is shown without sound."""
_REORDERING_S = 2
"""In containers without decoding times: more than what the reordering of pictures allows."""
_REORDERED_PICTURES = 4
"""A fall is one below all of so many earlier pictures. Pictures that a decoder needs first, such as
those of a pyramid of B pictures, may come behind a pause that later packets precede."""
_HAS_DTS = frozenset({"mpegts", "mpeg", "flv"})
_CLOCK_MAY_RISE = frozenset({"mpegts", "mpeg", "ogg"})
"""The containers with AVFMT_TS_DISCONT in FFmpeg."""


@dataclass
class _Part:
    """The packets between two discontinuities. `first_pts` is None until a picture can be
    decoded."""

    position: int
    shift: int
    begin_pts: int
    first_pts: int | None = None


@dataclass
class Timeline:
    """The times of a video, in ticks, without the discontinuities.

    Attributes:
        end_pts: The end of the last picture.
        picture_ticks: The mean distance of pictures in a file in which some have no time stamp;
            None if all have one.
        first_keyframe_pts: The first keyframe, which may begin a gradual refresh; None if there is
            none.
        missing_ticks: The length of the parts that precede the first keyframe behind a
            discontinuity.
        is_cut_short: There are more discontinuities than `MAX_DISCONTINUITIES`.
        joined_at: As in MediaInfo.
        left_out_count: The number of joined files in which no picture can be read.
        has_unread_jump: There are discontinuities in a file that is too large to find them all.
    """

    discontinuities: tuple[Discontinuity, ...] = ()
    seek_points: list[SeekPoint] = field(default_factory=list)
    end_pts: int | None = None
    picture_ticks: Fraction | None = None
    first_keyframe_pts: int | None = None
    missing_ticks: int = 0
    is_cut_short: bool = False
    joined_at: tuple[int, ...] = ()
    left_out_count: int = 0
    has_unread_jump: bool = False


class TimelineBuilder:
    """Builds a Timeline from the packets of a video, in the order of the file.

    Args:
        family: FFmpeg's name of the container.
        tick_s: The time base of the stream.
        frame_ticks: The length of a picture that does not say it; 0 if it is not known.

    Attributes:
        family: FFmpeg's name of the container.
        last_position: The position of the last packet with a picture, in bytes.
        packet_count: The number of packets with a picture.
    """

    def __init__(self, family: str, tick_s: Fraction, frame_ticks: int) -> None:
        self._tick_s = tick_s
        self.last_position = 0
        self.packet_count = 0
        self._file_position = 0
        self._is_new_file = False
        self.family = family
        self._has_dts = family in _HAS_DTS
        self._may_rise = family in _CLOCK_MAY_RISE
        self._frame_ticks = frame_ticks or 1
        self._is_measured = not frame_ticks
        self._parts: list[_Part] = [_Part(0, 0, 0)]
        self._points: list[SeekPoint] = []
        self._interval = 1
        self._start_count = 0
        self._first_keyframe_pts: int | None = None
        # As in the file, without the shift.
        self._last_stamp: int | None = None
        self._largest_stamps: list[int] = []
        self._end_pts: int | None = None
        self._pictures = StampedPictures()
        self._audio_s: dict[int, Fraction] = {}
        self._audio_jumped = False
        self._is_cut_short = False

    def begin_file(self, position: int) -> None:
        """The next packets are those of a file that begins at `position`."""
        self._file_position, self._is_new_file = position, position > 0

    def add_audio(self, packet: Any) -> None:
        """Adds a packet of a sound stream."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None:
            return
        time_s = stamp * Fraction(packet.time_base.numerator, packet.time_base.denominator)
        last_s = self._audio_s.get(packet.stream.index)
        if last_s is not None and abs(time_s - last_s) > _RISE_S:
            self._audio_jumped = True
        self._audio_s[packet.stream.index] = time_s

    def add_video(self, packet: Any) -> None:
        """Adds a packet of the video stream."""
        if is_ogg_header(packet):
            return
        if packet.pts is None:
            self._pictures.add(None, None)
            return
        if self._file_position:
            rescale_packet(packet, self._tick_s)
        position = None if packet.pos is None else self._file_position + packet.pos
        self.last_position, self.packet_count = (
            position or self.last_position,
            self.packet_count + 1,
        )
        stamp = packet.dts if self._has_dts and packet.dts is not None else packet.pts
        if position is not None and self._end_pts is not None and self._is_jump(packet, stamp):
            self._is_new_file = False
            if len(self._parts) > MAX_DISCONTINUITIES:
                self._is_cut_short = True
            else:
                shift = self._end_pts - packet.pts
                # Where only the clock was set, pictures refer to those before the jump.
                is_same_stream = not self._may_rise and shift < 0
                first_pts = self._end_pts if is_same_stream else None
                self._parts.append(_Part(position, shift, self._end_pts, first_pts))
                self._last_stamp = None
                self._largest_stamps.clear()
        pts = packet.pts + self._parts[-1].shift
        dts = None if packet.dts is None else packet.dts + self._parts[-1].shift
        self._pictures.add(pts, dts)
        # Without durations: the time from one picture to the next in decoding order.
        step = 0 if self._last_stamp is None or not self._has_dts else stamp - self._last_stamp
        if self._last_stamp is None or self._has_dts:
            self._last_stamp = stamp
        else:
            self._last_stamp = max(self._last_stamp, stamp)
        insort(self._largest_stamps, stamp)
        del self._largest_stamps[:-_REORDERED_PICTURES]
        if packet.duration and packet.duration * self._tick_s <= MAX_PICTURE_S:
            # An MP4 has the time up to the next picture, also where that is after a jump.
            self._frame_ticks = packet.duration
        elif self._is_measured and step > 0:
            self._frame_ticks = step
        end = pts + self._frame_ticks
        self._end_pts = end if self._end_pts is None else max(self._end_pts, end)
        self._audio_jumped = False
        if packet.is_keyframe:
            self._add_keyframe(packet, position, pts)

    def result(self) -> Timeline:
        """Returns the timeline after the last packet."""
        parts = self._parts[1:]
        distance = self._pictures.distance
        begins = [part.begin_pts if part.first_pts is None else part.first_pts for part in parts]
        return Timeline(
            tuple(
                Discontinuity(part.position, part.shift, begin)
                for part, begin in zip(parts, begins, strict=True)
            ),
            self._points if parts else [],
            self._end_pts if distance is None else self._pictures.end(distance),
            distance,
            self._first_keyframe_pts,
            sum(begin - part.begin_pts for part, begin in zip(parts, begins, strict=True)),
            self._is_cut_short,
        )

    def _is_jump(self, packet: Any, stamp: int) -> bool:
        if self._is_new_file:
            return True
        if self._last_stamp is None:
            return False
        distance_s = (stamp - self._last_stamp) * self._tick_s
        if distance_s > _RISE_S:
            max_rise_s = _RISE_S if self._may_rise else MAX_PICTURE_S
            return distance_s > max_rise_s and not self._is_gap(stamp)
        if self._has_dts or packet.is_keyframe:
            # No picture after a keyframe in decoding order may be shown before one that precedes
            # the keyframe (ITU-T H.264 §3.69, H.265 §3.74).
            return distance_s < -_FALL_S
        if len(self._largest_stamps) < _REORDERED_PICTURES:
            return False
        return (stamp - self._largest_stamps[0]) * self._tick_s < -_REORDERING_S

    def _is_gap(self, stamp: int) -> bool:
        """Whether sound goes on up to the picture: then there are no pictures in between."""
        time_s = stamp * self._tick_s
        return not self._audio_jumped and any(
            audio_s > time_s - _RISE_S for audio_s in self._audio_s.values()
        )

    def _add_keyframe(self, packet: Any, position: int | None, pts: int) -> None:
        if self._parts[-1].first_pts is None:
            self._parts[-1].first_pts = pts
        if self._first_keyframe_pts is None:
            self._first_keyframe_pts = pts
        if position is None or self.family not in BYTE_SEEKABLE or not is_start_packet(packet):
            return
        if self._start_count % self._interval == 0:
            self._points.append(SeekPoint(position, pts))
        self._start_count += 1
        if len(self._points) > MAX_SEEK_POINTS:
            self._points = self._points[::2]
            self._interval *= 2
