"""The join of slide_generation: draws all slides and plans the narration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from functions.slide_generation.deck.deck_result import read_options, read_subtitle_area
from functions.slide_generation.deck.deck_sources import read_part_deck
from functions.slide_generation.drawing.job_slides import DRAWING_VERSION, JobSlides
from functions.slide_generation.export.documents import EXPORT_VERSION, write_documents
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.jobs.units.outcomes import UnitDone
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.foreign_words import describe_foreign_words
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.results import DeckResult
from shared.runtime.results_writer import ResultsWriter
from shared.typography.faces import Style, describe_replacements


def draw_slides(context: UnitContext) -> UnitDone:
    """Draws the slides that are not drawn yet; writes deck.json, slides.zip, deck.pdf and deck.pptx
    for download."""
    deck, stored, part = read_part_deck(context)
    options = read_options(context)
    area = read_subtitle_area(context)
    drawn = JobSlides(context, deck, area)
    with context.progress_step(0.8):
        slides = drawn.draw_missing()
    keys = [slide.content for slide in slides]
    content = json.dumps([DRAWING_VERSION, EXPORT_VERSION, stored.spec, keys])
    key = hashlib.sha256(content.encode()).hexdigest()
    result = DeckResult(
        calls=part.calls,
        hits=part.hits,
        revision=context.envelope.revision,
        rendered=len(slides) - drawn.reused,
        reused=drawn.reused,
        deck=stored,
        slides=tuple(slides),
    )
    results = ResultsWriter(context.objects, context.job.id, key, context.envelope.revision)
    documents, missing = write_documents(context, deck, drawn, slides, results, area)
    with context.progress_step(1):
        artifacts = (
            results.copy(stored, "deck.json", "deck"),
            drawn.write_archive(results, [slide.stored_object for slide in slides]),
            *documents,
        )
    (spec,) = context.stage.parts
    is_silent = _is_silent(context)
    return UnitDone(
        artifacts,
        facts=result.to_dict(),
        plan={"text_to_speech": _narration_specs(deck, options, is_silent=is_silent)},
        warnings=(
            *part.warnings,
            *(() if is_silent else _narration_warnings(deck)),
            *_describe_replacements(deck),
            *missing,
        ),
        review=bool(spec.get("review", options.stop_at == "deck")),
    )


def _describe_replacements(deck: Deck) -> tuple[str, ...]:
    texts = [text for slide in deck.slides for text in (slide.heading, *slide.bullets)]
    return describe_replacements(texts, Style(deck.language))


def _is_silent(context: UnitContext) -> bool:
    """Returns whether nothing is spoken over the clips of a recap."""
    try:
        options = RecapOptions.from_job(context.job.options)
    except ValueError as error:
        raise InvalidOption(str(error)) from error
    return options.sound == "original" and options.footage == "clips"


def _narration_specs(
    deck: Deck, options: DeckOptions, *, is_silent: bool
) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            "slide": number,
            "text": "" if is_silent else slide.notes,
            "language": deck.language,
            "voice": options.voice,
            "speed": options.speed,
            "pitch": options.pitch,
        }
        for number, slide in enumerate(deck.slides)
    )


def _narration_warnings(deck: Deck) -> tuple[str, ...]:
    """Returns a warning about words that the voices of the deck's language do not read."""
    warning = describe_foreign_words((slide.notes for slide in deck.slides), deck.language)
    return () if warning is None else (warning,)
