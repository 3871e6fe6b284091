"""Tests of the pictures of slides: placement, cropping, loading and the mood chart."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from PIL import Image

from functions.slide_generation.deck.fitting import fit_slides
from functions.slide_generation.drawing import picture_decoder
from functions.slide_generation.drawing.mood_chart import _visible_emotions, draw_mood_chart
from functions.slide_generation.drawing.picture_decoder import crop_picture
from functions.slide_generation.drawing.pictures import JobPictures, place_uploads
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.slide_generation.drawing.themes import THEMES
from shared.jobs.model import JobInput
from shared.media.errors import PictureDamaged
from shared.media.images.still import read_picture
from shared.media.sandbox.child import SandboxIO
from shared.pipeline import Bucket
from shared.recipes.emotions.results import MoodPoint, PackedFrame
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.deck_pictures import PictureSource, check_pictures, list_pictures
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import PictureInfo, PromptInfo, Upload
from tests.fixtures.media.decks import make_deck
from tests.fixtures.media.emotions import make_emotions_result, make_moment

TALK = make_deck(
    [
        {"heading": "Trees", "layout": "title"},
        {"heading": "Roots", "bullets": ["They drink water"]},
        {"heading": "Leaves", "bullets": ["They drink light"]},
        {"heading": "A thought", "layout": "statement"},
        {"heading": "Bark", "bullets": ["It keeps dry"]},
        {"heading": "The end", "bullets": ["So"], "layout": "closing"},
    ]
)


def pictures_by_heading(deck: Deck) -> dict[str, str]:
    return {slide.heading: slide.picture for slide in deck.slides if slide.picture is not None}


def test_picture_goes_to_the_slide_with_words_of_its_name() -> None:
    deck, placed = place_uploads(TALK, [("upload:picture1", "old bark.jpg")])
    assert (pictures_by_heading(deck), placed) == ({"Bark": "upload:picture1"}, 1)


def test_other_pictures_are_spread_in_order() -> None:
    pictures = [("upload:picture1", "IMG_1.jpg"), ("upload:picture2", "IMG_2.jpg")]
    deck, placed = place_uploads(TALK, pictures)
    assert placed == 2
    assert list(pictures_by_heading(deck).values()) == ["upload:picture1", "upload:picture2"]
    assert {slide.layout for slide in deck.slides if slide.picture} == {"picture"}


def test_extra_pictures_are_not_placed() -> None:
    pictures = [(f"upload:picture{n}", "leaves and roots and bark.jpg") for n in range(1, 6)]
    deck, placed = place_uploads(TALK, pictures)
    assert placed == 4
    assert sorted(pictures_by_heading(deck)) == ["A thought", "Bark", "Leaves", "Roots"]
    assert len(set(pictures_by_heading(deck).values())) == 4


def test_deck_without_bullet_slides_gets_no_pictures() -> None:
    deck, placed = place_uploads(
        make_deck(
            [{"heading": "One", "layout": layout} for layout in ("title", "chart", "closing")]
        ),
        [("upload:picture1", "one.jpg")],
    )
    assert (pictures_by_heading(deck), placed) == ({}, 0)


@pytest.mark.parametrize(
    ("middle", "x"), [((50, 60), 50), ((0, 0), 30), ((199, 99), 169)], ids=["in", "left", "right"]
)
def test_crop_is_centred_on_the_face_within_the_edges(middle: tuple[int, int], x: int) -> None:
    wide = Image.new("RGB", (200, 100))
    wide.putpixel((x, 50), (255, 0, 0))
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            wide.putpixel((x + dx, 50 + dy), (255, 0, 0))
    cropped = crop_picture(wide, (60, 100), middle)
    red, _, _ = cropped.getpixel((30, 50))  # type: ignore[misc]
    assert cropped.size == (60, 100)
    assert red > 200


@pytest.mark.parametrize("width", range(301, 340, 7))
@pytest.mark.parametrize("height", range(97, 140, 5))
def test_any_size_is_cropped_to_any_other_size(width: int, height: int) -> None:
    for size in ((589, 720), (720, 331), (width, height)):
        assert crop_picture(Image.new("RGB", (width, height)), size, (width, height)).size == size


FACTS = {
    "upload_trigger": {
        name: Upload(StoredObject(Bucket.UPLOADS, name, 1, 5), name, info).to_dict()
        for name, info in (
            ("prompt", PromptInfo(1, 0)),
            ("picture10", PictureInfo("JPEG", 60, 40)),
            ("picture2", PictureInfo("JPEG", 60, 40)),
        )
    },
    "emotion_scoring": make_emotions_result(
        moments=(make_moment(3, box=(10, 20, 30, 40), picture=PackedFrame("m", 9, 100, 7)),),
        mood=(MoodPoint(0.0, None),),
    ).to_dict(),
}


def test_pictures_of_a_job_are_listed_in_order() -> None:
    sources = list_pictures(FACTS)
    assert list(sources) == ["upload:picture2", "upload:picture10", "moment:1"]
    assert sources["moment:1"].face == (25, 40)
    assert sources["moment:1"].offset == 100


def test_edited_deck_may_show_only_pictures_of_the_job() -> None:
    deck, _ = place_uploads(TALK, [("upload:picture2", "bark.jpg")])
    check_pictures(deck, FACTS, TALK)
    other, _ = place_uploads(TALK, [("upload:picture3", "bark.jpg")])
    with pytest.raises(DeckRejected) as error:
        check_pictures(other, FACTS, TALK)
    assert error.value.location == "slides[4].picture"
    assert "moment:1" in str(error.value)
    # A picture that the previous deck shows is allowed.
    check_pictures(other, FACTS, other)


def make_pictures(data: bytes) -> JobPictures:
    """Returns the pictures of a job with one uploaded picture of these bytes."""
    source = PictureSource(Bucket.UPLOADS, "a", 1, len(data))
    objects = SimpleNamespace(
        range_reader=lambda *_: lambda offset, size: data[offset : offset + size]
    )
    inputs = (JobInput("picture1", "a", "image/jpeg", len(data), "our dog.jpg"),)
    job = SimpleNamespace(inputs=inputs, id="1", deck_pictures=())
    context: Any = SimpleNamespace(objects=objects, job=job, check=lambda: None)
    return JobPictures(context, {"upload:picture1": source})


def make_photo(side: int) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def test_damaged_picture_is_named_by_its_file_name() -> None:
    with pytest.raises(PictureDamaged, match=r"our dog\.jpg: The picture is cut off"):
        make_pictures(make_photo(900)[:-2000]).load("upload:picture1", (60, 40))


def test_large_photo_is_decoded_at_a_smaller_size() -> None:
    photo, sandbox_io = make_photo(2000), mock.Mock(spec=SandboxIO)
    sandbox_io.file = io.BytesIO(photo)
    with mock.patch.object(picture_decoder, "read_picture", side_effect=read_picture) as read:
        pixels = picture_decoder.crop_in_sandbox(sandbox_io, (300, 200), None)
    assert read_picture(*read.call_args.args).width == 500
    picture = make_pictures(photo).load("upload:picture1", (300, 200))
    assert (picture.size, picture.tobytes()) == ((300, 200), pixels)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
def test_mood_chart_with_gaps_has_the_requested_size(theme: str, aspect: str) -> None:
    mood = [
        MoodPoint(float(n), None if n in (3, 4) else {"happy": n / 8, "sad": 1 - n / 8})
        for n in range(8)
    ]
    deck = make_deck(
        [{"heading": "Mood", "bullets": ["It moved"], "layout": "chart", "picture": "chart:mood"}]
        * 3,
        theme=theme,
        aspect=aspect,
    )
    assert fit_slides(deck) == deck
    renderer = SlideRenderer(deck)
    box = renderer.plan(1, picture=True).picture
    assert box is not None
    chart = draw_mood_chart(mood, (round(box.width), round(box.height)), THEMES[theme])
    assert chart.mode == "RGBA"
    assert chart.size == (round(box.width), round(box.height))
    picture = renderer.render(1, chart)
    assert picture.size == deck.size
    # The gap is transparent; the areas beside it are not.
    row = round(chart.height * 0.75)
    assert chart.getpixel((round(chart.width * 4 / 8), row))[3] < 60  # type: ignore[index]
    assert chart.getpixel((round(chart.width * 1.5 / 8), row))[3] == 255  # type: ignore[index]


def test_mood_chart_legend_names_every_colour() -> None:
    names = ["happy", "surprise", "neutral", "sad", "fear", "disgust", "angry", "bored", "moved"]
    mood = [MoodPoint(float(n), dict.fromkeys(names, 1 / len(names))) for n in range(3)]
    chart = draw_mood_chart(mood, (598, 745), THEMES["midnight"])
    solid = chart.getchannel("A").point(lambda alpha: 255 * (alpha > 0))
    top = next(y for y in range(745) if solid.crop((0, y, 598, y + 1)).getextrema() == (255, 255))
    above = chart.crop((0, 0, 598, top)).getcolors(598 * 745) or []
    swatches = {colour for count, colour in above if count > 40 and colour[3] == 255}  # type: ignore[index]
    assert len(swatches - {(*THEMES["midnight"].body, 255)}) == len(names)


def test_mood_chart_names_all_emotions() -> None:
    shares = {"happy": 0.97, **dict.fromkeys(("sad", "angry", "fear", "disgust"), 0.005)}
    shares |= {"surprise": 0.005, "neutral": 0.005}
    names = _visible_emotions([MoodPoint(0.0, None), MoodPoint(1.0, shares)])
    assert sorted(names) == sorted(shares)
