"""Finds the pictures with which scenes begin, in a sandbox process.

Frames that are a second apart also differ because something moves, so a large difference between
them is searched for a cut: two successive pictures of the video that differ as much. Where there is
none, pictures that are blends of two scenes are searched (`dissolves.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from functions.emotion_scoring.scenes.collector import CUT_CHANGE, CUT_RECORD
from functions.emotion_scoring.scenes.content import ContentMeter
from functions.emotion_scoring.scenes.dissolves import SmallPicture, find_dissolve, shrink
from shared.media.images.frame import PictureConverter
from shared.media.images.video_window import read_pictures
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo

_WIDTH_PX = 256
_LONGEST_PICTURE_S = Fraction(1, 2)
"""A picture that is shown when a range begins is searched in this time before it."""
_MIN_STEP_S = Fraction(1, 32)
"""Of a dissolve, pictures that follow sooner are left out."""
_INCLUDED_S = Fraction(1, 1000)
"""A picture at the end of a range belongs to it."""


def find_cuts_in_sandbox(
    sandbox_io: SandboxIO, media_info: MediaInfo, ranges: Sequence[tuple[Fraction, Fraction]]
) -> bytes:
    """Writes a CUT_RECORD for each picture of the ranges that differs as much as two scenes from
    the one before.

    Args:
        ranges: In seconds from the first picture of the video. The picture at the begin of a range
            does not belong to it.
    """
    converter: PictureConverter | None = None
    for number, (begin, end) in enumerate(ranges):
        meter = ContentMeter()
        first = max(Fraction(0), begin - _LONGEST_PICTURE_S)
        pictures = read_pictures(sandbox_io.file, media_info, first, end + _INCLUDED_S)
        for time, frame, shape in pictures:
            converter = converter or PictureConverter(media_info.video, _WIDTH_PX)
            change = meter.measure(converter.convert(frame, shape)).change
            if time > begin and change is not None and change >= CUT_CHANGE:
                sandbox_io.write(CUT_RECORD.pack(number, time.numerator, time.denominator))
    return b""


def find_dissolves_in_sandbox(
    sandbox_io: SandboxIO, media_info: MediaInfo, ranges: Sequence[tuple[Fraction, Fraction]]
) -> bytes:
    """Writes a CUT_RECORD for each range in which a scene gives way to another one gradually.

    Args:
        ranges: In seconds from the first picture of the video.
    """
    converter: PictureConverter | None = None
    for number, (begin, end) in enumerate(ranges):
        times: list[Fraction] = []
        pictures: list[SmallPicture] = []
        for time, frame, shape in read_pictures(sandbox_io.file, media_info, begin, end):
            if times and time - times[-1] < _MIN_STEP_S:
                continue
            converter = converter or PictureConverter(media_info.video, _WIDTH_PX)
            times.append(time)
            pictures.append(shrink(converter.convert(frame, shape)))
        found = find_dissolve(times, pictures)
        if found is not None:
            sandbox_io.write(CUT_RECORD.pack(number, found.numerator, found.denominator))
    return b""
