"""Pictures of wide colours are flat in every size, and right by value in every pixel format."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from av.video.frame import VideoFrame

from shared.media.colour.conversion import find_conversion
from shared.media.images.frame import BgrImage, PictureConverter
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.frame_oracle import probe_file

Codes = tuple[int, int, int]
_KR_KB = {5: (0.299, 0.114), 9: (0.2627, 0.0593)}
"""ITU-T H.273, table 4."""


def convert(size: tuple[int, int], pix_fmt: str, codes: Codes, tags: Codes) -> BgrImage:
    """Converts a flat picture in limited range; `codes` are of 8 bits, `tags` are matrix, primaries
    and transfer."""
    frame = VideoFrame(*size, pix_fmt)
    for plane, component, code in zip(frame.planes, frame.format.components, codes, strict=True):
        is_deep = component.bits > 8
        sample = struct.pack("<H", code << component.bits - 8) if is_deep else bytes([code])
        plane.update(sample * (plane.buffer_size // len(sample)))
    frame.colorspace, frame.color_primaries, frame.color_trc = tags
    frame.color_range = 1
    video = probe_file(CLIP_SPECS["cfr30"].encode().path).video
    return PictureConverter(video).convert(frame)


@pytest.mark.parametrize("size", [(65, 49), (64, 49), (65, 48), (64, 48)])
@pytest.mark.parametrize("transfer", [1, 16])
def test_wide_colours_are_the_same_in_odd_sizes(size: tuple[int, int], transfer: int) -> None:
    image = convert(size, "yuv420p", (100, 90, 200), (9, 9, transfer))

    assert image.shape == (size[1], size[0], 3)
    assert np.ptp(image.astype(int), axis=(0, 1)).max() <= 1


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
@pytest.mark.parametrize("tags", [(9, 9, 1), (5, 9, 6), (9, 12, 1), (9, 9, 16), (9, 9, 18)])
@pytest.mark.parametrize("codes", [(131, 107, 111), (100, 90, 150), (180, 128, 128)])
def test_wide_colours_are_right_by_value(pix_fmt: str, tags: Codes, codes: Codes) -> None:
    """Codes of 8 bits are not rounded again before the conversion, which makes the steps of dark
    colours larger."""
    matrix, primaries, transfer = tags
    kr, kb = _KR_KB[matrix]
    luma, cb, cr = (codes[0] - 16) / 219, (codes[1] - 128) / 224, (codes[2] - 128) / 224
    red, blue = luma + (2 - 2 * kr) * cr, luma + (2 - 2 * kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    conversion = find_conversion(primaries, transfer)
    assert conversion is not None
    expected = [255 * value for value in conversion.convert((red, green, blue))]

    image = convert((64, 48), pix_fmt, codes, tags)

    assert np.abs(image[24, 32, ::-1] - np.array(expected)).max() <= 2
