"""Words of any script: sentences, clauses, what a text speaks of most, and its language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•#|]|\d+[.)]\s))")
_ENDS = re.compile(r"(?<=[.!?…؟۔।॥])\s+|(?<=[。！？])")
_CLAUSES = re.compile(r"\s*[,;:—–、，；：،؛(){}\[\]\"“”«»「」]\s*|\s+-\s+")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MARKUP = re.compile(r"<[^<>]{0,200}>|[*#`|~]+|https?://\S+|^\s*[-•]\s+", re.MULTILINE)
_PACKED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
# Words that say little, by the language that they betray.
_SMALL = {
    "en": "the of and to in a is that it for on with as are this be by from at how what why an or",
    "de": "der die das und in zu den ist nicht von mit für ein eine wie was auf im dem des sich",
    "fr": "le la les de des et en un une est que pour dans sur avec comment pourquoi du au ce qui",
    "es": "el la los las de y en un una que es por para con cómo qué del se lo su como más",
    "pt": "o a os as de e em um uma que é por para com como do da não se mais dos das no na",
    "it": "il lo la gli le di e in un una che è per con come del della non si più dei delle",
    "nl": "de het een en van in is dat op te voor met zijn hoe wat niet aan er om",
    "pl": "i w na z do się jest nie to że jak dla o co po przez od",
    "tr": "ve bir bu için ile nasıl ne da de en çok olan gibi",
}
_SCRIPTS = (
    ("HIRAGANA", "ja"), ("KATAKANA", "ja"), ("HANGUL", "ko"), ("CJK", "zh"), ("GREEK", "el"),
    ("CYRILLIC", "ru"), ("ARABIC", "ar"), ("HEBREW", "he"), ("DEVANAGARI", "hi"), ("THAI", "th"),
    ("BENGALI", "bn"), ("TAMIL", "ta"), ("TELUGU", "te"), ("GEORGIAN", "ka"), ("ARMENIAN", "hy"),
)  # fmt: skip


def strip_markup(text: str) -> str:
    """Without markup."""
    return _MARKUP.sub(" ", text)


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, in order, each once."""
    paragraphs = (" ".join(strip_markup(one).split()) for one in _PARAGRAPHS.split(text))
    found = (one.strip() for paragraph in paragraphs for one in _ENDS.split(paragraph))
    return list(dict.fromkeys(one for one in found if any(map(str.isalnum, one))))


def split_clauses(sentence: str) -> list[str]:
    """Its pieces between commas and the like."""
    found = (piece.strip(" .!?…。！？؟।") for piece in _CLAUSES.split(sentence))
    return [piece for piece in found if any(map(str.isalnum, piece))]


def split_words(text: str) -> list[str]:
    """Its words in lower case; a script without spaces gives pairs of characters."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if is_unspaced(word):
            found += [word[n : n + 2] for n in range(max(1, len(word) - 1))]
        else:
            found.append(word)
    return found


def count_words(texts: Iterable[str], language: str) -> Counter[str]:
    """How often a text uses each word that says something."""
    small = set(_SMALL.get(language.split("-")[0], "").split())
    return Counter(
        word for text in texts for word in split_words(text) if len(word) > 1 and word not in small
    )


def guess_language(text: str) -> str:
    """A guess by script, then by small words; English when nothing tells."""
    scripts: Counter[str] = Counter()
    for one in text[:4000]:
        if one.isalpha():
            scripts[unicodedata.name(one, "").split(" ")[0].split("-")[0]] += 1
    letters = sum(scripts.values()) or 1
    for script, language in _SCRIPTS:
        if scripts[script] / letters > (0.05 if language == "ja" else 0.3):
            return language
    used = Counter(split_words(text[:4000]))
    scores = {
        language: sum(used[word] for word in small.split()) for language, small in _SMALL.items()
    }
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] else "en"


def shorten(text: str, max_chars: int) -> str:
    """At most `most` characters: whole clauses if possible, else whole words, else a cut."""
    if len(text) <= max_chars:
        return text
    first = split_clauses(text)[:1]
    if first and len(first[0]) <= max_chars:
        return first[0]
    cut = text[: max_chars - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > max_chars // 2 else cut).rstrip(" ,;:") + "…"


def end_sentence(text: str) -> str:
    """With a mark at its end, as its script writes it."""
    if text[-1:] in ".!?…。！？؟۔।":
        return text
    if "DEVANAGARI" in unicodedata.name(text[-1:], ""):
        return f"{text}।"
    return f"{text}。" if unicodedata.name(text[-1:], "").startswith(_PACKED[:3]) else f"{text}."


def is_unspaced(word: str) -> bool:
    """Whether it is of a script that puts no spaces between words."""
    return any(unicodedata.name(one, "").startswith(_PACKED) for one in word)
