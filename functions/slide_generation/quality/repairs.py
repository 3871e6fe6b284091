"""Repairs the texts of slides that a model wrote. No repair adds words.

- A heading or bullet ends with no colon, comma, semicolon or dash; notes end with no colon.
- A bullet whose words are in the heading, or that another bullet repeats, is removed.
- A long bullet ends at its first clauses; the notes get the whole sentence unless they have it.
- A single bullet is split at its clauses, or stands below the heading as a statement does.
- A heading that an earlier slide has is replaced by the slide's first short bullet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from functions.slide_generation.quality.words import comparable, text_width
from shared.recipes.films.deck import Deck
from shared.recipes.films.slides.slide import MAX_BULLETS, MAX_NOTES_CHARS, Slide

MAX_BULLET_WIDTH = 120
"""The width that is read at a glance, about 20 words; see `text_width`."""
_PLAIN_LAYOUTS = ("title", "bullets", "statement", "closing")
"""In others a bullet belongs to something else on the slide and is not changed."""
MIN_BULLETS = 2
"""Bullets of the layout `bullets`. Title and closing slides may have fewer."""
_MAX_BULLET_AS_HEADING_WIDTH = 60
_CLOSING_MARKS = "\"'”’»›“」』)]） \u00a0\u202f"
_DANGLING = re.compile(r"\s*[:;,：；，、،؛–—]+\s*$|\s+-+\s*$")
_CLAUSE_END = re.compile(r"\s+[–—]\s+|,\s+|[，、،]\s*")
_LIST_END = re.compile(r"\s*[;；؛]\s*|(?<=[.!?؟।])\s+|(?<=[。！？])(?=.)")


def repair_deck(deck: Deck) -> Deck:
    """Returns the deck with the texts of its slides repaired."""
    slides: list[Slide] = []
    headings: set[str] = set()
    for slide in deck.slides:
        repaired = _repair_heading(_repair_bullet_count(repair_texts(slide)), headings)
        headings.add(comparable(repaired.heading))
        slides.append(repaired)
    return replace(deck, slides=tuple(slides))


def repair_texts(slide: Slide) -> Slide:
    """Returns the slide with its heading, bullets and notes repaired, in the same layout."""
    heading = _remove_dangling(slide.heading)
    notes = slide.notes
    if notes.endswith((":", "：")):
        notes = notes[:-1].rstrip() + ("。" if notes.endswith("：") else ".")
    bullets: list[str] = []
    seen: list[str] = []
    for text in slide.bullets:
        if slide.layout not in _PLAIN_LAYOUTS:
            bullets.append(text)
            continue
        bullet = _remove_dangling(text)
        words = comparable(bullet)
        if words in comparable(heading) or words in seen:
            continue
        seen.append(words)
        short = _shorten(bullet)
        if short != bullet:
            notes = append_to_notes(notes, [bullet])
        bullets.append(short)
    return replace(slide, heading=heading, bullets=tuple(bullets), notes=notes)


def append_to_notes(notes: str, texts: Sequence[str]) -> str:
    """Returns the notes with each text at their end that they do not contain and that fits."""
    for text in texts:
        if comparable(text) in comparable(notes):
            continue
        separator = "" if not notes else " " if _ends_sentence(notes) else ". "
        longer = f"{notes}{separator}{text}{'' if _ends_sentence(text) else '.'}"
        notes = longer if len(longer) <= MAX_NOTES_CHARS else notes
    return notes


def _repair_bullet_count(slide: Slide) -> Slide:
    if slide.layout == "closing" and not slide.bullets:
        # Its heading would stand above an empty slide.
        return replace(slide, layout="statement")
    if slide.layout != "bullets" or len(slide.bullets) >= MIN_BULLETS:
        return slide
    for bullet in slide.bullets:
        parts = [part for part in map(_remove_dangling, _LIST_END.split(bullet)) if part]
        if MIN_BULLETS <= len(parts) <= MAX_BULLETS:
            return replace(slide, bullets=tuple(parts))
    notes = append_to_notes(slide.notes, slide.bullets)
    return replace(slide, notes=notes, layout="statement")


def _repair_heading(slide: Slide, earlier: set[str]) -> Slide:
    is_repeated = comparable(slide.heading) in earlier
    if not is_repeated or slide.layout != "bullets" or len(slide.bullets) <= MIN_BULLETS:
        return slide
    for n, bullet in enumerate(slide.bullets):
        fits = text_width(bullet) <= _MAX_BULLET_AS_HEADING_WIDTH
        if fits and comparable(bullet) not in earlier:
            return replace(
                slide, heading=bullet, bullets=slide.bullets[:n] + slide.bullets[n + 1 :]
            )
    return slide


def _remove_dangling(text: str) -> str:
    """Returns the text without a mark at its end that announces more. Never returns ""."""
    return _DANGLING.sub("", text) or text


def _shorten(bullet: str) -> str:
    """Returns the first clauses of a long bullet, or the bullet if it has no shorter clause."""
    if text_width(bullet) <= MAX_BULLET_WIDTH:
        return bullet
    for pattern in (_LIST_END, _CLAUSE_END):
        ends = [match.start() for match in pattern.finditer(bullet)]
        heads = [_remove_dangling(bullet[:end]) for end in ends]
        fitting = [
            head for head in heads if MAX_BULLET_WIDTH // 3 <= text_width(head) <= MAX_BULLET_WIDTH
        ]
        if fitting:
            return fitting[-1]
    return bullet


def _ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSING_MARKS).endswith(tuple(".!?…。！？؟۔।"))
