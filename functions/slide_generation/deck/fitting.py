"""Slides that hold more than can be shown in a readable size are split in two."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from itertools import count

from functions.slide_generation.drawing.layout import NO_SUBTITLE_ROOM, SlidePlanner
from functions.slide_generation.drawing.themes import THEMES
from shared.recipes.films.deck import SLIDE_COUNT_RANGE, Deck, Slide

_SENTENCE = re.compile(r"(?<=[.!?…؟।])\s+|(?<=[。！？])|\n+")


def fit_slides(deck: Deck, subtitle_room: Fraction = NO_SUBTITLE_ROOM) -> Deck:
    """The deck with every slide split that does not fit, as long as a deck may have more slides.
    `below`: how much of the height stays free of text.

    What is left over is drawn smaller.
    """
    planner = SlidePlanner(deck, THEMES[deck.theme], subtitle_room)
    slides: list[Slide] = []
    waiting = list(deck.slides)
    while waiting:
        slide = waiting.pop(0)
        room = len(slides) + len(waiting) + 2 < SLIDE_COUNT_RANGE.stop
        least = 1 if slide.layout == "title" else 2
        shown = slide.picture is not None
        fits = planner.plan(slide, 0, picture=shown).fits
        if room and len(slide.bullets) >= least and not fits:
            waiting[:0] = split_slide(slide, {one.id for one in (*deck.slides, *slides, *waiting)})
        else:
            slides.append(slide)
    return replace(deck, slides=tuple(slides))


def split_slide(slide: Slide, taken_ids: Collection[str] = ()) -> tuple[Slide, Slide]:
    """Two slides with one half of the points, and of what is spoken, each; a title keeps none.
    `taken` are ids that they must not get."""
    title = slide.layout == "title"
    points = 0 if title else (len(slide.bullets) + 1) // 2
    told = [one.strip() for one in _SENTENCE.split(slide.notes) if one.strip()]
    said = (len(told) + 1) // 2
    return (
        replace(
            slide,
            id=_free(slide.id, "a", taken_ids),
            bullets=slide.bullets[:points],
            notes=" ".join(told[:said]),
        ),
        replace(
            slide,
            id=_free(slide.id, "b", taken_ids),
            bullets=slide.bullets[points:],
            notes=" ".join(told[said:]),
            layout="bullets" if title else slide.layout,
        ),
    )


def _free(stem: str, letter: str, taken: Collection[str]) -> str:
    names = (f"-{letter}{n or ''}" for n in count())
    return next(name for end in names if (name := stem[: 40 - len(end)] + end) not in taken)
