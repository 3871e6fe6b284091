"""Text analysis for any script: sentences, clauses, word counts, and the language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•#|]|\d+[.)]\s))")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?…؟۔।॥])\s+|(?<=[。！？])")
_CLAUSES = re.compile(
    # 4,000 and 10:30 have no end of a clause.
    r"\s*(?:[;—–、，；：،؛(){}\[\]\"“”«»「」]|(?<!\d)[,:]|[,:](?!\d))\s*|\s+-\s+"
)
# Between Thai letters, unless a conjunction follows: and, or, but, which, that, by.
_CLOSING_MARKS = "\"'”’»›“」』)]） \u00a0\u202f"
_THAI_SPACE = re.compile(r"(?<=[ก-๎])\s+(?=[ก-๎])(?!และ|หรือ|แต่|ซึ่ง|ที่|โดย)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_QUOTATION = re.compile(r"([\"“„«「][^\"“”„«»「」]+[\"”“»」])(?:\s*[—–-]\s*(\S.*)|\.)?")
_MARKUP = re.compile(r"<[^<>]{0,200}>|[*#`|~]+|https?://\S+|^\s*[-•]\s+", re.MULTILINE)
_UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
# Stop words by language. They also identify the language.
_STOP_WORDS = {
    "en": "the of and to in a is that it for on with as are this be by from at how what why an or",
    "de": "der die das und in zu den ist nicht von mit für ein eine wie was auf im dem des sich",
    "fr": "le la les de des et en un une est que pour dans sur avec comment pourquoi du au ce qui",
    "es": "el la los las de y en un una que es por para con cómo qué del se lo su como más",
    "pt": "o a os as de e em um uma que é por para com como do da não se mais dos das no na",
    "it": "il lo la gli le di e in un una che è per con come del della non si più dei delle",
    "nl": "de het een en van in is dat op te voor met zijn hoe wat niet aan er om",
    "pl": "i w na z do się jest nie to że jak dla o co po przez od",
    "tr": "ve bir bu için ile nasıl ne da de en çok olan gibi",
    "sv": "och att det som en på är av för med till den har inte",
    "vi": "và của là các trong cho được những một có không với",
}
_SCRIPTS = (
    ("HIRAGANA", "ja"), ("KATAKANA", "ja"), ("HANGUL", "ko"), ("CJK", "zh"), ("GREEK", "el"),
    ("CYRILLIC", "ru"), ("ARABIC", "ar"), ("HEBREW", "he"), ("DEVANAGARI", "hi"), ("THAI", "th"),
    ("BENGALI", "bn"), ("TAMIL", "ta"), ("TELUGU", "te"), ("GEORGIAN", "ka"), ("ARMENIAN", "hy"),
)  # fmt: skip


def strip_markup(text: str) -> str:
    """Returns the text without markup."""
    return _MARKUP.sub(" ", text)


def split_sentences(text: str) -> list[str]:
    """Returns the sentences of a text, in order, without duplicates."""
    paragraphs = (" ".join(strip_markup(part).split()) for part in _PARAGRAPHS.split(text))
    sentences = (
        part.strip() for paragraph in paragraphs for part in _SENTENCE_ENDS.split(paragraph)
    )
    return list(dict.fromkeys(part for part in sentences if any(map(str.isalnum, part))))


def split_clauses(sentence: str) -> list[str]:
    """Returns the parts of a sentence between commas and similar marks."""
    clauses = (clause.strip(" .!?…。！？؟।") for clause in _CLAUSES.split(sentence))
    return [clause for clause in clauses if any(map(str.isalnum, clause))]


def split_thai(sentence: str) -> list[str]:
    """Returns the sentences of a Thai paragraph, which are separated by spaces only. Other text is
    returned whole."""
    return _THAI_SPACE.split(sentence)


def split_words(text: str) -> list[str]:
    """Returns the words in lower case, or pairs of characters for a script without spaces."""
    words: list[str] = []
    for word in _WORD.findall(text.lower()):
        if is_unspaced(word):
            words += [word[index : index + 2] for index in range(max(1, len(word) - 1))]
        else:
            words.append(word)
    return words


def count_words(texts: Iterable[str], language: str) -> Counter[str]:
    """Counts the words of the texts, without stop words."""
    stop_words = set(_STOP_WORDS.get(language.split("-")[0], "").split())
    return Counter(
        word
        for text in texts
        for word in split_words(text)
        if len(word) > 1 and word not in stop_words
    )


def guess_language(text: str) -> str:
    """Guesses the language from the script, then from stop words. The default is English."""
    scripts: Counter[str] = Counter()
    for character in text[:4000]:
        if character.isalpha():
            scripts[unicodedata.name(character, "").split(" ")[0].split("-")[0]] += 1
    letter_count = sum(scripts.values()) or 1
    for script, language in _SCRIPTS:
        if scripts[script] / letter_count > (0.05 if language == "ja" else 0.3):
            return language
    words = Counter(split_words(text[:4000]))
    scores = {
        language: sum(words[word] for word in stop_words.split())
        for language, stop_words in _STOP_WORDS.items()
    }
    likeliest = max(scores, key=lambda language: scores[language])
    return likeliest if scores[likeliest] else "en"


def shorten(text: str, max_chars: int) -> str:
    """Shortens to `max_chars`: to the first clause if possible, else at a word, else anywhere."""
    if len(text) <= max_chars:
        return text
    first_clause = split_clauses(text)[:1]
    if first_clause and len(first_clause[0]) <= max_chars:
        return first_clause[0]
    truncated = text[: max_chars - 1]
    head, space, _ = truncated.rpartition(" ")
    return (head if space and len(head) > max_chars // 2 else truncated).rstrip(" ,;:") + "…"


def clip(text: str, max_width: int) -> str:
    """Returns the text up to the last clause, else word, that fits in the width, with "…"."""
    if drawn_width(text) <= max_width:
        return text
    end = 0
    while drawn_width(text[: end + 1]) < max_width:
        end += 1
    head = text[:end]
    clauses = [match.start() for match in _CLAUSES.finditer(text) if match.start() < end]
    if clauses and clauses[-1] > end // 2:
        head = head[: clauses[-1]]
    elif " " in head[end // 2 :]:
        head = head.rpartition(" ")[0]
    return head.rstrip(" ,;:，、；：") + "…"


def drawn_width(text: str) -> int:
    """Returns the width in narrow characters; those of Chinese, Japanese and Korean count twice."""
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def is_contained(text: str, other: str) -> bool:
    """Whether the words of a text are in another one, in the same order."""
    return f" {' '.join(_WORD.findall(text.lower()))} " in (
        f" {' '.join(_WORD.findall(other.lower()))} "
    )


def join_phrases(phrases: Sequence[str]) -> str:
    """Returns short texts as one sentence, divided by the comma or the semicolon of the script."""
    texts = [phrase.rstrip(" .。।۔") for phrase in phrases]
    joined = "".join(texts)
    weak = any(mark in joined for mark in ",:،、，：")
    if not has_word_spaces(texts[0]):
        return end_sentence(("；" if weak else "、").join(texts))
    arabic = "ARABIC" in unicodedata.name(texts[0][-1:] or " ", "")
    return end_sentence(
        (("؛ " if weak else "، ") if arabic else "; " if weak else ", ").join(texts)
    )


def split_quotation(text: str) -> tuple[str, str] | None:
    """Returns a quotation and its author ("" for none), or None for another text."""
    match = _QUOTATION.fullmatch(text)
    return (match[1], match[2].rstrip(" .") if match[2] else "") if match else None


def capitalize(text: str) -> str:
    """Returns the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def has_word_spaces(text: str) -> bool:
    """Whether a space follows the sentence: its last letter is of a script with spaces."""
    letters = [character for character in text[-8:] if character.isalpha()]
    return not letters or not unicodedata.name(letters[-1], "").startswith(_UNSPACED_SCRIPTS[:3])


def end_sentence(text: str) -> str:
    """Returns the text with the full stop of its script at the end, which may be within quotes."""
    if text.rstrip(_CLOSING_MARKS)[-1:] in (*".!?…。！？؟۔।", ""):
        return text
    if unicodedata.name(text[-1:], "").startswith(("THAI", "LAO")):
        return text
    if "DEVANAGARI" in unicodedata.name(text[-1:], ""):
        return f"{text}।"
    return (
        f"{text}。"
        if unicodedata.name(text[-1:], "").startswith(_UNSPACED_SCRIPTS[:3])
        else f"{text}."
    )


def is_unspaced(word: str) -> bool:
    """Whether the word belongs to a script without spaces between words."""
    return any(unicodedata.name(character, "").startswith(_UNSPACED_SCRIPTS) for character in word)
