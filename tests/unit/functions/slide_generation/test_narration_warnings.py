"""Warnings of the job about words that the voices of a film's language do not read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.slide_generation import join
from functions.slide_generation.deck.deck_sources import write_deck
from functions.slide_generation.deck.deck_store import encode_deck
from shared.pipeline import Bucket
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.stage_harness import StageHarness, make_job
from tests.unit.functions.stitching.film.deck_jobs import make_deck


@pytest.mark.parametrize(
    ("language", "notes", "words"),
    [
        ("en", "The country 日本 is called Japan.", "日本"),
        ("de", "Hallo heißt привет.", "привет"),
        ("zh", "俄罗斯的首都是 Москва。", "Москва"),
        ("ja", "東京は Google の 本社 です。", ""),
        ("en", "The area is π r².", ""),
    ],
)
def test_job_has_a_warning_before_the_film_is_made(
    gcs: GcsEmulator, language: str, notes: str, words: str
) -> None:
    deck = make_deck(3)
    deck = replace(
        deck, language=language, slides=tuple(replace(s, notes=notes) for s in deck.slides)
    )
    harness = StageHarness.create(gcs)
    stored = harness.put_object(
        Bucket.WORK, f"decks/{hash(notes)}.json", encode_deck(deck), "application/json"
    )
    specs = ({"deck": "edited", "stored": stored.to_dict()},)
    done = harness.run_stage(
        "slide_generation", write_deck, join.draw_slides, specs, make_job("presentation")
    )
    expected = (
        f"The narration is in {language}, whose voices may leave out or spell out words in another "
        f"script: {words}. Write them in the letters of the language."
    )
    assert done.warnings == ((expected,) if words else ())
    assert done.plan is not None
    assert [spec["text"] for spec in done.plan["text_to_speech"]] == [notes] * 3


@pytest.mark.parametrize("footage", ["clips", "stills"])
def test_nothing_is_spoken_over_clips_with_their_original_sound(
    gcs: GcsEmulator, footage: str
) -> None:
    harness = StageHarness.create(gcs)
    stored = harness.put_object(
        Bucket.WORK, "decks/original.json", encode_deck(make_deck(3)), "application/json"
    )
    job = make_job("recap", options={"sound": "original", "footage": footage})
    specs = ({"deck": "edited", "stored": stored.to_dict()},)
    done = harness.run_stage("slide_generation", write_deck, join.draw_slides, specs, job)
    assert done.plan is not None
    spoken = [bool(spec["text"]) for spec in done.plan["text_to_speech"]]
    assert spoken == [footage == "stills"] * 3
