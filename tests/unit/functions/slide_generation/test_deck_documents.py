"""The documents of a job's deck: written once, copied by the owner's next job, never required."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.slide_generation import join
from functions.slide_generation.deck.deck_sources import write_deck
from functions.slide_generation.deck.deck_store import encode_deck
from functions.slide_generation.export import documents
from functions.slide_generation.export.pages import DeckPages, DocumentFailed
from shared.errors import StorageUnavailable
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.tasks.errors import DeadlineNear, LeaseLost
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.stage_harness import StageHarness, make_job
from tests.unit.functions.stitching.film.deck_jobs import make_deck


def draw_deck(harness: StageHarness, title: str) -> UnitDone:
    content = encode_deck(replace(make_deck(3), title=title))
    stored = harness.put_object(Bucket.WORK, f"decks/{title}.json", content, "application/json")
    specs = ({"deck": "edited", "stored": stored.to_dict()},)
    job = make_job("presentation")
    return harness.run_stage("slide_generation", write_deck, join.draw_slides, specs, job)


@pytest.mark.parametrize("error", [DocumentFailed("no font"), KeyError("of a library")])
def test_document_that_fails_is_a_warning(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: DeckPages) -> bytes:
        raise error

    monkeypatch.setattr(documents, "_write_pdf", fail)
    done = draw_deck(StageHarness.create(gcs), f"failing-{type(error).__name__}")
    assert [item.name for item in done.artifacts] == ["deck.json", "slides.zip", "deck.pptx"]
    assert done.warnings == (
        "deck.pdf could not be written; the slides and the film are complete.",
    )


@pytest.mark.parametrize("error", [LeaseLost, DeadlineNear, StorageUnavailable])
def test_document_is_written_again_after_an_error_that_may_pass(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(_: DeckPages) -> bytes:
        raise error

    monkeypatch.setattr(documents, "_write_pdf", fail)
    with pytest.raises(error):
        draw_deck(StageHarness.create(gcs), f"waiting-{error.__name__}")


def test_documents_of_the_same_deck_are_copied(
    gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = StageHarness.create(gcs)
    first = draw_deck(harness, "copied")
    assert {
        item.name: item.content_type for item in first.artifacts if item.kind == "document"
    } == {
        "deck.pdf": "application/pdf",
        "deck.pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }

    def fail(_: DeckPages) -> bytes:
        raise AssertionError("The document was written again.")

    monkeypatch.setattr(documents, "_write_pdf", fail)
    monkeypatch.setattr(documents, "_write_pptx", fail)
    again = draw_deck(harness, "copied")
    assert [item.size_bytes for item in again.artifacts] == [
        item.size_bytes for item in first.artifacts
    ]
