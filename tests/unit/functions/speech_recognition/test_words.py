"""Tests of words: their times, those of neighbouring windows, and the segments."""

from __future__ import annotations

import itertools

import pytest

from functions.speech_recognition.segments import divide_words, to_text
from functions.speech_recognition.words import (
    SpokenWord,
    join_windows,
    move_out_of_pauses,
    place_words,
)
from shared.ports.speech_recognition import Recognition, RecognizedWord
from shared.subtitles.cues import build_cues
from shared.subtitles.transcript_cues import to_sentence


def words(text: str, start_s: float = 0, *, language: str = "en") -> list[SpokenWord]:
    """A word every half second."""
    return [
        SpokenWord(part, start_s + number / 2, start_s + number / 2 + 0.4, language)
        for number, part in enumerate(text.split())
    ]


def recognition(*rows: tuple[str, float, float]) -> Recognition:
    return Recognition(tuple(RecognizedWord(*row) for row in rows), "en")


def texts(joined: list[SpokenWord]) -> list[str]:
    return [word.text for word in joined]


def test_each_word_of_an_overlap_is_taken_once() -> None:
    before = words("a b c d e f g h")
    after = words("d e f g h i j", 1.5)
    assert texts(join_windows([before, after], [(1.4, 4)])) == list("abcdefghij")


def test_times_of_the_same_word_may_differ_in_an_overlap() -> None:
    before = [SpokenWord("one", 1, 1.5, "en"), SpokenWord("two", 2, 2.6, "en")]
    after = [SpokenWord("Two,", 2.4, 2.8, "en"), SpokenWord("three", 3, 3.4, "en")]
    joined = texts(join_windows([before, after], [(1.8, 2.9)]))
    assert [text.strip(",").lower() for text in joined] == ["one", "two", "three"]


def test_windows_without_an_overlap_are_appended() -> None:
    assert texts(join_windows([words("a b"), words("c", 20)], [(15, 9)])) == list("abc")
    assert join_windows([[], []], [(1, 2)]) == []


def test_words_are_kept_within_their_sound_and_in_order() -> None:
    placed = place_words(
        recognition(("late", 3, 99), ("before", 1, 2), ("two\u00a0words", -5, 50)), 10, 14, "0-0"
    )
    assert texts(placed) == ["late", "before", "two", "words"]
    for word, following in itertools.pairwise(placed):
        assert word.start_s <= following.start_s
    assert all(10 <= word.start_s <= word.end_s <= 14 for word in placed)


def test_words_do_not_reach_into_pauses() -> None:
    moved = move_out_of_pauses(
        recognition(("end.", 0.5, 1.6), ("Begin", 1.7, 2.5), ("late", 3.9, 4.2)),
        [(0, 0.6), (1.0, 2.0), (2.6, 3.7)],
    ).words
    assert [(word.start_s, word.end_s) for word in moved] == [(0.6, 1.0), (2.0, 2.5), (3.7, 4.2)]


def test_segments_end_with_sentences_pauses_and_languages() -> None:
    spoken = [
        *words("It is 3 p.m. today. Why?"),
        *words("Because of", 3),
        *words("rain.", 8),
        *words("Il pleut.", 8.5, language="fr"),
    ]
    segments = divide_words(spoken)
    assert [segment.text for segment in segments] == [
        "It is 3 p.m. today.", "Why?", "Because of", "rain.", "Il pleut.",
    ]  # fmt: skip
    assert segments[-1].language == "fr"
    assert to_text(segments) == ("It is 3 p.m. today. Why? Because of\n\nrain. Il pleut.\n")


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        ("你 好 ， 世 界 。", "你好，世界。"),
        ("สวัสดี ครับ", "สวัสดีครับ"),
        ("안녕 하세요", "안녕 하세요"),
    ],
)
def test_scripts_without_spaces_have_none(spoken: str, text: str) -> None:
    (segment,) = divide_words(words(spoken))
    assert segment.text == text
    (cue,) = build_cues([to_sentence(segment)])
    assert "".join(cue.lines) == text
    assert cue.start_ms == 0


def test_marks_that_are_words_have_no_space_before_them() -> None:
    (segment,) = divide_words(words("It grew by 12 % , he said"))
    assert segment.text == "It grew by 12%, he said"


def test_speakers_have_paragraphs() -> None:
    one = SpokenWord("Yes.", 0, 0.5, "en", speaker="0-0.1")
    two = SpokenWord("No.", 0.6, 1, "en", speaker="0-0.2")
    assert to_text(divide_words([one, two])) == "Yes.\n\nNo.\n"
