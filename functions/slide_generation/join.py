"""The join of slide_generation: draws all slides and plans the narration."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from PIL import Image

from functions.slide_generation.deck.deck_result import read_options, read_subtitle_area
from functions.slide_generation.deck.deck_sources import read_part_deck
from functions.slide_generation.drawing.mood_chart import draw_mood_chart
from functions.slide_generation.drawing.pictures import JobPictures
from functions.slide_generation.drawing.renderer import SlideRenderer, encode_png
from functions.slide_generation.drawing.slide_cache import drawn_slide_key
from functions.slide_generation.drawing.themes import THEMES
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import SLIDE_CACHE_PREFIX, SLIDES_PREFIX, Bucket
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.recipes.films.foreign_words import describe_foreign_words
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.results import DeckResult, SlideImage
from shared.recipes.stored_object import Artifact, StoredObject
from shared.runtime.owner_cache import OwnerCache, content_key
from shared.runtime.results_writer import ResultsWriter, read_object, write_once
from shared.typography.faces import Style, describe_replacements

DRAWING_VERSION = 6
"""Increase when the same slide looks different, so that older pictures are not adopted."""


def draw_slides(context: UnitContext) -> UnitDone:
    """Draws the slides that are not drawn yet; writes deck.json and slides.zip for download."""
    deck, stored, part = read_part_deck(context)
    options = read_options(context)
    slides, hits = _draw_missing(context, deck)
    keys = [slide.content for slide in slides]
    key = hashlib.sha256(json.dumps([DRAWING_VERSION, stored.spec, keys]).encode()).hexdigest()
    result = DeckResult(
        calls=part.calls,
        hits=part.hits,
        revision=context.envelope.revision,
        rendered=len(slides) - hits,
        reused=hits,
        deck=stored,
        slides=tuple(slides),
    )
    results = ResultsWriter(context.objects, context.job.id, key, context.envelope.revision)
    artifacts = (
        results.copy(stored, "deck.json", "deck"),
        _archive(context, results, [slide.stored_object for slide in slides]),
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
        ),
        review=bool(spec.get("review", options.stop_at == "deck")),
    )


def _describe_replacements(deck: Deck) -> tuple[str, ...]:
    texts = [text for slide in deck.slides for text in (slide.heading, *slide.bullets)]
    return describe_replacements(texts, Style(deck.language))


def drawing_inputs(deck: Deck, number: int, subtitle_area: Fraction) -> list[Any]:
    """Returns all inputs of the drawing of a slide but its picture, as JSON values."""
    slide = deck.slides[number].to_dict()
    shown = {name: slide[name] for name in slide if name not in ("id", "notes", "picture")}
    return [
        DRAWING_VERSION, shown, number, len(deck.slides), deck.language, deck.theme, deck.aspect,
        deck.resolution, str(subtitle_area),
    ]  # fmt: skip


def _draw_missing(context: UnitContext, deck: Deck) -> tuple[list[SlideImage], int]:
    """Returns the pictures of all slides, and how many of them existed already.

    They are looked for among those of the job, then among those of other jobs of the owner.
    """
    subtitle_area = read_subtitle_area(context)
    renderer, pictures = SlideRenderer(deck, subtitle_area), JobPictures.of(context)
    cache = OwnerCache(context.objects, SLIDE_CACHE_PREFIX, context.job.owner)
    folder = f"{SLIDES_PREFIX}{context.job.id}/"
    images: list[SlideImage] = []
    hits = 0
    for number, slide in enumerate(deck.slides):
        context.check()
        context.report_progress(number / len(deck.slides))
        inputs = drawing_inputs(deck, number, subtitle_area)
        # By the version of the picture: it may be gone when the slide is needed again.
        key = content_key(inputs, pictures.key(slide.picture))
        name = f"{folder}{key[:24]}.png"
        # Not listed: a role for a folder does not include listing the bucket.
        stored = context.objects.stat(Bucket.WORK, name)
        if stored is None:
            content = drawn_slide_key(inputs, pictures, slide.picture)
            stored = cache.copy_to(content, name)
            hits += stored is not None
            if stored is None:
                picture = _load_picture(deck, number, renderer, pictures)
                data = encode_png(renderer.render(number, picture))
                stored = write_once(
                    context.objects, Bucket.WORK, name, data, content_type="image/png", spec=content
                )
                cache.add(content, stored)
        else:
            hits += 1
        has_picture = pictures.key(slide.picture) is not None
        box = renderer.moving_box(number) if has_picture else None
        images.append(SlideImage(stored, *deck.size, stored.spec, box))
    return images, hits


def _load_picture(
    deck: Deck, number: int, renderer: SlideRenderer, pictures: JobPictures
) -> Image.Image | None:
    """Returns the picture or the chart of a slide, in the size of its box; None if it has none."""
    reference = deck.slides[number].picture
    if reference is None or pictures.key(reference) is None:
        return None
    box = renderer.plan(number, picture=True).picture
    if box is None:
        return None
    size = round(box.width), round(box.height)
    if reference == MOOD_CHART:
        return draw_mood_chart(pictures.mood, size, THEMES[deck.theme])
    return pictures.load(reference, size)


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


def _archive(context: UnitContext, results: ResultsWriter, slides: list[StoredObject]) -> Artifact:
    """Writes all slides as one ZIP file, or copies that of another job of the owner."""
    cache = OwnerCache(context.objects, SLIDE_CACHE_PREFIX, context.job.owner)
    key = content_key("slides.zip", [slide.spec for slide in slides])
    entry = cache.find(key)
    if entry is not None:
        return results.copy(entry, "slides.zip", "slides")
    archive = results.write(
        "slides.zip", "slides", "application/zip", lambda: _pack_slides(context, slides)
    )
    cache.add(key, archive.stored_object)
    return archive


def _pack_slides(context: UnitContext, slides: list[StoredObject]) -> bytes:
    """Returns a ZIP file of all slides, uncompressed because PNG is compressed already."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, slide in enumerate(slides, start=1):
            context.check()
            entry = zipfile.ZipInfo(f"slide_{number:02d}.png", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, read_object(context.objects, slide))
    return buffer.getvalue()
