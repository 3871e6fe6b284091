"""Finds the pictures with which scenes begin, in a sandbox process.

Frames that are a second apart also differ because something moves, so a large difference between
them is searched for a cut: two successive pictures of the video that differ as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from functions.emotion_scoring.scenes.collector import CUT_CHANGE, CUT_RECORD
from functions.emotion_scoring.scenes.content import ContentMeter
from shared.media.images.frame import PictureConverter
from shared.media.images.video_window import read_pictures
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo

_WIDTH_PX = 256
_LONGEST_PICTURE_S = Fraction(1, 2)
"""A picture that is shown when a range begins is searched in this time before it."""
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
