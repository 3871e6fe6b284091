"""The join of slide_generation: every slide is drawn, and what shall be spoken is planned."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from functions.slide_generation.drawing import Artist, png
from functions.slide_generation.writing import (
    SLIDES_PREFIX,
    kept_free,
    options_of,
    read_stored,
    recorded_deck,
    write_once,
)
from shared.domain.deck import Deck
from shared.domain.deck_options import DeckOptions
from shared.domain.effects import Finished
from shared.domain.job import Artefact
from shared.domain.pipeline import Bucket
from shared.ports import Stored
from shared.stage import Task

RESULTS_PREFIX = "jobs/"
DRAWING = 1
"""Raised when the same slide would look otherwise, so that older pictures are not adopted."""


def draw_slides(task: Task) -> Finished:
    """Draw what was not drawn before; write deck.json and slides.zip for people."""
    deck, stored, told = recorded_deck(task)
    slides = _drawn(task, deck)
    key = hashlib.sha256(f"{DRAWING} {stored.spec}".encode()).hexdigest()
    width, height = deck.size
    facts: dict[str, Any] = {
        **told,
        "deck": _place(stored),
        "slides": [{**_place(one), "width": width, "height": height} for one in slides],
    }
    artefacts = (_deck_copy(task, stored, key), _archive(task, slides, key))
    return Finished(
        artefacts, facts=facts, plan={"text_to_speech": _spoken(deck, options_of(task))}
    )


def slide_key(deck: Deck, number: int, below: Fraction) -> str:
    """The content address of a slide's picture: all that it looks like."""
    slide = deck.slides[number].to_dict()
    shown = {name: slide[name] for name in ("heading", "bullets", "layout", "picture")}
    content = [
        DRAWING, shown, number, len(deck.slides), deck.language, deck.theme, deck.aspect,
        deck.resolution, str(below),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _drawn(task: Task, deck: Deck) -> list[Stored]:
    below = kept_free(task)
    artist = Artist(deck, below)
    drawn: list[Stored] = []
    for number in range(len(deck.slides)):
        task.check()
        key = slide_key(deck, number, below)
        name = f"{SLIDES_PREFIX}{task.job.id}/{key[:24]}.png"
        there = task.objects.stat(Bucket.WORK, name)
        if there is None:
            content = png(artist.draw(number))
            there = write_once(task.objects, name, key, content, "image/png")
        drawn.append(there)
    return drawn


def _spoken(deck: Deck, options: DeckOptions) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "slide": number,
            "text": slide.notes,
            "language": deck.language,
            "voice": options.voice,
            "speed": options.speed,
            "pitch": options.pitch,
        }
        for number, slide in enumerate(deck.slides)
    )


def _deck_copy(task: Task, stored: Stored, key: str) -> Artefact:
    name = f"{RESULTS_PREFIX}{task.job.id}/{key[:12]}/deck.json"
    result, _ = task.objects.copy(stored, Bucket.OUTPUTS, name, spec=key)
    return result.artefact("deck.json", "deck")


def _archive(task: Task, slides: list[Stored], key: str) -> Artefact:
    """The pictures as one file: stored, since PNGs do not get smaller."""
    name = f"{RESULTS_PREFIX}{task.job.id}/{key[:12]}/slides.zip"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, slide in enumerate(slides, start=1):
            task.check()
            entry = zipfile.ZipInfo(f"slide_{number:02d}.png", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, read_stored(task.objects, slide))
    with task.objects.create(
        Bucket.OUTPUTS, name, content_type="application/zip", spec=key
    ) as writer:
        writer.write(packed.getvalue())
    return writer.stored.artefact("slides.zip", "slides")


def _place(stored: Stored) -> dict[str, Any]:
    return {
        "bucket": stored.bucket.value,
        "name": stored.name,
        "generation": stored.generation,
        "size_bytes": stored.size_bytes,
    }
