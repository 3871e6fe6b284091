"""A JPEG without its last bytes is shown, with a warning."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from functions.upload_trigger.probes.picture import probe_picture_in_sandbox
from shared.media.errors import PictureDamaged
from shared.media.images.jpeg_end import END_WARNING
from shared.media.images.still import read_picture, read_picture_header
from tests.fixtures.media.uploads import draw_quarters, encode_picture, make_rotated_jpeg
from tests.unit.shared.media.upright import assert_upright


class _SandboxIO:
    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)


def _noise(**options: object) -> bytes:
    values = np.random.default_rng(1).integers(0, 255, (400, 300, 3), np.uint8)
    return encode_picture(Image.fromarray(values), "JPEG", **options)


@pytest.mark.parametrize("cut", [1, 2, 3, 12])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_last_bytes_are_missing(cut: int, progressive: bool, subsampling: int) -> None:
    data = _noise(progressive=progressive, subsampling=subsampling)
    expected = np.asarray(read_picture(data), int)
    cut_off = data[:-cut]
    assert read_picture_header(cut_off).warnings == (END_WARNING,)
    picture = np.asarray(read_picture(cut_off), int)
    assert picture.shape == expected.shape
    # Up to two bytes, only the marker is missing; the row of blocks before is affected otherwise.
    rows = 400 if cut <= 2 else 400 - 18
    assert np.array_equal(picture[:rows], expected[:rows])


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("tail", [b"", bytes(512), b"\xff", b"text"])
def test_end_marker_is_missing_before_other_bytes(mode: str, tail: bytes) -> None:
    complete = encode_picture(draw_quarters(240, 160, mode), "JPEG", quality=95)
    picture = read_picture(complete[:-2] + tail)
    assert picture.tobytes() == read_picture(complete).tobytes()


def test_rotated_picture_with_a_thumbnail_stays_upright() -> None:
    assert_upright(read_picture(make_rotated_jpeg(6)[:-2]))


@pytest.mark.parametrize("tail", [b"", bytes(100), b"\0\0\0\x18ftypmp42\xff\xda\0\x01\xff\xd8"])
def test_complete_picture_has_no_warning(tail: bytes) -> None:
    data = make_rotated_jpeg(1) + tail
    assert read_picture_header(data).warnings is None
    assert_upright(read_picture(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_picture_without_its_lower_half_is_refused(progressive: bool, fraction: float) -> None:
    data = _noise(progressive=progressive)
    with pytest.raises(PictureDamaged):
        read_picture(data[: round(len(data) * fraction)])


def test_draft_of_a_cut_off_picture() -> None:
    data = encode_picture(draw_quarters(1600, 1600), "JPEG")[:-2]
    picture = read_picture(data, max_side_px=400)
    assert picture.size == (400, 400)
    assert_upright(picture)


def test_probe_reports_the_warning() -> None:
    data = make_rotated_jpeg(6)[:-2]
    info = json.loads(probe_picture_in_sandbox(_SandboxIO(data)))  # type: ignore[arg-type]
    assert info == {"format": "JPEG", "width": 240, "height": 160, "warnings": [END_WARNING]}
