"""Scores the sentences of a text as MEAD does: similarity to the centroid, and position.

Radev, Jing, Styś and Tam, "Centroid-based summarization of multiple documents", Information
Processing & Management 40 (2004): the centroid is the sum of the words' weights over all sentences.
A word weighs its frequency times the logarithm of how few sentences have it. Words of scripts
without spaces are pairs of characters. The method needs no word lists and no model, and its time
grows with the length of the text, not with its square.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from infra.local.emulators.gemini.sections import Section
from infra.local.emulators.gemini.words import count_words

LEAD_WEIGHT = 0.2
"""Added to the similarity, 0 to 1, of a sentence that begins a paragraph."""
_MIN_WORDS = 4
"""Sentences with fewer words have lower scores."""


def score_sentences(sections: Sequence[Section], language: str) -> dict[str, float]:
    """Returns the score of each sentence; a higher one is more central to the text."""
    words_of = {
        sentence: count_words([sentence], language)
        for section in sections
        for sentence in section.sentences
    }
    frequency = Counter(word for words in words_of.values() for word in words)
    weights = {word: math.log((len(words_of) + 1) / count) for word, count in frequency.items()}
    centroid: Counter[str] = Counter()
    for words in words_of.values():
        for word, count in words.items():
            centroid[word] += count
    lead_sentences = {section.sentences[n] for section in sections for n in section.leads}
    return {
        sentence: _similarity(words, centroid, weights)
        + (LEAD_WEIGHT if sentence in lead_sentences else 0)
        for sentence, words in words_of.items()
    }


def _similarity(words: Counter[str], centroid: Counter[str], weights: dict[str, float]) -> float:
    """Returns the cosine of the angle between a sentence and the centroid."""
    if not words:
        return 0.0
    product = sum(count * centroid[word] * weights[word] ** 2 for word, count in words.items())
    length = math.sqrt(sum((count * weights[word]) ** 2 for word, count in words.items()))
    return product / (length or 1) * min(1.0, len(words) / _MIN_WORDS)
