"""Tests of splitting text into sentences, in several scripts and up to a maximum size."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.text_to_speech.sentences import MAX_SENTENCE_BYTES, Sentence, split_sentences


def texts(text: str, language: str = "en") -> list[str]:
    return [sentence.text for sentence in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("en", "Pi is 3.14 today. Yes.", ["Pi is 3.14 today.", "Yes."]),
        ("en", "Dr. Smith met Mrs. Jones.", ["Dr. Smith met Mrs. Jones."]),
        ("en", "J. R. R. Tolkien wrote it. We read it.",
         ["J. R. R. Tolkien wrote it.", "We read it."]),
        ("en", "Use fruit, e.g. apples, i.e. food.", ["Use fruit, e.g. apples, i.e. food."]),
        ("en", "Apples, pears, etc. Then more.", ["Apples, pears, etc.", "Then more."]),
        ("en", "The U.S. Army marched. Then it stopped.",
         ["The U.S. Army marched.", "Then it stopped."]),
        ("en", "It was I. You knew.", ["It was I.", "You knew."]),
        ("en", 'He asked "Why?" and left. "So?" she said.',
         ['He asked "Why?" and left.', '"So?" she said.']),
        ("en", "Wait... what? No.", ["Wait... what?", "No."]),
        ("en", "See example.com for v2.0 now.", ["See example.com for v2.0 now."]),
        ("en", "It ended (at last.) Then peace.", ["It ended (at last.)", "Then peace."]),
        ("en", "What?! Really?!", ["What?!", "Really?!"]),
        ("de", "Am 3. Oktober ist Feiertag. Wir feiern.",
         ["Am 3. Oktober ist Feiertag.", "Wir feiern."]),
        ("de", "Er rief: „Halt!“ Dann war Ruhe. ‚Gut.‘ Ja.",
         ["Er rief: „Halt!“", "Dann war Ruhe.", "‚Gut.‘", "Ja."]),
        ("da", "Han sagde: »Nej.« Så gik han.", ["Han sagde: »Nej.«", "Så gik han."]),
        ("zh", "他说。“你好。”她笑。", ["他说。", "“你好。”", "她笑。"]),
        ("de", "Obst, z.B. Äpfel. Gut.", ["Obst, z.B. Äpfel.", "Gut."]),
        ("en", "It was 3. Nobody knew.", ["It was 3.", "Nobody knew."]),
        ("fr", "« Bonjour ! » dit-il. Il partit.", ["« Bonjour ! » dit-il.", "Il partit."]),
        ("fr", "Il dit : « Bonjour ! » Puis il partit.",
         ["Il dit : « Bonjour ! »", "Puis il partit."]),
        ("en", "I said no. Then I went. See no. 5 there.",
         ["I said no.", "Then I went.", "See no. 5 there."]),
        ("es", "¿Qué es esto? ¡Una hoja!", ["¿Qué es esto?", "¡Una hoja!"]),
        ("el", "Τι είναι αυτό; Ένα φύλλο.", ["Τι είναι αυτό;", "Ένα φύλλο."]),
        ("en", "First; then second.", ["First; then second."]),
        ("zh", "植物需要光。它们吃什么？「水！」真的。",
         ["植物需要光。", "它们吃什么？", "「水！」", "真的。"]),
        ("ja", "葉は緑です。なぜ？", ["葉は緑です。", "なぜ？"]),
        ("ar", "ما هذا؟ ورقة خضراء.", ["ما هذا؟", "ورقة خضراء."]),
        ("ur", "یہ پتا ہے۔ وہ سبز ہے۔", ["یہ پتا ہے۔", "وہ سبز ہے۔"]),
        ("hi", "यह पत्ता है। वह हरा है।", ["यह पत्ता है।", "वह हरा है।"]),
        ("ru", "В 2020 г. Иванов уехал. Все.", ["В 2020 г. Иванов уехал.", "Все."]),
        ("en", "", []),
        ("en", " … !? 🎉 ", []),
        ("en", "Done. 🎉 Next.", ["Done.", "🎉 Next."]),
        ("en", "🎉! Party now.", ["🎉! Party now."]),
    ],
)  # fmt: skip
def test_split_into_sentences(language: str, text: str, expected: list[str]) -> None:
    assert texts(text, language) == expected


def test_line_break_ends_a_paragraph() -> None:
    assert split_sentences("Title\nOne. Two.\n\nThree") == [
        Sentence("Title", True),
        Sentence("One."),
        Sentence("Two.", True),
        Sentence("Three", True),
    ]


def test_long_sentence_is_split_after_clauses() -> None:
    clause = "and then the leaf turned towards the sun once more"
    sentences = texts(", ".join([clause] * 40) + ".")
    assert len(sentences) == 3
    assert all(sentence.endswith(("more,", "more.")) for sentence in sentences)
    assert max(len(sentence) for sentence in sentences) <= MAX_SENTENCE_BYTES


def test_long_sentence_without_clauses_is_split_between_words() -> None:
    sentences = texts("leaf " * 500)
    assert set(" ".join(sentences).split()) == {"leaf"}
    assert [len(sentence) for sentence in sentences] == [899, 899, 699]


def test_text_without_spaces_is_split_between_characters() -> None:
    sentences = texts("กำ" * 400, "th")
    assert "".join(sentences) == "กำ" * 400
    assert all(len(sentence.encode()) <= MAX_SENTENCE_BYTES for sentence in sentences)


def test_grapheme_clusters_are_not_split() -> None:
    family = "👨\u200d👩\u200d👧"
    sentences = texts("a" + family * 200)
    assert all(
        not sentence.startswith("\u200d") and not sentence.endswith("\u200d")
        for sentence in sentences
    )


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=300)
@given(
    st.text(
        st.one_of(
            st.sampled_from("ab .!?,。、\n\u200d\u0301éZ9;\"')"), st.characters(codec="utf-8")
        ),
        max_size=400,
    ),
    st.sampled_from(["en", "de", "el", "zh", "th"]),
    st.sampled_from([16, 64, 900]),
)
def test_segments_keep_all_text_and_fit_the_limit(text: str, language: str, max_bytes: int) -> None:
    sentences = split_sentences(text, language, max_bytes)
    assert all(0 < len(sentence.text.encode()) <= max(max_bytes, 64) for sentence in sentences)
    joined = without_space("".join(sentence.text for sentence in sentences))
    if all(any(char.isalnum() for char in line) for line in text.split("\n")):
        assert joined == without_space(text)
    assert all(sentence.text == sentence.text.strip() for sentence in sentences)
