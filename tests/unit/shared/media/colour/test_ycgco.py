"""Pictures with the matrix YCgCo have the right colours."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from shared.media.colour.ycgco import ycgco_to_rgb
from tests.corpus.combinations.colours import YCGCO, Colour, to_code_values
from tests.corpus.combinations.picture import SDR_PATCHES, draw_picture, read_patches
from tests.corpus.combinations.pixels import make_frame


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "yuv444p12le"])
@pytest.mark.parametrize("is_full", [False, True])
def test_flat_colours_are_exact(pix_fmt: str, is_full: bool) -> None:
    colour = Colour(YCGCO, is_full)
    picture = draw_picture(7, 97, 65, SDR_PATCHES)
    frame = make_frame(to_code_values(picture, colour), pix_fmt, colour)
    rgb = ycgco_to_rgb(frame, VideoReformatter(), 2 if is_full else 1)
    bgr = (rgb[..., ::-1] // 257).astype(np.uint8)
    for actual, wanted in zip(read_patches(bgr), SDR_PATCHES, strict=True):
        assert max(abs(a - b) for a, b in zip(actual, wanted, strict=True)) <= 2
