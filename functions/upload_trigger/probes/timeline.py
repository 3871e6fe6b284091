"""Finds the jumps of the time stamps of a video, by reading its packets once without decoding.

Recordings that were written one behind the other, DVDs and captures contain such jumps. The rule is
that of FFmpeg's program (ts_discontinuity_detect in ffmpeg_demux.c): the decoding time falls by
more than 0.1 s or, in containers whose clock may be reset, rises by more than 10 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from shared.errors import PermanentError
from shared.media.containers.demux import open_container, raise_if_read_failed
from shared.media.containers.joined_files import (
    find_joined_files,
    open_joined_files,
    rescale_packet,
)
from shared.media.containers.packets import is_start_packet, next_packet
from shared.media.containers.range_file import RangeFile
from shared.media.containers.video_streams import choose_video
from shared.recipes.discontinuities import Discontinuity, SeekPoint

MAX_BYTES = {"mpegts": 512 << 20, "mpeg": 512 << 20, "flv": 512 << 20, "ogg": 512 << 20,
             "matroska": 64 << 20}  # fmt: skip
"""The largest file of each container that is read completely. An MP4 has one table of times."""
MAX_DISCONTINUITIES = 256
MAX_SEEK_POINTS = 128
"""More would not fit the documents that store them; other keyframes are found by reading on."""
_BYTE_SEEKABLE = frozenset({"mpegts", "mpeg"})
"""Containers that can be read from the position of any packet."""
_FALL_S, _RISE_S = Fraction(1, 10), 10
_REORDERING_S = 2
"""In containers without decoding times: more than what the reordering of pictures allows."""
_HAS_DTS = frozenset({"mpegts", "mpeg", "flv"})
_CLOCK_MAY_RISE = frozenset({"mpegts", "mpeg", "ogg"})
"""The containers with AVFMT_TS_DISCONT in FFmpeg."""
_OGG_HEADERS = (b"OVP80", b"\x80theora", b"\x81theora", b"\x82theora")
"""The first bytes of packets without a picture, which begin each part of a chained Ogg."""


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
        first_start_pts: The first packet at which decoding can begin; None if there is none.
        missing_ticks: The length of the parts that precede the first keyframe behind a
            discontinuity.
        is_cut_short: There are more discontinuities than `MAX_DISCONTINUITIES`.
        joined_at: As in MediaInfo.
    """

    discontinuities: tuple[Discontinuity, ...] = ()
    seek_points: list[SeekPoint] = field(default_factory=list)
    end_pts: int | None = None
    first_start_pts: int | None = None
    missing_ticks: int = 0
    is_cut_short: bool = False
    joined_at: tuple[int, ...] = ()


def read_timeline(file: BinaryIO | RangeFile, size_bytes: int) -> Timeline:
    """Reads all packets of `file`, unless its container has no jumps or it is too large.

    Raises the errors of open_container and choose_video.
    """
    with open_container(file) as container:
        family = container.format.name.split(",")[0]
        if size_bytes > MAX_BYTES.get(family, 0):
            return Timeline()
        survey = _Survey(family, choose_video(container))
    joined_at = find_joined_files(file, size_bytes, family)
    for position, part in open_joined_files(file, joined_at):
        survey.begin_file(position)
        try:
            with open_container(part) as container:
                _add_packets(survey, container, choose_video(container))
        except PermanentError:
            if position == 0:
                raise
        raise_if_read_failed(file)
    return replace(survey.result(), joined_at=joined_at)


def _add_packets(survey: _Survey, container: InputContainer, stream: VideoStream) -> None:
    for other in container.streams.audio:
        other.discard = Discard.default
    for packet in _packets(container):
        if packet.stream.index == stream.index:
            survey.add_video(packet)
        elif packet.stream.type == "audio":
            survey.add_audio(packet)


def _packets(container: InputContainer) -> Iterator[Any]:
    packets: Iterator[Any] = container.demux()
    while True:
        try:
            packet = next_packet(packets)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError):
            return
        if packet is None:
            return
        if packet.size and not packet.is_discard:
            yield packet


class _Survey:
    def __init__(self, family: str, stream: VideoStream) -> None:
        base = stream.time_base or Fraction(1, 90_000)
        self._tick_s = Fraction(base.numerator, base.denominator)
        self._file_position = 0
        self._is_new_file = False
        self._has_dts = family in _HAS_DTS
        self._is_byte_seekable = family in _BYTE_SEEKABLE
        self._may_rise = family in _CLOCK_MAY_RISE
        rate = stream.average_rate
        self._frame_ticks = max(1, int(1 / (rate * self._tick_s))) if rate else 1
        self._parts: list[_Part] = [_Part(0, 0, 0)]
        self._points: list[SeekPoint] = []
        self._interval = 1
        self._start_count = 0
        self._first_start_pts: int | None = None
        # As in the file, without the shift.
        self._last_stamp: int | None = None
        self._end_pts: int | None = None
        self._audio_s: dict[int, Fraction] = {}
        self._audio_jumped = False
        self._is_cut_short = False

    def begin_file(self, position: int) -> None:
        """The next packets are those of a file that begins at `position`."""
        self._file_position, self._is_new_file = position, position > 0

    def add_audio(self, packet: Any) -> None:
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None:
            return
        time_s = stamp * Fraction(packet.time_base.numerator, packet.time_base.denominator)
        last_s = self._audio_s.get(packet.stream.index)
        if last_s is not None and abs(time_s - last_s) > _RISE_S:
            self._audio_jumped = True
        self._audio_s[packet.stream.index] = time_s

    def add_video(self, packet: Any) -> None:
        if packet.pts is None or bytes(memoryview(packet)[:7]).startswith(_OGG_HEADERS):
            return
        rescale_packet(packet, self._tick_s)
        position = None if packet.pos is None else self._file_position + packet.pos
        stamp = packet.dts if self._has_dts and packet.dts is not None else packet.pts
        if position is not None and self._end_pts is not None and self._is_jump(packet, stamp):
            self._is_new_file = False
            if len(self._parts) > MAX_DISCONTINUITIES:
                self._is_cut_short = True
            else:
                shift = self._end_pts - packet.pts
                self._parts.append(_Part(position, shift, self._end_pts))
                self._last_stamp = None
        pts = packet.pts + self._parts[-1].shift
        if self._last_stamp is None or self._has_dts:
            self._last_stamp = stamp
        else:
            self._last_stamp = max(self._last_stamp, stamp)
        end = pts + (packet.duration or self._frame_ticks)
        self._end_pts = end if self._end_pts is None else max(self._end_pts, end)
        self._audio_jumped = False
        if is_start_packet(packet):
            self._add_start(position, pts)

    def result(self) -> Timeline:
        """Returns the timeline after the last packet."""
        parts = self._parts[1:]
        begins = [part.begin_pts if part.first_pts is None else part.first_pts for part in parts]
        return Timeline(
            tuple(
                Discontinuity(part.position, part.shift, begin)
                for part, begin in zip(parts, begins, strict=True)
            ),
            self._points if parts else [],
            self._end_pts,
            self._first_start_pts,
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
            return self._may_rise and not self._is_gap(stamp)
        if self._has_dts or packet.is_keyframe:
            # No picture after a keyframe in decoding order may be shown before one that precedes
            # the keyframe (ITU-T H.264 §3.69, H.265 §3.74).
            return distance_s < -_FALL_S
        return distance_s < -_REORDERING_S

    def _is_gap(self, stamp: int) -> bool:
        """Whether sound goes on up to the picture: then there are no pictures in between."""
        time_s = stamp * self._tick_s
        return not self._audio_jumped and any(
            audio_s > time_s - _RISE_S for audio_s in self._audio_s.values()
        )

    def _add_start(self, position: int | None, pts: int) -> None:
        if self._parts[-1].first_pts is None:
            self._parts[-1].first_pts = pts
        if self._first_start_pts is None:
            self._first_start_pts = pts
        is_due = self._start_count % self._interval == 0
        self._start_count += 1
        if position is None or not is_due or not self._is_byte_seekable:
            return
        self._points.append(SeekPoint(position, pts))
        if len(self._points) > MAX_SEEK_POINTS:
            self._points = self._points[::2]
            self._interval *= 2
