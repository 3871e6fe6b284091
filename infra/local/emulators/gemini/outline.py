"""Writes an outline from the words of a text: one slide per section, with its best sentences.

When the text is too short for the requested slides, its phrases are repeated under generic
headings.
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
    """Returns the JSON of a response: title, language, slides."""
    sentences = (
        split_sentences(request.source)
        or split_sentences(request.prompt)
        or [strip_markup(request.prompt).strip()]
    )
    language = request.language or guess_language(request.prompt + " " + request.source)
    count = count_words(sentences, language)
    headings = get_headings(language)
    subject = split_sentences(request.prompt)[:1] or sentences[:1]
    title = _capitalize(shorten(subject[0].strip(" .!?。！？"), MAX_HEADING_CHARS + 24))
    inner_count = request.slide_count - 2
    slides = [_title_slide(title, request, sentences)]
    if len(sentences) >= inner_count:
        slides += [
            _section_slide(section, count)
            for section in _split_into_sections(sentences, inner_count)
        ]
    else:
        phrases = _extract_phrases(request, sentences, count) or [title]
        summary = shorten(" ".join(sentences), MAX_NOTES_CHARS)
        slides += [
            _generic_slide(headings.parts, index, phrases, summary) for index in range(inner_count)
        ]
    best_sentences = sorted(sentences, key=lambda sentence: -_score(sentence, count))[:3]
    closing = end_sentence(shorten(best_sentences[0], MAX_NOTES_CHARS))
    slides.append(
        {
            "heading": headings.closing,
            "layout": "closing",
            "bullets": [
                shorten(sentence, MAX_BULLET_CHARS)
                for sentence in sentences
                if sentence in best_sentences
            ],
            "notes": f"{closing} {headings.disclaimer}",
        }
    )
    return {"title": title, "language": language, "slides": slides}


def _title_slide(title: str, request: DeckRequest, sentences: list[str]) -> dict[str, Any]:
    clauses = (
        split_clauses(split_sentences(request.prompt)[0])[1:]
        if split_sentences(request.prompt)
        else []
    )
    bullets = clauses[:1] or [shorten(sentences[0], MAX_BULLET_CHARS)]
    opening = shorten(" ".join(split_sentences(request.prompt)) or sentences[0], MAX_NOTES_CHARS)
    return {
        "heading": title,
        "layout": "title",
        "bullets": [_capitalize(bullet) for bullet in bullets if bullet.lower() != title.lower()],
        "notes": end_sentence(opening),
    }


def _split_into_sections(sentences: list[str], count: int) -> list[list[str]]:
    """Splits the sentences into `count` sections of about the same length."""
    edges = [len(sentences) * index // count for index in range(count + 1)]
    return [sentences[start:end] for start, end in pairwise(edges)]


def _section_slide(section: list[str], count: Counter[str]) -> dict[str, Any]:
    """Returns a slide with the best sentences of a section."""
    ranked = sorted(section, key=lambda sentence: -_score(sentence, count))[:MAX_BULLETS]
    selected = [sentence for sentence in section if sentence in ranked]
    clauses = [clause for sentence in selected for clause in split_clauses(sentence)]
    heading = _choose_heading(clauses or selected, count)
    bullets = [
        shorten(sentence, MAX_BULLET_CHARS)
        for sentence in (selected if len(selected) > 1 else clauses)
    ]
    is_statement = len(bullets) < 2
    notes = ""
    for sentence in selected:
        if notes and len(notes) + len(sentence) > MAX_NOTES_CHARS:
            break
        notes += f" {end_sentence(shorten(sentence, MAX_NOTES_CHARS))}"
    return {
        "heading": shorten(selected[0], MAX_BULLET_CHARS) if is_statement else heading,
        "layout": "statement" if is_statement else "bullets",
        "bullets": [] if is_statement else bullets[:MAX_BULLETS],
        "notes": notes.strip(),
    }


def _choose_heading(clauses: list[str], count: Counter[str]) -> str:
    """Returns the clause with the best score per word."""
    short_clauses = [clause for clause in clauses if len(clause) <= MAX_HEADING_CHARS]
    if not short_clauses:
        return _capitalize(shorten(clauses[0], MAX_HEADING_CHARS))
    # Single words and long clauses get lower scores.
    lengths = {clause: len(split_words(clause)) for clause in short_clauses}
    scores = {
        clause: _score(clause, count) * min(length, 3) / (3 + length)
        for clause, length in lengths.items()
    }
    return _capitalize(max(short_clauses, key=lambda clause: scores[clause]))


def _extract_phrases(request: DeckRequest, sentences: list[str], count: Counter[str]) -> list[str]:
    """Returns the clauses of a short text and its most frequent words."""
    phrases = [phrase for sentence in sentences for phrase in split_clauses(sentence)]
    phrases += [
        phrase for sentence in split_sentences(request.prompt) for phrase in split_clauses(sentence)
    ]
    if not is_unspaced(request.prompt):
        phrases += [word for word, _ in count.most_common(9) if len(word) > 3]
    unique: dict[str, str] = {}
    for phrase in phrases:
        unique.setdefault(phrase.lower(), _capitalize(shorten(phrase, MAX_BULLET_CHARS)))
    return list(unique.values())


def _generic_slide(
    names: tuple[str, ...], index: int, phrases: list[str], summary: str
) -> dict[str, Any]:
    """Returns a slide with a generic heading and the next phrases of a short text."""
    name = names[index % len(names)]
    start = 2 * index % len(phrases)
    rotated = [*phrases[start:], *phrases[:start]]
    if index % 4 == 2 or len(phrases) == 1:
        notes = " ".join((end_sentence(name), end_sentence(rotated[0])))
        return {"heading": rotated[0], "layout": "statement", "bullets": [], "notes": notes}
    bullets = rotated[: 2 + index % 2]
    spoken = bullets if index else [summary]
    return {
        "heading": name,
        "layout": "bullets",
        "bullets": bullets,
        "notes": " ".join(end_sentence(sentence) for sentence in (name, *spoken)),
    }


def _score(sentence: str, count: Counter[str]) -> float:
    words = split_words(sentence)
    return sum(count[word] for word in set(words)) / (6 + len(words))


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
