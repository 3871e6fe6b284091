"""Flat pictures of wide colours are flat in every size."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from shared.media.images.frame import PictureConverter
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.frame_oracle import probe_file


@pytest.mark.parametrize("size", [(65, 49), (64, 49), (65, 48), (64, 48)])
@pytest.mark.parametrize("transfer", [1, 16])
def test_wide_colours_are_the_same_in_odd_sizes(size: tuple[int, int], transfer: int) -> None:
    frame = VideoFrame(*size, "yuv420p")
    for plane, code in zip(frame.planes, (100, 90, 200), strict=True):
        plane.update(bytes([code]) * plane.buffer_size)
    frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 9, 9, transfer, 1
    video = probe_file(CLIP_SPECS["cfr30"].encode().path).video
    image = PictureConverter(video).convert(frame)
    assert image.shape == (size[1], size[0], 3)
    assert np.ptp(image.astype(int), axis=(0, 1)).max() <= 1
