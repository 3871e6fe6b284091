"""Drawings on slides: which slides get one, the cache, and what happens without one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from functions.slide_generation.deck.deck_result import WrittenDeck
from functions.slide_generation.drawing.illustrations import (
    add_drawings,
    add_pictures,
    build_request,
)
from functions.slide_generation.drawing.pictures import JobPictures
from shared.entrypoints import bootstrap
from shared.entrypoints.stage import UnitContext
from shared.errors import ConfigurationError, QuotaExhausted
from shared.ports.models import (
    MAX_PICTURE_BYTES,
    PictureModelOverloaded,
    PictureModelUnavailable,
    PictureRequest,
    PictureUnusable,
)
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.deck_pictures import MAX_DRAWINGS
from tests.fakes.illustrator import PaperIllustrator
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.media.decks import make_deck
from tests.fixtures.stage_harness import StageHarness, make_job

UNUSABLE = "1 slide has no picture: none could be drawn."


@dataclass
class ScriptedIllustrator:
    """The fake, after the answers of the script: errors, files, or None for a picture."""

    script: list[Exception | bytes | None] = field(default_factory=list)
    requests: list[PictureRequest] = field(default_factory=list)
    engine: str = "scripted-1"

    def draw(self, request: PictureRequest) -> bytes:
        self.requests.append(request)
        answer = self.script.pop(0) if self.script else None
        if isinstance(answer, Exception):
            raise answer
        return PaperIllustrator().draw(request) if answer is None else answer


def make_pictures(harness: StageHarness, owner: str = "anna") -> JobPictures:
    stage = harness.make_stage("slide_generation", ({"deck": "prompt"},))
    job = make_job("presentation", owner=owner)
    return JobPictures.of(
        harness.make_context("slide_generation", "0", stage, job, MemoryJobStore())
    )


def make_bullet_deck(count: int = 2, **fields: str) -> Deck:
    slides = [{"heading": f"Step {n}", "bullets": [f"It is {n}"]} for n in range(count)]
    title, closing = (
        {"heading": layout, "layout": layout, "bullets": ["So"]} for layout in ("title", "closing")
    )
    return make_deck([title, *slides, closing], **fields)


def drawn(deck: Deck) -> list[int]:
    return [n for n, slide in enumerate(deck.slides) if (slide.picture or "").startswith("drawn:")]


def test_slides_with_bullets_get_a_picture_that_loads(harness: StageHarness) -> None:
    pictures = make_pictures(harness)
    deck, warnings = add_drawings(make_bullet_deck(), pictures, PaperIllustrator())
    assert (drawn(deck), warnings) == ([1, 2], [])
    picture = pictures.load(str(deck.slides[1].picture), (60, 40))
    assert picture.size == (60, 40)
    assert picture.getpixel((30, 20)) != (255, 255, 255)


def test_same_texts_are_drawn_once_for_each_owner(harness: StageHarness) -> None:
    model = ScriptedIllustrator()
    for owner in ("anna", "anna", "ben"):
        deck, _ = add_drawings(make_bullet_deck(), make_pictures(harness, owner), model)
    assert len(drawn(deck)) == 2
    assert len(model.requests) == 4


def test_films_of_every_resolution_share_a_drawing_and_each_aspect_has_its_own() -> None:
    requests = {
        (aspect, resolution): build_request(
            make_bullet_deck(aspect=aspect, resolution=resolution), 1
        )
        for aspect in ("16:9", "9:16")
        for resolution in ("720p", "1080p")
    }
    assert requests["16:9", "720p"] == requests["16:9", "1080p"] != requests["9:16", "720p"]
    assert requests["9:16", "720p"].width > requests["16:9", "720p"].width


def test_refused_picture_leaves_the_slide_without_one(harness: StageHarness) -> None:
    deck = make_deck(
        [{"heading": heading, "bullets": ["So"]} for heading in ("Open", "A secret", "Paper")]
    )
    deck, warnings = add_drawings(deck, make_pictures(harness), PaperIllustrator())
    assert drawn(deck) == [0, 2]
    assert deck.slides[1].layout == "bullets"
    assert warnings == ["1 slide has no picture: the picture model declined to draw it."]


def test_number_of_drawings_is_limited_and_they_are_spread(harness: StageHarness) -> None:
    model = ScriptedIllustrator()
    deck, warnings = add_drawings(make_bullet_deck(2 * MAX_DRAWINGS), make_pictures(harness), model)
    assert len(model.requests) == len(drawn(deck)) == MAX_DRAWINGS
    assert {b - a for a, b in zip(drawn(deck), drawn(deck)[1:], strict=False)} == {2}
    assert warnings == ["12 slides have no picture: a film has at most 12 drawn pictures."]


@pytest.mark.parametrize(
    "answer",
    [PictureUnusable("No."), b"<svg/>", b"", bytes(MAX_PICTURE_BYTES + 1)],
    ids=["none", "svg", "empty", "large"],
)
def test_unusable_picture_is_requested_again_and_then_left_out(
    harness: StageHarness, answer: Exception | bytes
) -> None:
    model = ScriptedIllustrator([answer, None, answer, answer])
    deck, warnings = add_drawings(make_bullet_deck(), make_pictures(harness), model)
    assert (drawn(deck), warnings) == ([1], [UNUSABLE])
    assert len(model.requests) == 4


def test_overloaded_model_is_waited_for_and_drawings_are_kept(harness: StageHarness) -> None:
    model, pictures = (
        ScriptedIllustrator([None, PictureModelOverloaded("", 30)]),
        make_pictures(harness),
    )
    with pytest.raises(PictureModelOverloaded) as caught:
        add_drawings(make_bullet_deck(3), pictures, model)
    assert caught.value.retry_after_s == 30
    deck, warnings = add_drawings(make_bullet_deck(3), pictures, model)
    assert (len(drawn(deck)), warnings) == (3, [])
    assert [request.heading for request in model.requests] == [
        "Step 0",
        "Step 1",
        "Step 1",
        "Step 2",
    ]


@pytest.mark.parametrize(
    ("error", "is_last_attempt"),
    [
        (PictureModelOverloaded(), True),
        (PictureModelUnavailable(), False),
        (QuotaExhausted(), False),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_unavailable_model_is_called_once_and_known_drawings_are_used(
    harness: StageHarness,
    error: Exception,
    is_last_attempt: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(UnitContext, "skips_optional_work", is_last_attempt)
    pictures, model = make_pictures(harness), ScriptedIllustrator()
    add_drawings(make_bullet_deck(4), pictures, model)
    slides = [slide.to_dict() for slide in make_bullet_deck(4).slides]
    slides[1]["heading"], slides[3]["heading"] = "New", "Newer"
    model.requests.clear()
    model.script.append(error)
    deck, warnings = add_drawings(make_deck(slides), pictures, model)
    assert drawn(deck) == [2, 4]
    assert warnings == ["2 slides have no picture: none could be drawn."]
    assert len(model.requests) == 1


def test_emulated_pictures_are_called_placeholders(harness: StageHarness) -> None:
    model = ScriptedIllustrator(engine="emulator:some-image-model")
    _, (warning,) = add_drawings(make_bullet_deck(), make_pictures(harness), model)
    assert "placeholders" in warning


@pytest.mark.parametrize(
    ("choice", "count"), [("all", 2), ("own", 0), ("none", 0)], ids=["all", "own", "none"]
)
def test_option_decides_whether_pictures_are_drawn(
    harness: StageHarness, choice: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "illustrator", PaperIllustrator)
    options = DeckOptions.parse({"pictures": choice})
    result = add_pictures(WrittenDeck(make_bullet_deck(), 1), make_pictures(harness), options)
    assert len(drawn(result.deck)) == count


def test_wrong_settings_of_the_illustrator_are_a_warning(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ConfigurationError("MOODREEL_ILLUSTRATOR names 'x:y', which cannot be loaded.")

    monkeypatch.setattr(bootstrap, "illustrator", fail)
    written = WrittenDeck(make_bullet_deck(), 1)
    result = add_pictures(written, make_pictures(harness), DeckOptions())
    assert result.deck == written.deck
    (warning,) = result.warnings
    assert "settings of the picture model" in warning
    ((event, details),) = harness.log.events
    assert (event, details["severity"]) == ("illustrator.misconfigured", "ERROR")
