"""An outline out of a text's own words: its best sentences in their order, a slide a stretch.

Nothing here knows anything about any subject. Where the text is too short for the slides that are
wanted, its pieces come again under the names that a talk's parts have.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from infra.local.emulators.gemini.headings import get_headings
from infra.local.emulators.gemini.request import DeckRequest
from infra.local.emulators.gemini.words import (
    count_words,
    end_sentence,
    guess_language,
    is_unspaced,
    shorten,
    split_clauses,
    split_sentences,
    split_words,
    strip_markup,
)

MAX_HEADING_CHARS = 56
MAX_BULLET_CHARS = 96
MAX_NOTES_CHARS = 480
MAX_BULLETS = 4


def write_outline(request: DeckRequest) -> dict[str, Any]:
    """The JSON of an answer: title, language, slides."""
    told = (
        split_sentences(request.source)
        or split_sentences(request.prompt)
        or [strip_markup(request.prompt).strip()]
    )
    language = request.language or guess_language(request.prompt + " " + request.source)
    count = count_words(told, language)
    names = get_headings(language)
    subject = split_sentences(request.prompt)[:1] or told[:1]
    title = _capital(shorten(subject[0].strip(" .!?。！？"), MAX_HEADING_CHARS + 24))
    inner = request.slide_count - 2
    slides = [_first(title, request, told)]
    if len(told) >= inner:
        slides += [_told(stretch, count) for stretch in _stretches(told, inner)]
    else:
        pieces = _pieces(request, told, count) or [title]
        whole = shorten(" ".join(told), MAX_NOTES_CHARS)
        slides += [_named(names.parts, n, pieces, whole) for n in range(inner)]
    best = sorted(told, key=lambda one: -_worth(one, count))[:3]
    slides.append(
        {
            "heading": names.closing,
            "layout": "closing",
            "bullets": [shorten(one, MAX_BULLET_CHARS) for one in told if one in best],
            "notes": f"{end_sentence(shorten(best[0], MAX_NOTES_CHARS))} {names.disclaimer}",
        }
    )
    return {"title": title, "language": language, "slides": slides}


def _first(title: str, asked: DeckRequest, told: list[str]) -> dict[str, Any]:
    rest = (
        split_clauses(split_sentences(asked.prompt)[0])[1:] if split_sentences(asked.prompt) else []
    )
    under = rest[:1] or [shorten(told[0], MAX_BULLET_CHARS)]
    opening = shorten(" ".join(split_sentences(asked.prompt)) or told[0], MAX_NOTES_CHARS)
    return {
        "heading": title,
        "layout": "title",
        "bullets": [_capital(one) for one in under if one.lower() != title.lower()],
        "notes": end_sentence(opening),
    }


def _stretches(told: list[str], count: int) -> list[list[str]]:
    """The sentences in so many stretches of about the same length."""
    edges = [len(told) * n // count for n in range(count + 1)]
    return [told[start:end] for start, end in pairwise(edges)]


def _told(stretch: list[str], count: Counter[str]) -> dict[str, Any]:
    """A slide that tells a stretch of the text by its best sentences."""
    ranked = sorted(stretch, key=lambda one: -_worth(one, count))[:MAX_BULLETS]
    kept = [one for one in stretch if one in ranked]
    pieces = [piece for one in kept for piece in split_clauses(one)]
    heading = _heading(pieces or kept, count)
    bullets = [shorten(one, MAX_BULLET_CHARS) for one in (kept if len(kept) > 1 else pieces)]
    alone = len(bullets) < 2
    notes = ""
    for one in kept:
        if notes and len(notes) + len(one) > MAX_NOTES_CHARS:
            break
        notes += f" {end_sentence(shorten(one, MAX_NOTES_CHARS))}"
    return {
        "heading": shorten(kept[0], MAX_BULLET_CHARS) if alone else heading,
        "layout": "statement" if alone else "bullets",
        "bullets": [] if alone else bullets[:MAX_BULLETS],
        "notes": notes.strip(),
    }


def _heading(pieces: list[str], count: Counter[str]) -> str:
    """The piece that says most in few words."""
    short = [piece for piece in pieces if len(piece) <= MAX_HEADING_CHARS]
    if not short:
        return _capital(shorten(pieces[0], MAX_HEADING_CHARS))
    # One word says little, many words are no heading.
    lengths = {one: len(split_words(one)) for one in short}
    per_word = {one: _worth(one, count) * min(n, 3) / (3 + n) for one, n in lengths.items()}
    return _capital(max(short, key=lambda one: per_word[one]))


def _pieces(asked: DeckRequest, told: list[str], count: Counter[str]) -> list[str]:
    """What a short text consists of: clauses, and the words that say something."""
    found = [piece for one in told for piece in split_clauses(one)]
    found += [piece for one in split_sentences(asked.prompt) for piece in split_clauses(one)]
    if not is_unspaced(asked.prompt):
        found += [word for word, _ in count.most_common(9) if len(word) > 3]
    kept: dict[str, str] = {}
    for one in found:
        kept.setdefault(one.lower(), _capital(shorten(one, MAX_BULLET_CHARS)))
    return list(kept.values())


def _named(names: tuple[str, ...], n: int, pieces: list[str], whole: str) -> dict[str, Any]:
    """A slide under the name of a part of a talk, with the next pieces of a short text."""
    name = names[n % len(names)]
    start = 2 * n % len(pieces)
    turned = [*pieces[start:], *pieces[:start]]
    if n % 4 == 2 or len(pieces) == 1:
        notes = " ".join((end_sentence(name), end_sentence(turned[0])))
        return {"heading": turned[0], "layout": "statement", "bullets": [], "notes": notes}
    shown = turned[: 2 + n % 2]
    told = shown if n else [whole]
    return {
        "heading": name,
        "layout": "bullets",
        "bullets": shown,
        "notes": " ".join(end_sentence(one) for one in (name, *told)),
    }


def _worth(sentence: str, count: Counter[str]) -> float:
    used = split_words(sentence)
    return sum(count[word] for word in set(used)) / (6 + len(used))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
