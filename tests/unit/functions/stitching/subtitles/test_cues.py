"""Subtitles: line breaks, times of cues, and escaping."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.stitching.film.timeline import RATE_HZ, TimedSentence
from functions.stitching.subtitles.cues import (
    MAX_COLUMNS,
    Cue,
    build_cues,
    count_columns,
    to_srt,
    to_vtt,
    wrap_text,
)
from shared.typography.graphemes import split_graphemes

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


@pytest.mark.parametrize(
    "text",
    [
        "👨‍👩‍👧‍👦" * 40,
        "これは👨‍👩‍👧‍👦とても👍🏽長い🇸🇪文章です1️⃣" * 4,
        "👩🏽‍🔬" * 30 + "café" * 20,
        "किताबें" * 20,
    ],
)
def test_line_break_cuts_no_grapheme(text: str) -> None:
    lines = wrap_text(text)
    assert "".join(lines) == text
    assert [part for line in lines for part in split_graphemes(line)] == split_graphemes(text)
    assert all(count_columns(line) <= MAX_COLUMNS for line in lines)
    (cue,) = build_cues([seconds(0, 1, split_graphemes(text)[0])])
    assert cue.lines[0] in to_vtt([cue])


def test_two_lines_have_about_the_same_length() -> None:
    lines = wrap_text("Plants make their food from light, water and air.")
    assert lines == ["Plants make their food", "from light, water and air."]


def test_long_sentence_becomes_several_cues_that_share_its_time() -> None:
    cues = build_cues([seconds(0, 12, LONG)])
    assert [len(cue.lines) for cue in cues] == [2, 2, 1]
    assert " ".join(line for cue in cues for line in cue.lines) == LONG
    assert cues[0].start_ms == 0
    assert cues[-1].end_ms == 12_000
    for before, after in itertools.pairwise(cues):
        assert before.end_ms == after.start_ms
    shares = [(cue.end_ms - cue.start_ms) / sum(map(count_columns, cue.lines)) for cue in cues]
    assert max(shares) / min(shares) < 1.1


@pytest.mark.parametrize(
    "text",
    [
        "植物は太陽の光を使って、空気の中の二酸化炭素と根から吸い上げた水から、自分の食べ物である糖を作ります。",
        "النباتات تأخذ ثاني أكسيد الكربون من الهواء والماء من التربة وتصنع السكر بطاقة ضوء الشمس.",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen ist ein langes Wort.",
        "a" * 130,
    ],
)
def test_every_script_is_broken_into_lines(text: str) -> None:
    lines = wrap_text(text)
    assert max(map(count_columns, lines)) <= MAX_COLUMNS
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.startswith(("、", "。")) for line in lines)


def test_short_cue_is_extended_to_a_readable_duration() -> None:
    (cue,) = build_cues([seconds(1, 1.2, "Yes.")])
    assert cue.end_ms - cue.start_ms == 800


def test_extended_cue_ends_before_the_next_one() -> None:
    first, _ = build_cues([seconds(1, 1.2, "Yes."), seconds(1.5, 2, "No.")])
    assert first.end_ms == 1500


def test_vtt_and_srt_format() -> None:
    rows = [Cue(0, 1500, ("One", "two")), Cue(3_661_007, 3_662_000, ("Three",))]
    assert to_vtt(rows) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne\ntwo\n\n"
        "01:01:01.007 --> 01:01:02.000\nThree\n"
    )
    assert to_srt(rows) == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne\ntwo\n\n2\n01:01:01,007 --> 01:01:02,000\nThree\n"
    )


def test_markup_is_escaped() -> None:
    row = [Cue(0, 900, ("<script>a</script> & 1 --> 2",))]
    assert "&lt;script&gt;a&lt;/script&gt; &amp; 1 --&gt; 2" in to_vtt(row)
    assert to_srt(row).count("-->") == 1


@settings(max_examples=200)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_any_text_fits_without_loss(text: str) -> None:
    lines = wrap_text(text)
    assert all(line and count_columns(line) <= MAX_COLUMNS for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


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
