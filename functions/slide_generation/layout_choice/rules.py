"""Chooses layouts by rules, for a deck whose model chose none.

A rule applies only where the form of the text leaves no doubt: bullets that begin with years are a
timeline, bullets that end with numbers in one unit are a chart. All words and numbers are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from functions.slide_generation.layout_choice.figures import find_chart, find_striking_number
from functions.slide_generation.layout_choice.icon_words import add_icons
from shared.recipes.films.deck import Deck
from shared.recipes.films.slides.slide import MAX_HEADING_CHARS, Slide

PLAIN_LAYOUTS = ("title", "bullets", "statement", "closing")
_YEAR = re.compile(
    r"((?:[^\W\d_]{3,9}\.? )?\d{3,4}(?:年|年代|s)?(?:\s?[–-]\s?\d{2,4})?)\s*[:,–—-]\s*(\S.*)"
)
_IN_YEAR = re.compile(r"(?:In|Im Jahr|En|Nel|Em) (\d{4})[,:]?\s+(\S.*)")
_SIDE = re.compile(r"([^:]{2,30}): +(\S.*)")
_STEP = re.compile(r"(?:(?:Step|Schritt|Étape|Paso)\s+)?(\d{1,2})[.):]\s+(\S.*)")
_QUOTE = re.compile(r"[“\"„«「](.+)[”\"“»」]\s*(?:[—–-]\s*)?(.*)")
_STEPS_HEADING = re.compile(r"\b(how to|steps?|process|recipe)\b", re.IGNORECASE)
_MAX_COLUMN_BULLET_CHARS = 48


def choose_layouts(deck: Deck) -> Deck:
    """Returns the deck with layouts for its bullets, and with icons.

    A deck in which the model chose a layout itself is returned unchanged.
    """
    if any(slide.layout not in PLAIN_LAYOUTS or slide.icons for slide in deck.slides):
        return deck
    slides: list[Slide] = []
    for slide in deck.slides:
        chosen = _choose(slide, deck.language)
        if chosen.layout in ("number", "columns") and slides[-1].layout == chosen.layout:
            # Two of them in a row look like a mistake.
            chosen = slide
        slides.append(add_icons(chosen, deck.language))
    return replace(deck, slides=tuple(slides))


def _choose(slide: Slide, language: str) -> Slide:
    if slide.layout not in ("bullets", "statement") or slide.picture is not None:
        return slide
    rules: tuple[Callable[[Slide], Slide | None], ...] = (
        lambda slide: _as_chart(slide, language),
        _as_timeline,
        _as_comparison,
        _as_quote,
        _as_process,
        _as_number,
        _as_columns,
    )
    return next((new for rule in rules if (new := rule(slide)) is not None), slide)


def _as_chart(slide: Slide, language: str) -> Slide | None:
    chart = find_chart(slide.bullets, language)
    return None if chart is None else replace(slide, layout="chart", chart=chart, bullets=())


def _as_timeline(slide: Slide) -> Slide | None:
    matches = [_YEAR.fullmatch(text) or _IN_YEAR.fullmatch(text) for text in slide.bullets]
    if len(matches) < 3 or None in matches:
        return None
    rows = [match.groups() for match in matches if match is not None]
    years = [int(re.findall(r"\d{3,4}", label)[0]) for label, _ in rows]
    if any(later < earlier for earlier, later in pairwise(years)):
        return None
    labels, texts = tuple(label for label, _ in rows), tuple(_capitalize(text) for _, text in rows)
    return replace(slide, layout="timeline", labels=labels, bullets=texts)


def _as_comparison(slide: Slide) -> Slide | None:
    matches = [_SIDE.fullmatch(text) for text in slide.bullets]
    if len(matches) < 4 or None in matches:
        return None
    rows = [match.groups() for match in matches if match is not None]
    sides = [(label, [text for _, text in group]) for label, group in groupby(rows, lambda r: r[0])]
    if len(sides) != 2 or len(sides[0][1]) - len(sides[1][1]) not in (0, 1):
        return None
    return replace(
        slide,
        layout="comparison",
        labels=(sides[0][0], sides[1][0]),
        bullets=tuple(_capitalize(text) for _, texts in sides for text in texts),
    )


def _as_quote(slide: Slide) -> Slide | None:
    quoted = _QUOTE.fullmatch(slide.heading)
    if quoted and not quoted[2] and len(slide.bullets) == 1:
        # The bullet is the author.
        return replace(slide, layout="quote", heading=quoted[1])
    texts = slide.bullets or (slide.heading,)
    match = _QUOTE.fullmatch(texts[0]) if len(texts) == 1 else None
    if match is None or len(match[1]) > MAX_HEADING_CHARS:
        return None
    source = match[2] or (slide.heading if slide.bullets else "")
    kept = (slide.heading,) if slide.bullets and match[2] and slide.heading != match[2] else ()
    names = " · ".join((source, *kept)) if source else ""
    return replace(slide, layout="quote", heading=match[1], bullets=(names,) if names else ())


def _as_process(slide: Slide) -> Slide | None:
    if len(slide.bullets) < 3:
        return None
    matches = [_STEP.fullmatch(text) for text in slide.bullets]
    if all(match and int(match[1]) == n for n, match in enumerate(matches, 1)):
        texts = tuple(_capitalize(match[2]) for match in matches if match)
        return replace(slide, layout="process", bullets=texts)
    return replace(slide, layout="process") if _STEPS_HEADING.search(slide.heading) else None


def _as_number(slide: Slide) -> Slide | None:
    number = find_striking_number((slide.heading, *slide.bullets))
    return replace(slide, layout="number", number=number) if number else None


def _as_columns(slide: Slide) -> Slide | None:
    if len(slide.bullets) < 5 or not _are_short(slide.bullets):
        return None
    return replace(slide, layout="columns")


def _are_short(texts: Sequence[str]) -> bool:
    return max(map(len, texts)) <= _MAX_COLUMN_BULLET_CHARS


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
