"""Words in a script that the voices of a language do not read.

A voice reads the scripts of its language, and Latin letters. What else it meets it leaves out or
spells, so an English film about 日本 lacks the word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

MAX_WORDS = 5
"""The number of words that a warning names."""
_LATIN = "LATIN"
_LANGUAGES_BY_SCRIPTS = {
    ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"): "ja",
    ("HANGUL", "CJK"): "ko",
    ("CJK", "BOPOMOFO"): "zh cmn yue hak wuu nan",
    ("CYRILLIC",): "ru uk be bg mk sr bs kk ky mn tg tt ba cv ab os ce av sah udm uz az",
    ("ARABIC",): "ar fa ur ug sd ps ku ckb pa",
    ("THAANA",): "dv",
    ("HEBREW",): "he iw yi",
    ("DEVANAGARI",): "hi mr ne sa kok bho mai",
    ("BENGALI",): "bn as bpy",
    ("GREEK",): "el grc",
    ("ARMENIAN",): "hy hyw",
    ("GEORGIAN",): "ka",
    ("THAI",): "th",
    ("LAO",): "lo",
    ("KHMER",): "km",
    ("MYANMAR",): "my shn",
    ("ETHIOPIC",): "am ti",
    ("TAMIL",): "ta",
    ("TELUGU",): "te",
    ("KANNADA",): "kn",
    ("MALAYALAM",): "ml",
    ("GUJARATI",): "gu",
    ("GURMUKHI",): "pa",
    ("ORIYA",): "or",
    ("SINHALA",): "si",
    ("TIBETAN",): "bo dz",
    ("CHEROKEE",): "chr",
}
"""Languages by their scripts, as the names of characters in Unicode begin. Others use Latin."""
_ALSO_IN_LATIN = frozenset(["az", "bs", "kk", "ku", "ky", "mn", "sd", "sr", "tt", "uz"])
"""Languages of the table that are also written in Latin letters."""
MIN_OWN_SHARE = 0.1
"""Names and terms in Latin letters can be most letters of a text in Chinese or Russian."""
_WHOLE_WORD_CHARACTERS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
"""Scripts in which one character is a word. In others, one letter is a symbol: π, Ω, א."""


def find_foreign_words(text: str, language: str) -> list[str]:
    """Returns the words of a text, each once, that the voices of a language do not read.

    Args:
        language: A BCP-47 tag.
    """
    readable = {_LATIN, *_own_scripts(language)}
    words: dict[str, None] = {}
    for is_foreign, characters in groupby(_letters(text), lambda letter: letter[1] not in readable):
        word, word_scripts = zip(*characters, strict=True)
        if is_foreign and (len(word) > 1 or _WHOLE_WORD_CHARACTERS.intersection(word_scripts)):
            words["".join(word)] = None
    return list(words)


def has_script_of(text: str, language: str) -> bool:
    """Returns whether a text can be in a language: at least MIN_OWN_SHARE of its letters are in a
    script of the language. A text without letters can be in any.

    Args:
        language: A BCP-47 tag.
    """
    base, _, subtags = language.lower().partition("-")
    own = _own_scripts(language)
    if not own or base in _ALSO_IN_LATIN or "latn" in subtags.split("-"):
        own = {*own, _LATIN}
    scripts = [_script(character) for character in text if character.isalpha()]
    return sum(script in own for script in scripts) >= MIN_OWN_SHARE * len(scripts)


def describe_foreign_words(texts: Iterable[str], language: str) -> str | None:
    """Returns a warning about the words of all slides that the voices do not read, or None."""
    words = [word for text in texts for word in find_foreign_words(text, language)]
    words = list(dict.fromkeys(words))
    if not words:
        return None
    more = f" and {len(words) - MAX_WORDS} more" if len(words) > MAX_WORDS else ""
    return (
        f"The narration is in {language}, whose voices may leave out or spell out words in another "
        f"script: {', '.join(words[:MAX_WORDS])}{more}. Write them in the letters of the language."
    )


def _own_scripts(language: str) -> set[str]:
    """Returns the scripts of a language of the table; no scripts for one that uses Latin."""
    base = language.split("-")[0].lower()
    return {
        script
        for scripts, languages in _LANGUAGES_BY_SCRIPTS.items()
        if base in languages.split()
        for script in scripts
    }


def _letters(text: str) -> Iterator[tuple[str, str]]:
    """Yields each character with its script; marks have that of their letter, others are Latin."""
    script = _LATIN
    for character in text:
        kind = unicodedata.category(character)[0]
        if kind != "M":
            script = _script(character) if kind == "L" else _LATIN
        yield character, script


def _script(character: str) -> str:
    """Returns the first word of a character's name, which names its script: "CYRILLIC"."""
    name = unicodedata.name(character, _LATIN).split(" ")[0]
    # ª, º, ʰ and fullwidth letters have names of their own.
    is_latin = name in ("FEMININE", "MASCULINE", "MODIFIER", "FULLWIDTH", "MICRO", "KELVIN")
    # ｶ, and 々, which repeats a Chinese character.
    other_names = {"HALFWIDTH": "KATAKANA", "IDEOGRAPHIC": "CJK"}
    return _LATIN if is_latin else other_names.get(name, name)
