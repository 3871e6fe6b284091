"""Cues of subtitles: where they break, and their times."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.subtitles.cues import Cue, build_cues
from shared.subtitles.lines import count_columns, split_pieces
from shared.subtitles.timed_sentence import RATE_HZ, TimedSentence
from shared.subtitles.word_times import find_piece_times

LONG = (
    "Plants take in carbon dioxide from the air, draw up water through their roots, and with the "
    "energy of sunlight they turn both into sugar, which feeds the plant and all that eats it."
)


def seconds(start: float, end: float, text: str) -> TimedSentence:
    return TimedSentence(text, round(start * RATE_HZ), round(end * RATE_HZ))


def test_short_sentence_is_one_cue_with_its_time() -> None:
    assert build_cues([seconds(1.25, 3.5, "Leaves are green.")]) == (
        Cue(1250, 3500, ("Leaves are green.",)),
    )


@pytest.mark.parametrize("marks", ["\u0301", "\u0301 \u0300\u0301", "\u200b"], ids=ascii)
def test_combining_marks_without_a_letter_have_a_cue(marks: str) -> None:
    (cue,) = build_cues([seconds(1, 2, marks)])
    assert (cue.start_ms, cue.lines) == (1000, (marks,))


def text_of(cue: Cue) -> str:
    return " ".join(cue.lines)


def test_long_sentence_breaks_at_its_clauses() -> None:
    cues = build_cues([seconds(0, 12, LONG)])
    assert [text_of(cue) for cue in cues] == [
        "Plants take in carbon dioxide from the air,",
        "draw up water through their roots,",
        "and with the energy of sunlight they turn both into sugar,",
        "which feeds the plant and all that eats it.",
    ]
    assert cues[0].start_ms == 0
    assert cues[-1].end_ms == 12_000
    for before, after in itertools.pairwise(cues):
        assert before.end_ms == after.start_ms
    shares = [(cue.end_ms - cue.start_ms) / sum(map(count_columns, cue.lines)) for cue in cues]
    assert max(shares) / min(shares) < 1.1


def test_cues_begin_where_the_speech_goes_on_after_a_pause() -> None:
    # The first pause is after "carbon", where no mark is.
    resumes = tuple(round(second * RATE_HZ) for second in (1.1, 3.0, 5.75, 9.25))
    cues = build_cues([TimedSentence(LONG, 0, 12 * RATE_HZ, resumes)])
    assert [cue.start_ms for cue in cues] == [0, 3000, 5750, 9250]


def test_sentence_of_one_word_shares_a_cue() -> None:
    cues = build_cues(
        [
            seconds(0, 0.4, "Why?"),
            seconds(0.7, 2.5, "Because leaves are green."),
            seconds(2.8, 4.5, "They always were."),
            seconds(4.8, 5.3, "Always."),
        ]
    )
    assert [text_of(cue) for cue in cues] == [
        "Why? Because leaves are green.",
        "They always were. Always.",
    ]
    assert (cues[0].start_ms, cues[0].end_ms) == (0, 2500)


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        ("植物自己制造食物。", "为什么？", "因为到处都有光！"),
        ("植物は食べ物を作ります。", "なぜ？", "光がどこにでもあるから！"),
        ("식물은 음식을 만듭니다.", "왜?", "빛이 어디에나 있기 때문입니다!"),
        ("النباتات تصنع غذاءها بنفسها.", "لماذا؟", "لأن الضوء في كل مكان!"),
        ("Les plantes se nourrissent.", "Pourquoi ?", "Parce que la lumière est partout !"),
    ],
)
def test_sentence_of_one_word_shares_a_cue_in_every_script(
    before: str, word: str, after: str
) -> None:
    cues = build_cues(
        [seconds(0.3, 2.0, before), seconds(2.45, 3.0, word), seconds(3.6, 5.5, after)]
    )
    texts = [" ".join(cue.lines) for cue in cues]
    assert word not in texts
    assert "".join(texts).replace(" ", "") == (before + word + after).replace(" ", "")


def test_word_alone_has_a_cue() -> None:
    (cue,) = build_cues([seconds(0.3, 0.9, "为什么？")])
    assert cue.lines == ("为什么？",)


def test_sentences_of_different_slides_share_no_cue() -> None:
    cues = build_cues([seconds(0, 0.5, "Why?"), seconds(1.5, 3, "Because leaves are green.")])
    assert [text_of(cue) for cue in cues] == ["Why?", "Because leaves are green."]


def test_fast_cue_is_extended_into_the_following_pause() -> None:
    (cue,) = build_cues([seconds(1, 2.5, "A sentence of forty columns takes 2 sec.")])
    assert (cue.start_ms, cue.end_ms) == (1000, 3000)


def test_cue_does_not_outlast_the_film() -> None:
    (cue,) = build_cues([seconds(1, 1.1, "Photosynthesis is how plants eat.")])
    assert cue.end_ms == 1100 + 600


def test_short_cue_is_extended_to_a_readable_duration() -> None:
    (cue,) = build_cues([seconds(1, 1.2, "Yes.")])
    assert cue.end_ms - cue.start_ms == 800


def test_extended_cue_ends_before_the_next_one() -> None:
    first, _ = build_cues([seconds(1, 1.2, "Yes, sir."), seconds(1.5, 2, "No, sir.")])
    assert first.end_ms == 1500


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 9000)), max_size=12))
def test_cues_never_overlap_and_are_never_empty(gaps_and_lengths: list[tuple[int, int]]) -> None:
    rows, at = [], 0
    for gap, length in gaps_and_lengths:
        rows.append(
            seconds((at + gap) / 1000, (at + gap + length) / 1000, LONG[: length % 180 + 1])
        )
        at += gap + length
    cues = build_cues(rows)
    assert all(cue.end_ms > cue.start_ms for cue in cues)
    assert all(a.end_ms <= max(b.start_ms, a.start_ms + 1) for a, b in itertools.pairwise(cues))


def test_cues_of_recognized_speech_begin_with_their_words() -> None:
    """The times of words are known; without them the clauses would share the time by length."""
    starts_s = {"Plants": 0.0, "draw": 7.0, "and": 9.5, "which": 11.0}
    words, place, at_s = [], 0, 0.0
    for word in LONG.split(" "):
        at_s = starts_s.get(word, at_s + 0.05)
        words.append((place, round(at_s * RATE_HZ)))
        place += len(word) + 1
    cues = build_cues([TimedSentence(LONG, 0, 12 * RATE_HZ, words=tuple(words))])
    begins = {text_of(cue).split()[0]: cue.start_ms for cue in cues}
    assert begins["which"] == 11_000
    assert {start for start in begins.values() if start > 0} <= {
        round(start * 1000 / RATE_HZ) for _, start in words
    }


def test_pieces_of_a_word_without_spaces_share_its_time() -> None:
    sentence = TimedSentence("汉字你好", 0, 4 * RATE_HZ, words=((0, 0), (2, 3 * RATE_HZ)))
    assert find_piece_times(sentence, split_pieces(sentence.text)) == [
        round(second * RATE_HZ) for second in (0, 1.5, 3, 3.5, 4)
    ]
