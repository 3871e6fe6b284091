"""Line breaks of subtitles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.stitching.subtitles.lines import (
    MAX_COLUMNS,
    count_columns,
    split_pieces,
    wrap_pieces,
)
from shared.typography.graphemes import split_graphemes


def wrap_text(text: str) -> list[str]:
    return wrap_pieces(split_pieces(text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "Plants make their food from light, water and air.",
            ["Plants make their food", "from light, water and air."],
        ),
        (
            "They crossed the mountains in the winter of 1812.",
            ["They crossed the mountains", "in the winter of 1812."],
        ),
        (
            "When the frame leans to the left, the front wheel turns as well.",
            ["When the frame leans to the left,", "the front wheel turns as well."],
        ),
        (
            "Der Zug fährt in zehn Minuten von dem anderen Gleis ab.",
            ["Der Zug fährt in zehn Minuten", "von dem anderen Gleis ab."],
        ),
        (
            "植物は太陽の光を使って、空気の中の二酸化炭素と水から糖を作ります。",
            ["植物は太陽の光を使って、", "空気の中の二酸化炭素と水から糖を作ります。"],
        ),
    ],
)
def test_lines_break_where_phrases_end(text: str, lines: list[str]) -> None:
    assert wrap_text(text) == lines


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


@settings(max_examples=200)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_any_text_fits_without_loss(text: str) -> None:
    lines = wrap_text(text)
    assert all(line and count_columns(line) <= MAX_COLUMNS for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
