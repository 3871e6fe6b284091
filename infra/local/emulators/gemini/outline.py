"""An outline out of a text's own words: its best sentences in their order, a slide a stretch.

Nothing here knows anything about any subject. Where the text is too short for the slides that are
wanted, its pieces come again under the names that a talk's parts have.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from infra.local.emulators.gemini.headings import scaffold
from infra.local.emulators.gemini.request import Asked
from infra.local.emulators.gemini.words import (
    clauses,
    ended,
    is_packed,
    language_of,
    plain,
    sentences,
    shortened,
    weights,
    words,
)

HEADING_CHARS = 56
BULLET_CHARS = 96
NOTES_CHARS = 480
BULLETS = 4


def outline(asked: Asked) -> dict[str, Any]:
    """The JSON of an answer: title, language, slides."""
    told = sentences(asked.source) or sentences(asked.prompt) or [plain(asked.prompt).strip()]
    language = asked.language or language_of(asked.prompt + " " + asked.source)
    count = weights(told, language)
    names = scaffold(language)
    subject = sentences(asked.prompt)[:1] or told[:1]
    title = _capital(shortened(subject[0].strip(" .!?。！？"), HEADING_CHARS + 24))
    inner = asked.slides - 2
    slides = [_first(title, asked, told)]
    if len(told) >= inner:
        slides += [_told(stretch, count) for stretch in _stretches(told, inner)]
    else:
        pieces = _pieces(asked, told, count) or [title]
        whole = shortened(" ".join(told), NOTES_CHARS)
        slides += [_named(names.parts, n, pieces, whole) for n in range(inner)]
    best = sorted(told, key=lambda one: -_worth(one, count))[:3]
    slides.append(
        {
            "heading": names.closing,
            "layout": "closing",
            "bullets": [shortened(one, BULLET_CHARS) for one in told if one in best],
            "notes": f"{ended(shortened(best[0], NOTES_CHARS))} {names.confession}",
        }
    )
    return {"title": title, "language": language, "slides": slides}


def _first(title: str, asked: Asked, told: list[str]) -> dict[str, Any]:
    rest = clauses(sentences(asked.prompt)[0])[1:] if sentences(asked.prompt) else []
    under = rest[:1] or [shortened(told[0], BULLET_CHARS)]
    opening = shortened(" ".join(sentences(asked.prompt)) or told[0], NOTES_CHARS)
    return {
        "heading": title,
        "layout": "title",
        "bullets": [_capital(one) for one in under if one.lower() != title.lower()],
        "notes": ended(opening),
    }


def _stretches(told: list[str], count: int) -> list[list[str]]:
    """The sentences in so many stretches of about the same length."""
    edges = [len(told) * n // count for n in range(count + 1)]
    return [told[start:end] for start, end in pairwise(edges)]


def _told(stretch: list[str], count: Counter[str]) -> dict[str, Any]:
    """A slide that tells a stretch of the text by its best sentences."""
    ranked = sorted(stretch, key=lambda one: -_worth(one, count))[:BULLETS]
    kept = [one for one in stretch if one in ranked]
    pieces = [piece for one in kept for piece in clauses(one)]
    heading = _heading(pieces or kept, count)
    bullets = [shortened(one, BULLET_CHARS) for one in (kept if len(kept) > 1 else pieces)]
    alone = len(bullets) < 2
    notes = ""
    for one in kept:
        if notes and len(notes) + len(one) > NOTES_CHARS:
            break
        notes += f" {ended(shortened(one, NOTES_CHARS))}"
    return {
        "heading": shortened(kept[0], BULLET_CHARS) if alone else heading,
        "layout": "statement" if alone else "bullets",
        "bullets": [] if alone else bullets[:BULLETS],
        "notes": notes.strip(),
    }


def _heading(pieces: list[str], count: Counter[str]) -> str:
    """The piece that says most in few words."""
    short = [piece for piece in pieces if len(piece) <= HEADING_CHARS]
    if not short:
        return _capital(shortened(pieces[0], HEADING_CHARS))
    # One word says little, many words are no heading.
    lengths = {one: len(words(one)) for one in short}
    per_word = {one: _worth(one, count) * min(n, 3) / (3 + n) for one, n in lengths.items()}
    return _capital(max(short, key=lambda one: per_word[one]))


def _pieces(asked: Asked, told: list[str], count: Counter[str]) -> list[str]:
    """What a short text consists of: clauses, and the words that say something."""
    found = [piece for one in told for piece in clauses(one)]
    found += [piece for one in sentences(asked.prompt) for piece in clauses(one)]
    if not is_packed(asked.prompt):
        found += [word for word, _ in count.most_common(9) if len(word) > 3]
    kept: dict[str, str] = {}
    for one in found:
        kept.setdefault(one.lower(), _capital(shortened(one, BULLET_CHARS)))
    return list(kept.values())


def _named(names: tuple[str, ...], n: int, pieces: list[str], whole: str) -> dict[str, Any]:
    """A slide under the name of a part of a talk, with the next pieces of a short text."""
    name = names[n % len(names)]
    start = 2 * n % len(pieces)
    turned = [*pieces[start:], *pieces[:start]]
    if n % 4 == 2 or len(pieces) == 1:
        notes = " ".join((ended(name), ended(turned[0])))
        return {"heading": turned[0], "layout": "statement", "bullets": [], "notes": notes}
    shown = turned[: 2 + n % 2]
    told = shown if n else [whole]
    return {
        "heading": name,
        "layout": "bullets",
        "bullets": shown,
        "notes": " ".join(ended(one) for one in (name, *told)),
    }


def _worth(sentence: str, count: Counter[str]) -> float:
    used = words(sentence)
    return sum(count[word] for word in set(used)) / (6 + len(used))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
