"""The shape of each picture of a video: which part is shown, and the shape of its pixels.

Both can change within a video: an MP4 has several sample descriptions, a transport stream another
sequence header. Decoders return pictures later than they read the headers, so that changes are
recorded by the time of the packet from which they apply.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import Protocol

from av.packet import Packet
from av.video.stream import VideoStream

from shared.media.geometry.visual_track import VisualTrack
from shared.recipes.picture_shape import NO_CROP, PictureShape

_ASPECTS = (Fraction(1, 8), Fraction(8))
"""Aspects outside this range are implausible."""


class SupportsRational(Protocol):
    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


def plausible_aspect(value: SupportsRational | None) -> Fraction | None:
    """Returns the width of a pixel over its height; None when it is unknown or implausible."""
    if value is None or value.numerator <= 0 or value.denominator <= 0:
        return None
    aspect = Fraction(value.numerator, value.denominator)
    return aspect if _ASPECTS[0] < aspect < _ASPECTS[1] else None


class PictureShapes:
    """The shapes of the pictures of a stream, as far as its packets were decoded.

    Args:
        shape: What was found at the beginning of the stream. None if it was not examined: then the
            stream's headers are followed.
        stream: The stream, before its first packet was decoded.
        track: The track of an MP4 or MOV.

    Attributes:
        stream: The stream.
    """

    def __init__(
        self, shape: PictureShape | None, stream: VideoStream, track: VisualTrack | None
    ) -> None:
        self.stream = stream
        self._context = stream.codec_context
        self._first_aspect = plausible_aspect(self._context.sample_aspect_ratio)
        self._initial = shape or PictureShape(self._first_aspect or Fraction(1), NO_CROP)
        is_needed = track is not None and (shape is None or len(track.entries) > 1)
        self._track = track if is_needed else None
        # A container that contradicts the stream's own headers prevails.
        self._follows_headers = self._first_aspect in (None, self._initial.sample_aspect)
        # As PyAV gives it, to compare each packet's quickly.
        self._last_aspect: SupportsRational | None = None
        self._times: list[int] = []
        self._shapes: list[PictureShape] = []

    def covers(self, pts: int) -> bool:
        """Whether a picture of this stream was decoded that is shown at `pts` or before."""
        return bool(self._times) and self._times[0] <= pts

    def at(self, pts: int | None) -> PictureShape:
        """Returns the shape of the picture that is shown at `pts`, in ticks."""
        if not self._shapes:
            return self._initial
        if pts is None:
            return self._shapes[-1]
        return self._shapes[max(0, bisect_right(self._times, pts) - 1)]

    def record(self, packet: Packet[VideoStream]) -> None:
        """Records the shape of a packet's picture, after the decoder has read the packet."""
        aspect = self._context.sample_aspect_ratio
        is_known = self._track is None and len(self._shapes) == 1 and aspect == self._last_aspect
        if packet.pts is None or is_known:
            return
        self._last_aspect = aspect
        shape = self._current(packet.pos)
        if self._shapes and self.at(packet.pts) == shape:
            return
        n = bisect_right(self._times, packet.pts)
        self._times.insert(n, packet.pts)
        self._shapes.insert(n, shape)

    def _current(self, offset: int | None) -> PictureShape:
        aspect = plausible_aspect(self._context.sample_aspect_ratio)
        if self._track is not None:
            entry = self._track.entry_at(offset, self._context.width, self._context.height)
            return PictureShape(entry.sample_aspect or aspect or Fraction(1), entry.crop)
        if aspect == self._first_aspect or not self._follows_headers:
            return self._initial
        return PictureShape(aspect or Fraction(1), self._initial.crop)


class JoinedShapes:
    """The shapes of the pictures of joined files, in their order."""

    def __init__(self) -> None:
        self._files: list[PictureShapes] = []

    def append(self, shapes: PictureShapes) -> None:
        """Adds the shapes of the next file."""
        self._files.append(shapes)

    def record(self, packet: Packet[VideoStream]) -> None:
        """Records the shape of a packet's picture, after the decoder has read the packet."""
        for shapes in self._files:
            if shapes.stream is packet.stream:
                shapes.record(packet)

    def at(self, pts: int | None) -> PictureShape:
        """Returns the shape of the picture that is shown at `pts`, in ticks."""
        if pts is None:
            return self._files[-1].at(None)
        for shapes in reversed(self._files):
            if shapes.covers(pts):
                return shapes.at(pts)
        return self._files[0].at(pts)
