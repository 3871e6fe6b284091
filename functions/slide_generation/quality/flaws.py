"""Finds what a viewer would notice in slides that a model wrote and that no repair can change."""

from __future__ import annotations

from collections.abc import Sequence

from functions.slide_generation.quality.repairs import MAX_BULLET_WIDTH, MIN_BULLETS
from functions.slide_generation.quality.words import (
    comparable,
    find_numbers,
    split_sentences,
    text_width,
)
from shared.recipes.films.foreign_words import has_script_of
from shared.recipes.films.slides.slide import Slide
from shared.recipes.option_values import join_words

SLIDE_COUNT_TOLERANCE = 2
"""A deck may have this many slides more or fewer than requested; another call is not worth it."""
_MAX_COUNT = 10
"""A number up to this one can be a count of the model, such as "3 steps"."""
_MAX_NAMES = 3
"""Headings that one sentence names."""


def find_count_flaws(slides: int, requested: int) -> tuple[str, ...]:
    """Returns a sentence for the user about a number of slides that is too far from the request."""
    if abs(slides - requested) <= SLIDE_COUNT_TOLERANCE:
        return ()
    return (f"{requested} slides were requested; the deck has {slides}.",)


def find_language_flaws(slides: Sequence[Slide], language: str) -> tuple[str, ...]:
    """Returns a sentence for the user about slides in a script that the language does not have."""
    texts = [text for slide in slides for text in (slide.heading, *slide.bullets, slide.notes)]
    if has_script_of("\n".join(texts), language):
        return ()
    return (f"The text is not in the language of the film, which is {language}.",)


def find_flaws(slides: Sequence[Slide], source: str = "") -> tuple[str, ...]:
    """Returns a sentence for the user about each kind of flaw in the slides.

    Args:
        source: the text that all numbers must be in; "" when any number may be used.
    """
    words = [comparable(slide.heading) for slide in slides]
    slides_by_flaw = {
        "More than one slide has the heading": [
            slide for n, slide in enumerate(slides) if words[n] in words[:n]
        ],
        "A bullet is too long to be read at a glance on the slide": [
            slide
            for slide in slides
            if any(text_width(bullet) > MAX_BULLET_WIDTH for bullet in slide.bullets)
        ],
        "The narration only reads out the bullets of the slide": [
            slide for slide in slides if reads_bullets_aloud(slide)
        ],
    }
    flaws = [f"{flaw} {_name(found)}." for flaw, found in slides_by_flaw.items() if found]
    unknown = _find_unknown_numbers(slides, source) if source else []
    if unknown:
        flaws.append(f"The deck has numbers that are not in your text: {', '.join(unknown)}.")
    return tuple(flaws)


def reads_bullets_aloud(slide: Slide) -> bool:
    """Returns whether the notes are bullets, with no sentence besides them and the heading."""
    if len(slide.bullets) < MIN_BULLETS or not slide.notes:
        return False
    if comparable(slide.notes) == comparable(" ".join(slide.bullets)):
        return True
    heading, bullets = comparable(slide.heading), [comparable(text) for text in slide.bullets]
    sentences = [comparable(sentence) for sentence in split_sentences(slide.notes)]
    unread = [text for text in sentences if not any(text in bullet for bullet in bullets)]
    return len(unread) < len(sentences) and all(text in heading for text in unread)


def _find_unknown_numbers(slides: Sequence[Slide], source: str) -> list[str]:
    known = set(find_numbers(source))
    texts = [text for slide in slides for text in (slide.heading, *slide.bullets, slide.notes)]
    return [
        number
        for number in dict.fromkeys(find_numbers("\n".join(texts)))
        if number not in known and not (number.isdigit() and int(number) <= _MAX_COUNT)
    ]


def _name(slides: Sequence[Slide]) -> str:
    """Returns the headings of the first slides, and the number of the others."""
    headings = list(dict.fromkeys(slide.heading for slide in slides))
    names = [f"“{heading}”" for heading in headings[:_MAX_NAMES]]
    if len(headings) > _MAX_NAMES:
        names.append(f"{len(headings) - _MAX_NAMES} more")
    return names[0] if len(names) == 1 else join_words(names, "and")
