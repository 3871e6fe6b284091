"""The still of a film: its size, its background, its options and its poster."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from functions.slide_generation.drawing.picture_decoder import crop_picture
from functions.stitching.film.encoding import planes_to_picture, rgb_to_planes
from functions.stitching.film.pictures import (
    encode_poster,
    fit_to_frame,
    to_rgb_array,
)
from functions.stitching.slides import SlideDecoder, SlideOfWrongSize
from shared.media.errors import EmptyFile
from shared.media.images.still import read_picture, read_picture_header
from shared.recipes.films.options import StillOptions
from tests.fixtures.media.uploads import draw_quarters, encode_picture
from tests.unit.shared.media.upright import assert_upright


@pytest.mark.parametrize(
    ("size", "options", "film_size"),
    [
        ((4000, 3000), {}, (1440, 1080)),
        ((3000, 4000), {}, (1080, 1440)),
        ((3840, 2160), {}, (1920, 1080)),
        ((1000, 1000), {}, (1080, 1080)),
        ((333, 251), {}, (1432, 1080)),
        ((1, 1), {}, (1080, 1080)),
        ((10_000, 1), {}, (1920, 640)),
        ((1, 10_000), {}, (640, 1920)),
        ((4000, 3000), {"resolution": "720p"}, (960, 720)),
        ((4000, 3000), {"shape": "9:16"}, (1080, 1920)),
        ((4000, 3000), {"shape": "1:1", "resolution": "720p"}, (720, 720)),
    ],
)
def test_film_size_follows_the_picture_and_the_options(
    size: tuple[int, int], options: dict[str, str], film_size: tuple[int, int]
) -> None:
    parsed = StillOptions.parse(options)
    assert parsed.film_size(*size) == film_size
    picture = draw_quarters(min(size[0], 500), min(size[1], 500)).resize(
        (max(1, min(size[0], 500)), max(1, min(size[1], 500)))
    )
    assert fit_to_frame(picture, film_size).size == film_size


def test_picture_is_fitted_over_its_blurred_background() -> None:
    frame = fit_to_frame(draw_quarters(400, 300), (540, 960))
    assert frame.size == (540, 960)
    middle = frame.crop((0, (960 - 405) // 2, 540, (960 + 405) // 2))
    assert_upright(middle)
    above = to_rgb_array(frame)[:200].astype(int)
    assert 5 < above.mean() < 80
    assert above.std() > 3


@pytest.mark.parametrize(
    "options", [{"shape": "4:3"}, {"resolution": "4k"}, {"loudness": 3}, {"transition": "fade"}]
)
def test_invalid_still_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        StillOptions.parse(options)


def test_still_options_round_trip() -> None:
    options = StillOptions.parse({"shape": "1:1", "loudness": "even"})
    assert StillOptions.parse(options.to_dict()) == options


def test_poster_is_a_jpeg_of_moderate_size() -> None:
    data = encode_poster(draw_quarters(3000, 2000))
    assert read_picture_header(data).format == "JPEG"
    assert read_picture(data).size == (1280, 853)
    assert_upright(read_picture(data))


def test_slides_are_decoded_one_after_another() -> None:
    slides = [draw_quarters(1280, 720), draw_quarters(1280, 720).rotate(180)]
    with SlideDecoder((1280, 720), lambda: None) as decoder:
        for slide in slides:
            planes = decoder.decode(encode_picture(slide, "PNG"))
            assert (planes == rgb_to_planes(to_rgb_array(slide))).all()


@pytest.mark.parametrize("size", [(5800, 4000), (1, 30_000), (720, 1280), (1281, 720)])
def test_slide_of_any_other_size_is_refused(size: tuple[int, int]) -> None:
    data = encode_picture(Image.new("RGB", size), "PNG")
    with (
        SlideDecoder((1280, 720), lambda: None) as decoder,
        pytest.raises(SlideOfWrongSize, match=f"{size[0]}×{size[1]} pixels"),
    ):
        decoder.decode(data)


def test_empty_slide_is_refused() -> None:
    with SlideDecoder((64, 64), lambda: None) as decoder, pytest.raises(EmptyFile):
        decoder.decode(b"")


@pytest.mark.parametrize("colour", [(200, 40, 40), (40, 200, 40), (30, 60, 220)])
def test_colours_of_a_film_are_those_of_its_pictures(colour: tuple[int, int, int]) -> None:
    planes = rgb_to_planes(to_rgb_array(Image.new("RGB", (64, 64), colour)))
    assert planes_to_picture(planes).getpixel((9, 9)) == pytest.approx(colour, abs=2)


_SIDES = st.integers(1, 700)
_EVEN_SIDES = st.integers(1, 120).map(lambda half: 2 * half)


@given(_SIDES, _SIDES, _EVEN_SIDES, _EVEN_SIDES)
@example(2048, 922, 1080, 1920)
@example(2, 115, 2, 126)
@example(1, 700, 240, 2)
@settings(max_examples=150, deadline=None)
def test_picture_of_any_size_fits_every_frame(
    width: int, height: int, frame_width: int, frame_height: int
) -> None:
    size = (frame_width, frame_height)
    assert fit_to_frame(Image.new("RGB", (width, height)), size).size == size
    centre = (width * 0.9, height / 3)
    assert crop_picture(Image.new("RGB", (width, height)), size, centre).size == size


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.sampled_from(["1080p", "720p"]))
@settings(deadline=None)
def test_film_has_the_proportion_of_the_picture_up_to_a_pixel(
    width: int, height: int, resolution: str
) -> None:
    film = StillOptions.parse({"resolution": resolution}).film_size(width, height)
    long, short = (1920, 1080) if resolution == "1080p" else (1280, 720)
    assert max(film) <= long
    assert min(film) <= short
    assert not film[0] % 2
    assert not film[1] % 2
    proportion = min(max(Fraction(width, height), Fraction(1, 3)), Fraction(3))
    # A side of the box is reached, and the other one is rounded to an even number.
    assert film[0] in (long, short) or film[1] in (long, short)
    assert abs(film[0] - film[1] * proportion) <= max(Fraction(1), proportion) + 1
