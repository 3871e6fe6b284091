"""Splits slides whose text does not fit in a readable size."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from itertools import count

from functions.slide_generation.drawing.layout import NO_SUBTITLE_AREA, SlidePlanner
from functions.slide_generation.drawing.themes import THEMES
from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Deck, Slide
from shared.recipes.films.slides.layouts import to_bullets

_SENTENCE = re.compile(r"(?<=[.!?…؟।])\s+|(?<=[。！？])|\n+")


def fit_slides(deck: Deck, subtitle_area: Fraction = NO_SUBTITLE_AREA) -> Deck:
    """Returns the deck with each slide split that does not fit.

    At the maximum number of slides, the remaining slides are not split and are drawn smaller.

    Args:
        subtitle_area: share of the height that stays free of text.
    """
    planner = SlidePlanner(deck, THEMES[deck.theme], subtitle_area)
    slides: list[Slide] = []
    pending = list(deck.slides)
    while pending:
        slide = pending.pop(0)
        may_split = len(slides) + len(pending) + 2 < SLIDE_COUNT_RANGE.stop
        min_bullets = 1 if slide.layout == "title" else 2
        fits = planner.plan(slide, 0, picture=slide.picture is not None).fits
        if may_split and len(slide.bullets) >= min_bullets and not fits:
            taken_ids = {item.id for item in (*deck.slides, *slides, *pending)}
            pending[:0] = split_slide(slide, taken_ids)
        else:
            slides.append(slide)
    return replace(deck, slides=tuple(slides))


def split_slide(slide: Slide, taken_ids: Collection[str] = ()) -> tuple[Slide, Slide]:
    """Returns two slides that share the bullets and the sentences of the notes.

    A title slide keeps no bullets. The slides of a layout with labels or numbers have bullets.

    Args:
        taken_ids: ids that the new slides must not have.
    """
    if slide.labels or slide.number or slide.chart is not None:
        slide = to_bullets(slide)
    title = slide.layout == "title"
    bullet_count = 0 if title else (len(slide.bullets) + 1) // 2
    sentences = [text.strip() for text in _SENTENCE.split(slide.notes) if text.strip()]
    sentence_count = (len(sentences) + 1) // 2
    icons = slide.icons if len(slide.icons) == len(slide.bullets) else ()
    return (
        replace(
            slide,
            id=_free_id(slide.id, "a", taken_ids),
            bullets=slide.bullets[:bullet_count],
            notes=" ".join(sentences[:sentence_count]),
            icons=icons[:bullet_count] or slide.icons[:1],
        ),
        replace(
            slide,
            id=_free_id(slide.id, "b", taken_ids),
            bullets=slide.bullets[bullet_count:],
            notes=" ".join(sentences[sentence_count:]),
            layout="bullets" if title else slide.layout,
            icons=icons[bullet_count:] or slide.icons[:1],
        ),
    )


def _free_id(stem: str, suffix: str, taken_ids: Collection[str]) -> str:
    """Returns an id of at most 40 characters that is not taken."""
    endings = (f"-{suffix}{n or ''}" for n in count())
    return next(name for end in endings if (name := stem[: 40 - len(end)] + end) not in taken_ids)
