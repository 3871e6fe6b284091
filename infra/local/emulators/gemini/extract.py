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
from infra.local.emulators.gemini.ranking import (
    choose_bullets,
    choose_spoken,
    refers_back,
    score_sentences,
)
from infra.local.emulators.gemini.sections import Section
from infra.local.emulators.gemini.words import (
    capitalize,
    clip,
    drawn_width,
    end_sentence,
    has_word_spaces,
    is_contained,
    join_phrases,
    split_quotation,
)

MIN_SENTENCES = 6
"""Sentences that make a prompt a text of its own."""
MAX_HEADING_WIDTH = 80
MAX_STATEMENT_WIDTH = 120
"""A sentence without bullets may be longer than a heading."""
MAX_PHRASE_WIDTH = 40
"""The items of a list that are not longer are spoken as one sentence."""
_SHORTENED_WEIGHT = 0.5
_FULL_HEADING_WIDTH = 35
_CONTINUED_WEIGHT = 0.7
MAX_BULLET_WIDTH = 120
"""A wider one is a flaw of a deck (`quality/repairs.py`)."""
MAX_SUMMARY_WIDTH = 100
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
    score = score_sentences(sections, language, title)
    items = {section.sentences[n] for section in sections for n in section.items}
    leads = {section.sentences[n] for section in sections for n in section.leads}
    steps = {
        section.sentences[n]: step for section in sections for n, step in section.steps.items()
    }
    parts = [Part((section.heading,), tuple(section.sentences)) for section in sections]
    prose_sentences = [text for part in parts for text in part.sentences if text not in items]
    opening, subtitle, parts = _take_introduction(parts, title)
    last, parts = _take_last_sentence(parts, prose_sentences)
    parts = fit_parts(parts, slide_count - 2, items, leads)
    referring = {text for text in prose_sentences if refers_back(text, language)}
    used = {_key(title)}
    slides: list[dict[str, Any]] = [
        {"heading": clip(title, MAX_HEADING_WIDTH), "layout": "title", "bullets": subtitle,
         "notes": opening}
    ]  # fmt: skip
    for part in parts:
        slides.append(_write_slide(part, score, items, steps, referring, used))
        used.add(_key(slides[-1]["heading"]))
    prose = [part for part in parts if not items.issuperset(part.sentences)]
    slides.append(_write_closing(prose or parts, last, score, used, language))
    return {"title": title, "language": language, "slides": slides}


def _take_introduction(parts: list[Part], title: str) -> tuple[str, list[str], list[Part]]:
    """Returns the narration of the title slide, its subtitle if there is a short one, and the parts
    that are not in it."""
    first = parts[0]
    if len(first.sentences) > 1 and _key(first.sentences[0].rstrip(" .。")) == _key(title):
        first = Part(first.headings, first.sentences[1:])
        parts = [first, *parts[1:]]
    if len(first.sentences) >= MIN_SENTENCES and _key(first.sentences[0]).startswith(
        _key(title.rstrip("…"))
    ):
        # A text without a title has that of its first sentence, which is said once.
        rest = Part(first.headings, first.sentences[1:])
        return end_sentence(first.sentences[0]), [], [rest, *parts[1:]]
    is_introduction = not first.headings[0] and len(first.sentences) <= _MAX_INTRODUCTION
    if is_introduction and len(parts) > 1:
        subtitle = _as_bullet(first.sentences[0])
        fits = drawn_width(subtitle) <= MAX_HEADING_WIDTH and not is_contained(subtitle, title)
        return _join(first.sentences), [subtitle] if fits else [], parts[1:]
    return end_sentence(title), [], parts


def _take_last_sentence(parts: list[Part], prose: Sequence[str]) -> tuple[str, list[Part]]:
    """Returns the sentence that ends the film, and the parts without it if they can spare it.

    A list is not divided: the last sentence of `prose`, which is in no list, is said once more.
    """
    *others, last = parts
    ending = last.sentences[-1]
    if ending not in prose:
        return prose[-1] if prose else ending, parts
    if len(last.sentences) > 1 and sum(len(part.sentences) for part in parts) > _MIN_TO_SPARE:
        return ending, [*others, Part(last.headings, last.sentences[:-1])]
    return ending, parts


def _write_slide(
    part: Part, score: Mapping[str, float], items: Collection[str], steps: Mapping[str, int],
    referring: Collection[str], used: Collection[str],
) -> dict[str, Any]:  # fmt: skip
    quotation = split_quotation(part.sentences[0]) if len(part.sentences) == 1 else None
    if quotation and drawn_width(quotation[0]) <= MAX_STATEMENT_WIDTH:
        return _statement(quotation[0], quotation[1], end_sentence(part.sentences[0]))
    sentences = choose_spoken(part.sentences, score, MAX_NOTES_WIDTH)
    ranked = sorted(sentences, key=lambda sentence: -score[sentence])
    headings = [heading for heading in part.headings if heading]
    is_list = all(sentence in items for sentence in part.sentences)
    heading, headline = _join_headings(headings), ""
    if not heading or _key(heading) in used:
        headline = _choose_headline(ranked, score, used)
        heading = _as_heading(headline)
    shown = 1 if headline else 0
    candidates = [text for text in ranked if text != headline and not is_contained(text, heading)]
    candidates.sort(key=lambda sentence: sentence not in items)
    # One sentence more is spoken than shown, so that the narration does not only read them out.
    limit = MAX_ITEMS if is_list else min(MAX_BULLETS, len(sentences) - 1 - shown)
    short = [text for text in candidates if drawn_width(text) <= MAX_BULLET_WIDTH]
    preferred = [*short, *(text for text in candidates if text not in short)]
    chosen = choose_bullets(preferred, part.sentences, referring, max(0, limit))
    bullets = [_as_bullet(text) for text in chosen]
    if [steps.get(text) for text in chosen] == [*range(1, len(chosen) + 1)]:
        bullets = [f"{n}. {text}" for n, text in enumerate(bullets, 1)]
    if len(headings) > 1 and len(bullets) < 2:
        bullets = headings[:MAX_ITEMS]
    if len(bullets) > 1:
        notes = _join(sentences)
        if is_list and not shown:
            # A list is announced by its heading.
            are_phrases = all(drawn_width(text) <= MAX_PHRASE_WIDTH for text in sentences)
            spoken = [join_phrases(sentences)] if are_phrases else sentences
            notes = _join([heading, *spoken])
        return {"heading": heading, "layout": "bullets", "bullets": bullets, "notes": notes}
    if headline:
        following = part.sentences[part.sentences.index(headline) + 1 :]
        line = next((text for text in chosen if text in following), "")
        whole = capitalize(headline.rstrip(" .。।"))
        is_short = drawn_width(whole) <= MAX_STATEMENT_WIDTH
        return _statement(whole if is_short else heading, line, _join(sentences))
    # The first sentence of a section is understood without another one.
    line = next((text for text in sentences if text in short), ranked[0])
    if is_contained(heading, line) and drawn_width(line) <= MAX_STATEMENT_WIDTH:
        heading, line = capitalize(line.rstrip(" .。।")), ""
    return _statement(heading, line, _join(sentences))


def _statement(heading: str, line: str, notes: str) -> dict[str, Any]:
    """Returns a slide of one text, with a line below it unless that is "" or repeats it."""
    bullets = [_as_bullet(line)] if line and not is_contained(line, heading) else []
    return {"heading": heading, "layout": "statement", "bullets": bullets, "notes": notes}


def _write_closing(
    parts: Sequence[Part], last: str, score: Mapping[str, float], used: set[str], language: str
) -> dict[str, Any]:
    """Returns the closing slide: the most central sentences, and the last one as narration."""
    best = [
        max(part.sentences, key=lambda text: (drawn_width(text) <= MAX_SUMMARY_WIDTH, score[text]))
        for part in parts
    ]
    # A part without a heading continues a section that has a sentence already.
    weight = {
        text: score[text] * (1 if part.headings[0] else _CONTINUED_WEIGHT)
        for part, text in zip(parts, best, strict=True)
    }
    ranked = sorted((text for text in best if text != last), key=lambda text: -weight[text])[:3]
    questions = find_questions(language)
    headline = _choose_headline([last, *ranked], score, used)
    heading = questions.in_short if questions else _as_heading(headline)
    bullets = [
        _as_bullet(text) for text in best if text in ranked and not is_contained(text, heading)
    ]
    return {
        "heading": heading,
        "layout": "closing",
        "bullets": bullets if len(bullets) > 1 else [],
        "notes": end_sentence(last),
    }


def _choose_headline(
    sentences: Sequence[str], score: Mapping[str, float], used: Collection[str]
) -> str:
    """Returns the most central sentence that is in no heading yet. One that has to be shortened, or
    that is too short to say much, has to be more central."""
    free = [text for text in sentences if _key(_as_heading(text)) not in used] or list(sentences)

    def rank(text: str) -> float:
        width = drawn_width(text)
        fits = 1 if width <= MAX_HEADING_WIDTH else _SHORTENED_WEIGHT
        return score[text] * fits * min(1, width / _FULL_HEADING_WIDTH)

    return max(free, key=rank)


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
