"""Frames show the part of the pictures that the container specifies, in every window."""

from __future__ import annotations

import pytest

from tests.corpus.shapes.coloured_clips import (
    BLUE,
    GREEN,
    RED,
    X264,
    assert_bars_cropped,
    assert_colour,
    crop_matroska_bars,
    extract_pictures,
    make_bars,
)
from tests.corpus.shapes.sample_descriptions import (
    change_entry,
    make_clap,
    make_pasp,
    set_presentation_size,
)
from tests.fixtures.media.clips import display_matrix

pytestmark = pytest.mark.slow


def _assert_cropped(data: bytes, size: tuple[int, int], crop: tuple[int, int, int, int]) -> None:
    """All pictures have this width and height, no blue bars, and the red part in the middle."""
    media_info, images = extract_pictures(data)
    assert media_info.video.crop == crop
    assert media_info.video.display_size == size
    assert len(images) == 2
    for image in images:
        assert_bars_cropped(image, *size)


PALETTE = "split[x][y];[x]palettegen=max_colors=8[p];[y][p]paletteuse"
CENTRE = make_clap(160, 1, 80, 1, 0, 1, 0, 1)
PRORES = ("-c:v", "prores_ks")


@pytest.mark.parametrize("remove", [(b"pasp",), ()])
@pytest.mark.parametrize("presentation", [(160, 120), (160, 80)])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("mp4", X264), ("mov", X264), ("mov", PRORES), ("mov", ("-c:v", "mjpeg", "-q:v", "1"))],
)
def test_clean_aperture_is_shown(
    suffix: str, codec: tuple[str, ...], presentation: tuple[int, int], remove: tuple[bytes, ...]
) -> None:
    """Some muxers declare the size of the clean aperture as that of the track, others do not."""
    data = change_entry(make_bars(suffix, codec=codec), remove=remove, add=(CENTRE,))
    _assert_cropped(set_presentation_size(data, *presentation), (160, 80), (0, 20, 0, 20))


def test_clean_aperture_outside_the_centre() -> None:
    # 140×80, 8 pixels to the right of the centre and 2 above it.
    data = change_entry(make_bars(), add=(make_clap(140, 1, 76, 1, 8, 1, -2, 1),))
    media_info, (image, _) = extract_pictures(data)
    assert media_info.video.crop == (18, 20, 2, 24)
    assert image.shape == (76, 140, 3)
    # Red begins at column 40 and row 40 of the coded picture.
    assert_colour(image, 20 / 140, 18 / 76, GREEN)
    assert_colour(image, 25 / 140, 24 / 76, RED)


def test_clean_aperture_with_fractions_is_rounded() -> None:
    data = change_entry(make_bars(), add=(make_clap(1597, 10, 161, 2, 0, 1, 1, 4),))
    _assert_cropped(data, (160, 81), (0, 20, 0, 19))


def test_clean_aperture_comes_before_the_aspect_and_the_rotation() -> None:
    wide = change_entry(make_bars(), remove=(b"pasp",), add=(make_pasp(2, 1), CENTRE))
    _assert_cropped(wide, (320, 80), (0, 20, 0, 20))
    # A track that is presented at twice its width.
    stretched = change_entry(make_bars(), remove=(b"pasp",), add=(CENTRE,))
    _assert_cropped(set_presentation_size(stretched, 320, 80), (320, 80), (0, 20, 0, 20))
    _assert_cropped(change_entry(_turned(), add=(CENTRE,)), (80, 160), (0, 20, 0, 20))


def _turned() -> bytes:
    """The bars with a display matrix of 90 degrees."""
    data = bytearray(make_bars())
    # `tkhd` ends with the matrix of nine numbers, and the size.
    end = data.index(b"tkhd") - 4 + int.from_bytes(data[data.index(b"tkhd") - 4 :][:4], "big")
    for n, value in enumerate(display_matrix(90, is_mirrored=False)):
        data[end - 44 + 4 * n : end - 40 + 4 * n] = value.to_bytes(4, "big", signed=True)
    return bytes(data)


@pytest.mark.parametrize(
    "numbers",
    [
        (161, 1, 80, 1, 0, 1, 0, 1),
        (160, 1, 80, 1, 1, 1, 0, 1),
        (160, 1, 80, 1, 0, 1, -21, 1),
        (160, 0, 80, 1, 0, 1, 0, 1),
        (0, 1, 80, 1, 0, 1, 0, 1),
        (1, 9, 1, 9, 0, 1, 0, 1),
    ],
)
def test_invalid_clean_aperture_is_ignored(numbers: tuple[int, ...]) -> None:
    media_info, images = extract_pictures(change_entry(make_bars(), add=(make_clap(*numbers),)))
    assert media_info.video.crop == (0, 0, 0, 0)
    assert [image.shape for image in images] == [(120, 160, 3)] * 2
    assert_colour(images[1], 0.5, 0.04, BLUE)


@pytest.mark.parametrize(("aspect", "size"), [("1", (160, 80)), ("2", (213, 80))])
def test_matroska_crop_is_shown(aspect: str, size: tuple[int, int]) -> None:
    """FFmpeg writes 160×120 with pixels of 2:1 as a display aspect of 8:3, which is that of the
    cropped picture (RFC 9559 §5.1.4.1.28.12)."""
    data = make_bars("mkv", "-vf", f"setsar={aspect}")
    _assert_cropped(crop_matroska_bars(data), size, (0, 20, 0, 20))


def test_clean_aperture_after_a_palette() -> None:
    """QuickTime's descriptions with 8 bits have a palette before their boxes."""
    bars = make_bars("mov", "-vf", PALETTE, codec=("-c:v", "rawvideo", "-pix_fmt", "pal8"))
    _assert_cropped(change_entry(bars, add=(CENTRE,)), (160, 80), (0, 20, 0, 20))
