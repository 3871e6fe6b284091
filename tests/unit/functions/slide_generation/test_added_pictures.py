"""Pictures that a user added to a deck, as the slides show them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pypdfium2
import pytest
from PIL import Image

from functions.slide_generation import join
from functions.slide_generation.deck.deck_sources import write_deck
from functions.slide_generation.deck.deck_store import encode_deck
from shared.errors import PermanentError
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import Bucket
from shared.recipes.films.added_pictures import AddedPicture, added_object_name
from shared.recipes.films.deck import Deck
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.media.decks import make_deck
from tests.fixtures.stage_harness import StageHarness, make_job

LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def encode_halves(**options: object) -> bytes:
    """A wide picture, red on the left and blue on the right."""
    image = Image.new("RGB", (400, 100), LEFT)
    image.paste(RIGHT, (200, 0, 400, 100))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def draw(
    gcs: GcsEmulator, data: bytes, *, focus: tuple[float, float] | None, announced: str = ""
) -> tuple[StageHarness, UnitDone]:
    harness = StageHarness.create(gcs)
    sha256 = announced or hashlib.sha256(data).hexdigest()
    picture = AddedPicture(sha256, "halves.jpg", "image/jpeg", len(data))
    job = replace(make_job("presentation"), deck_pictures=(picture,))
    name = added_object_name(job.id, picture.reference)
    harness.put_object(Bucket.WORK, name, data, "image/jpeg")
    slide = {"heading": "Halves", "layout": "picture", "picture": picture.reference,
             "alt": "Two colours", "focus": focus}  # fmt: skip
    deck: Deck = make_deck([{"heading": "A"}, slide, {"heading": "C"}])
    stored = harness.put_object(
        Bucket.WORK, f"decks/{job.id}/e.json", encode_deck(deck), "application/json"
    )
    specs = ({"deck": "edited", "stored": stored.to_dict()},)
    return harness, harness.run_stage("slide_generation", write_deck, join.draw_slides, specs, job)


@pytest.mark.parametrize(
    ("focus", "colour"), [((0.0, 0.5), LEFT), ((1.0, 0.5), RIGHT)], ids=["left", "right"]
)
def test_picture_is_cropped_around_its_focus(
    gcs: GcsEmulator, focus: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    harness, done = draw(gcs, encode_halves(), focus=focus)
    pdf = next(item for item in done.artifacts if item.name == "deck.pdf")
    with pypdfium2.PdfDocument(harness.read_artifact(pdf)) as document:
        page = document[1].render(scale=0.25).to_pil().convert("RGB")
    shown = page.getpixel((page.width // 5, page.height // 2))
    assert isinstance(shown, tuple)
    assert max(abs(a - b) for a, b in zip(shown, colour, strict=True)) < 12


def test_picture_that_is_not_the_announced_one_is_refused(gcs: GcsEmulator) -> None:
    with pytest.raises(PermanentError, match=r"halves\.jpg: The picture is not the one"):
        draw(gcs, encode_halves(), focus=None, announced="0" * 64)


def test_picture_that_cannot_be_read_is_refused_with_its_name(gcs: GcsEmulator) -> None:
    with pytest.raises(PermanentError, match=r"halves\.jpg: "):
        draw(gcs, b"<svg/>", focus=None)
