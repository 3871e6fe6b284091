"""Scores the sentences of a text: how central each is, and whether it is understood alone.

The centrality is that of MEAD (Radev, Jing, Styś and Tam, "Centroid-based summarization of multiple
documents", Information Processing & Management 40, 2004): the centroid is the sum of the words'
weights over all sentences. A word weighs its frequency times the logarithm of how few sentences
have it. Words of scripts without spaces are pairs of characters. The method needs no model, and its
time grows with the length of the text, not with its square.

To it come the features of a position, of words of the title and the headings (Edmundson, "New
methods in automatic extracting", Journal of the ACM 16, 1969) and of numbers (Fattah and Ren, "GA,
MR, FFNN, PNN and GMM based models for automatic text summarization", Computer Speech & Language 23,
2009). A sentence that refers to the one before it, which Paice ("Constructing literature abstracts
by computer", Information Processing & Management 26, 1990) calls dangling anaphora, loses most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from infra.local.emulators.gemini.sections import Section
from infra.local.emulators.gemini.words import count_words, drawn_width, split_words

LEAD_WEIGHT = 0.2
"""Added to the similarity, 0 to 1, of a sentence that begins a paragraph."""
HEADING_WEIGHT = 0.15
"""Added for all words of the title and of the heading that a sentence has; less for some."""
NUMBER_WEIGHT = 0.1
"""Added for a number, which says more than a general remark."""
REFERENCE_FACTOR = 0.4
"""Of the score of a sentence that is not understood without the one before it."""
_MIN_WORDS = 4
"""Sentences with fewer words have lower scores."""
_REFERENCE_WORDS = 4
"""A pronoun among the first words of a sentence stands for a noun of an earlier one."""
_PRONOUNS = {
    "en": "he she it they him her them his hers its their this that these those such both",
    "de": "er sie ihn ihm ihr ihnen ihre seine seinen dieser diese dieses diesem diesen jene",
    "fr": "il elle ils elles lui leur leurs ce cela ceci cet cette ces celui celle ceux",
    "es": "él ella ellos ellas este esta esto estos estas ese esa eso esos esas su sus",
    "pt": "ele ela eles elas este esta isto estes estas esse essa isso esses essas seu sua",
    "it": "egli esso essa essi esse lui lei loro questo questa questi queste ciò quello quella",
    "nl": "hij zij ze het hem haar hun deze dit die dat",
    "pl": "on ona ono oni one go ją ich ten ta to te tego tej tych",
    "sv": "han hon den det de dem dess deras denna detta dessa",
    "tr": "o bu şu onlar bunlar onun bunun",
    "ru": "он она оно они его её ее их это этот эта эти тот та те",
}
_CONNECTIVES = {
    "en": "then therefore however but and so also thus hence otherwise instead afterwards besides "
    "yet still moreover furthermore nevertheless consequently there here later meanwhile another",
    "de": "dann danach darauf deshalb daher darum deswegen jedoch aber und doch auch außerdem "
    "dadurch damit dabei davon dort hier sonst stattdessen trotzdem später also denn",
    "fr": "puis ensuite alors donc cependant mais et aussi ainsi sinon pourtant enfin là ici après",
    "es": "entonces luego después pero y también así además sin sino por allí aquí",
    "pt": "então depois mas e também assim além por portanto porém ali aqui",
    "it": "poi quindi dopo però ma e anche così inoltre perciò lì qui",
    "nl": "dan daarna daarom maar en ook dus echter anders daar hier later",
    "pl": "potem dlatego ale i też także więc jednak tam tu następnie",
    "sv": "sedan därför men och också så dock annars där här",
    "tr": "sonra ama ve ayrıca böylece bu ancak orada",
    "ru": "потом затем поэтому но и также однако иначе там здесь",
}
_OPENINGS = {
    "ja": (
        "これ",
        "それ",
        "あれ",
        "この",
        "その",
        "しかし",
        "また",
        "そして",
        "だから",
        "そこ",
        "でも",
    ),
    "zh": ("这", "那", "它", "他", "她", "但", "因此", "所以", "然后", "而且", "此外", "另外"),
    "ko": ("이것", "그것", "이는", "그는", "그러나", "그리고", "그래서", "따라서", "또한"),
}


def score_sentences(
    sections: Sequence[Section], language: str, title: str = ""
) -> dict[str, float]:
    """Returns the score of each sentence; a higher one says more about the text."""
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
    scores: dict[str, float] = {}
    for section in sections:
        named = set(count_words([title, section.heading], language))
        leads = {section.sentences[n] for n in section.leads}
        items = {section.sentences[n] for n in section.items}
        for sentence in section.sentences:
            words = words_of[sentence]
            score = _similarity(words, centroid, weights)
            score += LEAD_WEIGHT * (sentence in leads)
            score += HEADING_WEIGHT * len(named.intersection(words)) / (len(named) or 1)
            score += NUMBER_WEIGHT * any(map(str.isdigit, sentence))
            # An item of a list is read after the sentence that announces the list.
            if sentence not in items and refers_back(sentence, language):
                score *= REFERENCE_FACTOR
            scores[sentence] = max(score, scores.get(sentence, 0.0))
    return scores


def refers_back(sentence: str, language: str) -> bool:
    """Returns whether a sentence begins with a word that refers to what was said before."""
    language = language.split("-")[0]
    if language in _OPENINGS:
        return sentence.startswith(_OPENINGS[language])
    words = split_words(sentence)[:_REFERENCE_WORDS]
    pronouns = _PRONOUNS.get(language, "").split()
    connectives = _CONNECTIVES.get(language, "").split()
    return words[:1] != [] and (words[0] in connectives or any(word in pronouns for word in words))


def choose_bullets(
    preferred: Sequence[str], sentences: Sequence[str], referring: Collection[str], limit: int
) -> list[str]:
    """Returns at most `limit` preferred sentences, in the order of the text. One that refers to the
    sentence before is shown only below it."""
    chosen = {text for text in preferred if text not in referring}
    chosen = set([text for text in preferred if text in chosen][:limit])
    before = dict(pairwise(reversed(sentences)))
    for text in preferred:
        if len(chosen) < limit and before.get(text) in chosen:
            chosen.add(text)
    return [text for text in sentences if text in chosen]


def choose_spoken(
    sentences: Sequence[str], score: Mapping[str, float], max_width: int
) -> list[str]:
    """Returns the most central sentences that are spoken in `max_width`, in their order."""
    chosen: set[str] = set()
    width = 0
    for sentence in sorted(sentences, key=lambda sentence: -score[sentence]):
        if chosen and width + drawn_width(sentence) > max_width:
            continue
        chosen.add(sentence)
        width += drawn_width(sentence)
    return [sentence for sentence in dict.fromkeys(sentences) if sentence in chosen]


def _similarity(words: Counter[str], centroid: Counter[str], weights: dict[str, float]) -> float:
    """Returns the cosine of the angle between a sentence and the centroid."""
    if not words:
        return 0.0
    product = sum(count * centroid[word] * weights[word] ** 2 for word, count in words.items())
    length = math.sqrt(sum((count * weights[word]) ** 2 for word, count in words.items()))
    return product / (length or 1) * min(1.0, len(words) / _MIN_WORDS)
