"""Writes a deck by rules: of the sentences of a text, or an outline of questions for a prompt."""

from __future__ import annotations

from typing import Any

from infra.local.emulators.gemini.extract import MIN_SENTENCES, write_extract
from infra.local.emulators.gemini.questions import DEFAULT_LANGUAGE, find_questions
from infra.local.emulators.gemini.request import DeckRequest
from infra.local.emulators.gemini.sections import Section, read_sections
from infra.local.emulators.gemini.words import (
    capitalize,
    end_sentence,
    guess_language,
    shorten,
    strip_markup,
)

MAX_TITLE_CHARS = 80
MAX_NOTES_CHARS = 480
ICONS, CLOSING_ICON = ("search", "users", "list-checks", "lightbulb"), "target"
"""The icons of the questions, which are the same in all languages."""


def write_outline(request: DeckRequest) -> dict[str, Any]:
    """Returns the JSON of a response: title, language, slides.

    A prompt of several sentences is a text as well. The deck has fewer slides than requested when
    there is not enough to tell.
    """
    language = request.language or guess_language(f"{request.prompt} {request.source}")
    prompt_title, prompt_sections = read_sections(request.prompt, language)
    first = prompt_sections[0].sentences[0] if prompt_sections else request.prompt
    subject = _title(prompt_title or first)
    title, sections = read_sections(request.source, language)
    if not sections and _count_sentences(prompt_sections) >= MIN_SENTENCES:
        title, sections = prompt_title or subject, prompt_sections
    if sections and not request.prompt.strip():
        subject = _title(sections[0].heading or sections[0].sentences[0])
    if sections:
        return write_extract(title or subject, sections, request.slide_count, language)
    return _write_questions(subject, request, language)


def _write_questions(title: str, request: DeckRequest, language: str) -> dict[str, Any]:
    """Returns an outline of the questions that a film about the prompt answers."""
    questions = find_questions(language) or find_questions(DEFAULT_LANGUAGE)
    if questions is None:
        raise LookupError(DEFAULT_LANGUAGE)
    prompt = " ".join(strip_markup(request.prompt).split())
    opening = end_sentence(shorten(prompt, MAX_NOTES_CHARS) or title)
    rows = [
        (title, "title", opening),
        *((heading, "statement", notes) for heading, notes in questions.inner),
    ][: request.slide_count - 1]
    rows.append((questions.closing[0], "closing", questions.closing[1]))
    slides: list[dict[str, Any]] = [
        {"heading": heading, "layout": layout, "bullets": [], "notes": notes}
        for heading, layout, notes in rows
    ]
    for n, (slide, icon) in enumerate(zip(slides[1:-1], ICONS, strict=False), start=1):
        # Numbered, so that an outline is seen to be one.
        slide |= {"layout": "number", "number": str(n), "icons": [icon]}
    slides[-1]["icons"] = [CLOSING_ICON]
    return {"title": title, "language": language, "slides": slides}


def _count_sentences(sections: list[Section]) -> int:
    return sum(len(section.sentences) for section in sections)


def _title(text: str) -> str:
    plain = " ".join(strip_markup(text).split()).strip(" .。:：")
    return capitalize(shorten(plain, MAX_TITLE_CHARS)) or "1"
