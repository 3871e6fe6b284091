"""When the captions in a video change: which are shown with a picture, and which pictures are
repeated. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

from shared.subtitles.cues import Cue

_MAX_LATE_S = Fraction(1, 20)
"""Captions may appear and disappear this much late; otherwise the picture is repeated."""
PROGRESS_STEPS = 1000
"""The progress of a window that is done."""
PictureT = TypeVar("PictureT")


class CaptionTimes:
    """The captions of a video, by time in seconds from the first picture."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        self._cues = cues
        self._starts = [Fraction(cue.start_ms, 1000) for cue in cues]
        ends = (Fraction(cue.end_ms, 1000) for cue in cues)
        self._changes = sorted({*self._starts, *ends})

    def lines_at(self, time: Fraction) -> tuple[str, ...]:
        """Returns the lines that are shown at a time; none between captions."""
        number = bisect_right(self._starts, time) - 1
        if number < 0 or time * 1000 >= self._cues[number].end_ms:
            return ()
        return self._cues[number].lines

    def repeat_pictures(
        self,
        pictures: Iterable[tuple[Fraction, PictureT]],
        end: Fraction | None,
        duration: Fraction,
    ) -> Iterator[tuple[Fraction, PictureT]]:
        """Yields the pictures of a window with their times. One that is shown for long is repeated
        at each change of the captions.

        Args:
            pictures: Those of the window, and the first one after it.
            end: The end of the window; None for the last one.
            duration: That of the video. Its last picture is shown until then.
        """
        shown: tuple[Fraction, PictureT] | None = None
        for time, picture in pictures:
            if shown is not None:
                yield from self._repeat(*shown, time)
            if end is not None and time >= end:
                return
            shown = (time, picture)
            yield shown
        if shown is not None:
            yield from self._repeat(*shown, duration)

    def _repeat(
        self, shown_at: Fraction, picture: PictureT, until: Fraction
    ) -> Iterator[tuple[Fraction, PictureT]]:
        first = bisect_right(self._changes, shown_at)
        for change in self._changes[first:]:
            if until - change <= _MAX_LATE_S:
                return
            yield change, picture
