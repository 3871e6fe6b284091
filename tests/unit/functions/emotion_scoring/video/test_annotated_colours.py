"""The annotated film shows the colours of the video."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from functions.emotion_scoring.video.annotate import annotate
from functions.emotion_scoring.video.overlay import Overlay
from functions.upload_trigger.probes.video import probe
from shared.media.images.frame import PictureConverter
from shared.media.reencoding.extent import TimeRange
from shared.media.reencoding.piece import PIECE_FORMAT
from tests.corpus.colour.files import BT2100_HLG, HDR10, Colours, check_colours


@pytest.mark.parametrize("size", [64, 720])
@pytest.mark.parametrize("colours", [HDR10, BT2100_HLG, Colours(9, 14, 9), Colours(1, 1, 1)])
def test_annotated_film_shows_the_colours(colours: Colours, size: int) -> None:
    """A film of 720 rows is decoded as BT.709 by players, a smaller one as BT.601."""
    data = colours.encode("libx265", "mp4", height=size)
    media_info = probe(io.BytesIO(data), len(data))
    out = io.BytesIO()
    overlay = Overlay((), Fraction(1))
    annotate(io.BytesIO(data), media_info, TimeRange(None, None), overlay, {}, {}, out)
    with av.open(io.BytesIO(out.getvalue()), "r", format=PIECE_FORMAT) as container:
        frame = next(container.decode(video=0))
    check_colours([PictureConverter(media_info.video).convert(frame)])
