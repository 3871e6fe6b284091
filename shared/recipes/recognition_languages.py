"""Which of the languages of speech recognition a BCP 47 tag means."""

from __future__ import annotations

from collections.abc import Sequence

from shared.recipes.option_values import join_words

_SAME = {"cmn": "zh", "yue": "zh", "iw": "he", "in": "id", "jw": "jv", "nb": "no", "nn": "no",
         "tl": "fil", "ji": "yi"}  # fmt: skip
"""Codes of languages that tags and services write differently."""
_DEFAULT_REGIONS = {"ar": "EG", "bn": "BD", "en": "US", "es": "ES", "pt": "BR", "ta": "IN",
                    "ur": "PK", "zh": "CN"}  # fmt: skip
"""For a tag without a region; else the region of the same name, as de-DE."""


def find_recognition_language(tag: str, languages: Sequence[str]) -> str | None:
    """Returns the language of the service that a tag means, of the same region if there is one;
    None if the service does not recognize the language.

    Args:
        tag: A BCP 47 tag, such as en or pt-BR.
        languages: The service's tags, such as en-US, cmn-Hans-CN or en.
    """
    exact = next((item for item in languages if item.lower() == tag.lower()), None)
    if exact is not None:
        return exact
    language, subtags = _split(tag)
    default = _DEFAULT_REGIONS.get(language, language.upper())

    def rank(item: str) -> tuple[bool, bool, bool]:
        own = _split(item)[1]
        return (not subtags <= own, not subtags & own, default not in own)

    candidates = [item for item in languages if _split(item)[0] == language]
    return min(candidates, key=rank) if candidates else None


def describe_unknown_language(tag: str, languages: Sequence[str]) -> str:
    """Returns the sentence for a language that speech recognition does not know."""
    known = sorted({item.split("-")[0].lower() for item in languages})
    if not known:
        return "Speech recognition is not available, so no language can be recognized."
    names = known[0] if len(known) == 1 else join_words(known, "and")
    return f"Speech recognition does not know {tag}; it knows {names}."


def _split(tag: str) -> tuple[str, frozenset[str]]:
    """Returns the code of the language and its other subtags in upper case."""
    language, *subtags = tag.split("-")
    code = language.lower()
    return _SAME.get(code, code), frozenset(part.upper() for part in subtags)
