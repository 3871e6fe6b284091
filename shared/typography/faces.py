"""The font of each part of a text: a main face, and others for the characters that it lacks."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.typography.fonts import EMOJI, NOTO, FontFace, covers, fallback_faces
from shared.typography.graphemes import is_emoji, is_ignorable, split_graphemes

REPLACEMENT = "\ufffd"
"""Shown for a grapheme of which no face has the characters: Unicode's own character for it."""
UNDETERMINED = "und"
"""The language of a text of which nothing is known (BCP 47)."""
_BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True, slots=True)
class Style:
    """The style of a text. `serif` and `weight` apply to the faces that have them."""

    language: str
    weight: int = 400
    serif: bool = False


def title_style(text: str, weight: int = 400) -> Style:
    """Returns the style of a text in an unknown language, such as a file name.

    Chinese characters beside kana or Hangul have the Japanese or the Korean shapes.
    """
    names = {unicodedata.name(char, "").partition(" ")[0] for char in text}
    language = UNDETERMINED
    if names & {"HIRAGANA", "KATAKANA"}:
        language = "ja"
    elif "HANGUL" in names:
        language = "ko"
    return Style(language, weight)


def select_main_face(text: str, style: Style) -> FontFace:
    """Returns the first face that has all characters of a text but its emoji, else most."""
    return _select_main_face(
        tuple(part for part in split_graphemes(text) if not part.isspace() and not is_emoji(part)),
        fallback_faces(style.language, serif=style.serif),
    )


@lru_cache(maxsize=2048)
def split_runs(
    text: str, style: Style, main: FontFace | None = None
) -> tuple[tuple[FontFace, str], ...]:
    """Returns the text in runs of one face each, in reading order.

    Args:
        text: a text of `to_displayable`, or a part of one.
        main: the main face of the complete text; that of `text` if there is none.
    """
    order = fallback_faces(style.language, serif=style.serif)
    preferred = (main or select_main_face(text, style), *order)
    runs: list[tuple[FontFace, str]] = []
    for grapheme in split_graphemes(text):
        face = _find_face(grapheme, preferred)
        # A letter and a mark of which no face has both are drawn by two.
        for part in (grapheme,) if face else grapheme:
            part_face = face or _find_face(part, preferred) or NOTO
            if runs and runs[-1][0] == part_face:
                runs[-1] = (part_face, runs[-1][1] + part)
            else:
                runs.append((part_face, part))
    return tuple(runs)


def to_displayable(text: str, style: Style) -> str:
    """Returns the text in characters that the faces have.

    A character that no face has becomes REPLACEMENT, once per grapheme. Controls are removed. A
    text of which nothing is visible becomes a dash.
    """
    if text.isascii() and text.isprintable() and not text.isspace():
        return text  # Faces of every language follow each other in the order: they have ASCII.
    order = fallback_faces(style.language, serif=style.serif)
    visible = "".join(
        (" " if char.isspace() else "") if _is_control(char) else char for char in text
    )
    result = "".join(_displayable(part, order) for part in split_graphemes(visible))
    is_blank = all(char.isspace() or is_ignorable(char) for char in result)
    return "–" if text and is_blank else result


def describe_replacements(texts: Iterable[str], style: Style) -> tuple[str, ...]:
    """Returns a warning for the user if a character of the texts is shown as REPLACEMENT."""
    order = fallback_faces(style.language, serif=style.serif)
    missing = {
        f"U+{ord(char):04X}": None
        for char in dict.fromkeys("".join(texts))
        if not (char.isspace() or _is_control(char) or is_ignorable(char))
        and _find_face(char, order) is None
    }
    if not missing:
        return ()
    names = ", ".join([*missing][:5]) + (" and others" if len(missing) > 5 else "")
    return (f"Characters that no font has are shown as {REPLACEMENT}: {names}.",)


@lru_cache(maxsize=2048)
def _select_main_face(graphemes: tuple[str, ...], order: Sequence[FontFace]) -> FontFace:
    best, most = order[0], 0
    for face in order:
        count = sum(covers(face, grapheme) for grapheme in graphemes)
        if count == len(graphemes):
            return face
        if count > most:
            best, most = face, count
    return best


def _find_face(grapheme: str, order: Sequence[FontFace]) -> FontFace | None:
    if any(unicodedata.category(char) == "Co" for char in grapheme):
        # Fonts have shapes of their own at the code points for private use.
        return None
    if is_emoji(grapheme):
        order = (EMOJI, *order)
    return next((face for face in order if covers(face, grapheme)), None)


def _displayable(grapheme: str, order: Sequence[FontFace]) -> str:
    if grapheme.isspace():
        return grapheme if _find_face(grapheme, order) else " "
    if len(grapheme) > 1:
        # Some faces have é, but not its accent. A single character keeps its variant (U+FA19).
        grapheme = unicodedata.normalize("NFC", grapheme)
    if _find_face(grapheme, order) is not None:
        return grapheme
    shown = ""
    for char in grapheme:
        if is_ignorable(char):
            continue
        if _find_face(char, order) is not None:
            shown += char
        elif REPLACEMENT not in shown:
            shown += REPLACEMENT
    return shown


def _is_control(char: str) -> bool:
    """Returns whether the character is a control, or an embedding that `bidi` does not support."""
    return char in _BIDI_CONTROLS or unicodedata.category(char) == "Cc"
