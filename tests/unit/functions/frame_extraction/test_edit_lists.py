"""Edit lists that begin within a video: the first picture is the one at their start."""

from __future__ import annotations

from fractions import Fraction

import pytest

from shared.recipes.frames.options import FrameOptions
from tests.corpus.combinations.case import Case, Damage, Geometry, Gop, Timing
from tests.corpus.combinations.colours import Colour
from tests.corpus.combinations.encode import encode_case
from tests.corpus.combinations.expected import find_faults
from tests.corpus.outcome import extract_frames, process_file
from tests.fixtures.media.clips import ClipSpec

COUNT, RATE = 20, 10
CODECS = {
    "Cinepak": ("mov", "cinepak", "rgb24", ()),
    "QuickTime Animation": ("mov", "qtrle", "rgb24", (("g", "250"),)),
    "Sorenson": ("mov", "svq1", "yuv410p", (("g", "250"),)),
    # FFmpeg's parser moves the marks of the pictures that are left out.
    "MPEG-1": ("mp4", "mpeg1video", "yuv420p", (("g", "6"), ("bf", "1"))),
    "MPEG-1 without B pictures": ("mp4", "mpeg1video", "yuv420p", (("g", "6"),)),
    "MPEG-2": ("mp4", "mpeg2video", "yuv420p", (("g", "6"), ("bf", "1"))),
    "H.264": ("mp4", "libx264", "yuv420p", (("preset", "ultrafast"), ("g", "6"), ("bf", "1"))),
}


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("skipped", [1, 6, 7])
def test_first_picture_is_the_one_at_the_start_of_the_edit_list(name: str, skipped: int) -> None:
    suffix, codec, pix_fmt, options = CODECS[name]
    rate = 25 if "MPEG" in name else RATE
    spec = ClipSpec(suffix, codec, COUNT, Fraction(1, rate), options=options, pix_fmt=pix_fmt,
        offset_s=Fraction(-skipped, rate), width=128, height=96)  # fmt: skip

    outcome = process_file(spec.encode().path.read_bytes(), str(Fraction(1, rate)))

    assert outcome.counters == tuple(range(skipped, COUNT))


@pytest.mark.parametrize("skipped", [1, 6, 7])
def test_picture_that_refers_to_one_before_the_edit_list_is_right(skipped: int) -> None:
    """FFmpeg marks all pictures of Apple Video as keyframes, also those that refer to others."""
    case = Case(
        number=0,
        container_name="mov",
        codec_name="rpza",
        pix_fmt="rgb555le",
        colour=Colour(),
        geometry=Geometry(128, 96),
        timing=Timing("edit list", Fraction(1, 10), tuple(range(13)), Fraction(-skipped, 10)),
        gop=Gop(1),
        damage=Damage(),
        options=FrameOptions.parse({"every": "0.1", "format": "png"}),
        many_windows=False,
    )
    data = encode_case(case)

    assert find_faults(case, data, extract_frames(data, case.options)) == []
