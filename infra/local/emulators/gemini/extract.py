"""Writes a deck of the sentences of a text, without a word that the text does not have.

The only exception is the heading of the closing slide in the languages of `questions`. Each section
becomes one slide or more; neighbouring sections share a slide when there are more than slides.
The narration of a slide is its sentences, or the most central ones of a long section (`ranking`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from infra.local.emulators.gemini.parts import Part, fit_parts
from infra.local.emulators.gemini.questions import find_questions
from infra.local.emulators.gemini.ranking import score_sentences
from infra.local.emulators.gemini.sections import Section
from infra.local.emulators.gemini.words import (
    capitalize,
    clip,
    drawn_width,
    end_sentence,
    has_word_spaces,
    is_contained,
)

MIN_SENTENCES = 6
"""Sentences that make a prompt a text of its own."""
MAX_HEADING_WIDTH = 80
_SHORTENED_WEIGHT = 0.5
_FULL_HEADING_WIDTH = 35
_CONTINUED_WEIGHT = 0.7
MAX_BULLET_WIDTH = 100
MAX_NOTES_WIDTH = 600
"""About 40 seconds of speech."""
MAX_BULLETS, MAX_ITEMS = 4, 6
_MIN_TO_SPARE = 2
_MAX_INTRODUCTION = 3
"""Sentences between the title and the first heading that are spoken over the title."""


def write_extract(
    title: str, sections: Sequence[Section], slide_count: int, language: str
) -> dict[str, Any]:
    """Returns the JSON of a response: title, language, slides."""
    score = score_sentences(sections, language)
    items = {section.sentences[n] for section in sections for n in section.items}
    leads = {section.sentences[n] for section in sections for n in section.leads}
    parts = [Part((section.heading,), tuple(section.sentences)) for section in sections]
    opening, parts = _take_introduction(parts, title)
    last, parts = _take_last_sentence(parts)
    parts = fit_parts(parts, slide_count - 2, items, leads)
    used = {_key(title)}
    slides: list[dict[str, Any]] = [
        {"heading": clip(title, MAX_HEADING_WIDTH), "layout": "title", "bullets": [],
         "notes": opening}
    ]  # fmt: skip
    for part in parts:
        slides.append(_write_slide(part, score, items, used))
        used.add(_key(slides[-1]["heading"]))
    prose = [part for part in parts if not items.issuperset(part.sentences)]
    slides.append(_write_closing(prose or parts, last, score, used, language))
    return {"title": title, "language": language, "slides": slides}


def _take_introduction(parts: list[Part], title: str) -> tuple[str, list[Part]]:
    """Returns the narration of the title slide, and the parts that are not in it."""
    first = parts[0]
    if len(first.sentences) > 1 and _key(first.sentences[0].rstrip(" .。")) == _key(title):
        first = Part(first.headings, first.sentences[1:])
        parts = [first, *parts[1:]]
    is_introduction = not first.headings[0] and len(first.sentences) <= _MAX_INTRODUCTION
    if is_introduction and len(parts) > 1:
        return _join(first.sentences), parts[1:]
    return end_sentence(title), parts


def _take_last_sentence(parts: list[Part]) -> tuple[str, list[Part]]:
    """Returns the sentence that ends the film, and the parts without it if they can spare it."""
    *others, last = parts
    ending = last.sentences[-1]
    if len(last.sentences) > 1 and sum(len(part.sentences) for part in parts) > _MIN_TO_SPARE:
        return ending, [*others, Part(last.headings, last.sentences[:-1])]
    return ending, parts


def _write_slide(
    part: Part, score: Mapping[str, float], items: Collection[str], used: Collection[str]
) -> dict[str, Any]:
    sentences = _choose_spoken(part.sentences, score)
    ranked = sorted(sentences, key=lambda sentence: -score[sentence])
    headings = [heading for heading in part.headings if heading]
    is_list = all(sentence in items for sentence in part.sentences)
    heading = _join_headings(headings)
    shown = 0
    if not heading or _key(heading) in used:
        heading = _choose_heading(ranked, score, used)
        shown = 1
    candidates = [sentence for sentence in ranked if not is_contained(sentence, heading)]
    candidates.sort(key=lambda sentence: sentence not in items)
    # One sentence more is spoken than shown, so that the narration does not only read them out.
    limit = MAX_ITEMS if is_list else min(MAX_BULLETS, len(sentences) - 1 - shown)
    short = [text for text in candidates if drawn_width(text) <= MAX_BULLET_WIDTH]
    preferred = [*short, *(text for text in candidates if text not in short)][: max(0, limit)]
    bullets = [_as_bullet(text) for text in part.sentences if text in preferred]
    if len(headings) > 1 and len(bullets) < 2:
        bullets = headings[:MAX_ITEMS]
    if len(bullets) > 1:
        # A list is announced by its heading.
        notes = _join([heading, *sentences] if is_list and not shown else sentences)
        return {"heading": heading, "layout": "bullets", "bullets": bullets, "notes": notes}
    if not shown:
        heading = _add_sentence(heading, ranked)
    return {"heading": heading, "layout": "statement", "bullets": [], "notes": _join(sentences)}


def _add_sentence(heading: str, ranked: Sequence[str]) -> str:
    """Returns the heading of a section with the first sentence behind it that fits, or a sentence
    that has the heading in it."""
    for text in ranked:
        sentence = text.rstrip(" .。।:：")
        separator = " – " if has_word_spaces(heading) else "："
        longer = sentence if _key(heading) in _key(text) else f"{heading}{separator}{sentence}"
        if drawn_width(longer) <= MAX_BULLET_WIDTH:
            return longer
    return heading


def _write_closing(
    parts: Sequence[Part], last: str, score: Mapping[str, float], used: set[str], language: str
) -> dict[str, Any]:
    """Returns the closing slide: the most central sentences, and the last one as narration."""
    best = [
        max(part.sentences, key=lambda text: (drawn_width(text) <= MAX_BULLET_WIDTH, score[text]))
        for part in parts
    ]
    # A part without a heading continues a section that has a sentence already.
    weight = {
        text: score[text] * (1 if part.headings[0] else _CONTINUED_WEIGHT)
        for part, text in zip(parts, best, strict=True)
    }
    ranked = sorted((text for text in best if text != last), key=lambda text: -weight[text])[:3]
    questions = find_questions(language)
    heading = questions.in_short if questions else _choose_heading([last, *ranked], score, used)
    bullets = [
        _as_bullet(text) for text in best if text in ranked and not is_contained(text, heading)
    ]
    return {
        "heading": heading,
        "layout": "closing",
        "bullets": bullets if len(bullets) > 1 else [],
        "notes": end_sentence(last),
    }


def _choose_spoken(sentences: Sequence[str], score: Mapping[str, float]) -> list[str]:
    """Returns the most central sentences that are spoken in MAX_NOTES_WIDTH, in their order."""
    chosen: set[str] = set()
    width = 0
    for sentence in sorted(sentences, key=lambda sentence: -score[sentence]):
        if chosen and width + drawn_width(sentence) > MAX_NOTES_WIDTH:
            continue
        chosen.add(sentence)
        width += drawn_width(sentence)
    return [sentence for sentence in dict.fromkeys(sentences) if sentence in chosen]


def _choose_heading(
    sentences: Sequence[str], score: Mapping[str, float], used: Collection[str]
) -> str:
    """Returns the most central sentence that is in no heading yet. One that has to be shortened, or
    that is too short to say much, has to be more central."""
    free = [text for text in sentences if _key(_as_heading(text)) not in used] or list(sentences)

    def rank(text: str) -> float:
        width = drawn_width(text)
        fits = 1 if width <= MAX_HEADING_WIDTH else _SHORTENED_WEIGHT
        return score[text] * fits * min(1, width / _FULL_HEADING_WIDTH)

    return _as_heading(max(free, key=rank))


def _as_heading(text: str) -> str:
    return capitalize(clip(text.rstrip(" .。।:："), MAX_HEADING_WIDTH))


def _join_headings(headings: Sequence[str]) -> str:
    """Returns the headings of the sections on one slide, or the first and the last one."""
    joined = " · ".join(headings)
    if drawn_width(joined) <= MAX_HEADING_WIDTH:
        return joined
    if len(headings) == 1:
        return clip(headings[0], MAX_HEADING_WIDTH)
    ends = f"{headings[0]} … {headings[-1]}"
    return ends if drawn_width(ends) <= MAX_HEADING_WIDTH + 20 else headings[0]


def _as_bullet(text: str) -> str:
    return clip(text.rstrip(" .。।:："), MAX_BULLET_WIDTH)


def _join(sentences: Sequence[str]) -> str:
    ended = [end_sentence(sentence) for sentence in sentences]
    return "".join(
        text if not n or not has_word_spaces(ended[n - 1]) else f" {text}"
        for n, text in enumerate(ended)
    )


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
