"""The same deck again in another job of its owner: nothing is drawn, spoken or encoded again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from requests import Session

from functions.slide_generation.drawing import job_slides
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.stitching.film import segment_cache
from functions.stitching.film.deck_film import DeckFilm
from functions.text_to_speech import speak
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.privacy.data_requests import owner_hash
from tests.fixtures.call_counts import CallCounts
from tests.fixtures.media.decks import make_deck
from tests.fixtures.media.presentations import run_presentation
from tests.fixtures.stage_harness import StageHarness

SLIDES: list[Mapping[str, Any]] = [
    {"heading": "Leaves", "bullets": ["Light"], "notes": "Leaves use light."},
    {"heading": "Roots", "bullets": ["Water"], "notes": "Roots find water."},
    {"heading": "Thanks", "layout": "closing", "notes": ""},
]
DECK = make_deck(SLIDES, aspect="1:1")


@pytest.fixture
def harness(speaking_harness: StageHarness) -> StageHarness:
    return speaking_harness


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> CallCounts:
    """Counts the calls that draw, speak and encode."""
    calls = CallCounts(monkeypatch)
    calls.watch(SlideRenderer, "render")
    calls.watch(job_slides, "encode_png")
    calls.watch(speak, "concatenate_speech")
    calls.watch(segment_cache, "encode_segment")
    calls.watch(DeckFilm, "write")
    return calls


def read_film(harness: StageHarness, done: UnitDone) -> dict[str, bytes]:
    return {artifact.name: harness.read_artifact(artifact) for artifact in done.artifacts}


def counts(results: dict[str, UnitDone]) -> dict[str, Any]:
    """Returns what the jobs of these results are charged for."""
    facts = {name: value for done in results.values() for name, value in (done.facts or {}).items()}
    return {
        name: facts[name]
        for name in ("rendered", "calls", "characters", "scenes_encoded", "scenes_reused")
    }


def test_the_same_deck_is_copied_from_the_cache(harness: StageHarness, work: CallCounts) -> None:
    first = run_presentation(harness, DECK)
    assert work.take() == {
        "render": 3, "encode_png": 3, "concatenate_speech": 2, "encode_segment": 3, "write": 1,
    }  # fmt: skip
    assert counts(first) == {
        "rendered": 3, "calls": 2, "characters": 34, "scenes_encoded": 3, "scenes_reused": 0,
    }  # fmt: skip
    # The second job must not need the objects of the first.
    for folder in ("slides", "narration", "films"):
        harness.objects.delete_prefix(Bucket.WORK, f"{folder}/{1:020d}/")
    second = run_presentation(harness, DECK, number=2)
    assert work.take() == {}
    assert counts(second) == {
        "rendered": 0, "calls": 0, "characters": 0, "scenes_encoded": 0, "scenes_reused": 3,
    }  # fmt: skip
    films = [read_film(harness, results["stitching"]) for results in (first, second)]
    assert films[0] == films[1]
    assert len(films[0]) == 6
    assert {artifact.object.split("/")[1] for artifact in second["stitching"].artifacts} == {
        f"{2:020d}"
    }


def test_other_owners_and_options_share_nothing(harness: StageHarness, work: CallCounts) -> None:
    run_presentation(harness, DECK)
    work.take()
    run_presentation(harness, DECK, number=2, owner="bob")
    assert work.take()["write"] == 1
    run_presentation(harness, DECK, number=3, options={"transition": "fade"})
    # The first scene is the same: it fades in from nothing.
    assert work.take() == {"encode_segment": 2, "write": 1}


def test_an_edited_slide_is_the_only_one_made_again(
    harness: StageHarness, work: CallCounts
) -> None:
    run_presentation(harness, DECK)
    work.take()
    edited = make_deck([SLIDES[0], {**SLIDES[1], "bullets": ["Salts"]}, SLIDES[2]], aspect="1:1")
    run_presentation(harness, edited, number=2)
    assert work.take() == {"render": 1, "encode_png": 1, "encode_segment": 1, "write": 1}


def test_the_same_deck_again_takes_two_requests_per_slide(
    harness: StageHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_presentation(harness, DECK)
    requests = CallCounts(monkeypatch)
    requests.watch(Session, "request")
    run_presentation(harness, DECK, number=2)
    # 1 is that of this test: it writes the deck. The copies of a drawn slide and of its speech:
    slides, speeches = 3, 2
    # Of the deck: read, written, read, looked up, copied; with the ZIP file.
    deck = 6
    # The PDF and the PPTX: found, copied.
    documents = 2 * 2
    # The voice is looked up, written, and read for the second slide. The narration is written.
    narration = 3 + 1
    # Of the film: its inputs, looked up in the job, found, copied to the job and to the results.
    film = 2 + 1 + 1 + 2 * 6
    expected = 1 + slides + speeches + deck + documents + narration + film
    assert requests.take() == {"request": expected}


def test_a_deck_is_complete_without_an_entry_that_it_lists(
    harness: StageHarness, work: CallCounts
) -> None:
    first = run_presentation(harness, DECK)
    work.take()
    prefix = f"cache/slides/{owner_hash('anna')}/"
    entries = harness.objects.list_objects(Bucket.WORK, prefix)
    # Three slides, the ZIP file, the two documents, and the deck that lists the slides.
    assert len(entries) == 7
    for number, entry in enumerate(entries, start=2):
        harness.objects.delete(Bucket.WORK, *entry.version)
        again = run_presentation(harness, DECK, number=number)
        assert work.take().get("render", 0) <= 1
        files = [read_film(harness, made["slide_generation"]) for made in (first, again)]
        assert files[0].keys() == files[1].keys()
        # A document that is written again has another ID or time.
        documents = ("deck.pdf", "deck.pptx")
        assert all(files[0][name] == files[1][name] for name in files[0] if name not in documents)


@pytest.mark.parametrize("folder", ["slides", "narration", "films"])
def test_a_film_is_made_again_without_part_of_the_cache(
    harness: StageHarness, work: CallCounts, folder: str
) -> None:
    first = run_presentation(harness, DECK)
    work.take()
    prefix = f"cache/{folder}/{owner_hash('anna')}/"
    assert harness.objects.delete_prefix(Bucket.WORK, prefix) >= 2
    second = run_presentation(harness, DECK, number=2)
    assert work.take()
    films = [read_film(harness, results["stitching"]) for results in (first, second)]
    assert films[0] == films[1]
