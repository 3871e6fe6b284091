"""Line breaks of subtitles."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.subtitles.lines import (
    AFTER_CLAUSE,
    AFTER_FUNCTION_WORD,
    MAX_COLUMNS,
    break_cost,
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
        # A pronoun stays with the verb before it.
        (
            "Über Nacht reift er im Kühlschrank bei 5 °C weiter.",
            ["Über Nacht reift er", "im Kühlschrank bei 5 °C weiter."],
        ),
        # No line of one or two words for the sake of a comma.
        (
            "When Sun, Moon and Earth stand in one line,",
            ["When Sun, Moon", "and Earth stand in one line,"],
        ),
        (
            "Ein reifer Ansatz riecht mild säuerlich, nie faulig.",
            ["Ein reifer Ansatz riecht", "mild säuerlich, nie faulig."],
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


@pytest.mark.parametrize(
    ("piece", "next_piece", "cost"),
    [
        (" Dr.", " Smith", AFTER_FUNCTION_WORD),
        (" 3.", " Oktober", AFTER_FUNCTION_WORD),
        (" 12,000", " km", AFTER_FUNCTION_WORD),
        (" etc.", " and", None),
        (" wait...", " then", AFTER_CLAUSE),
        (" Why?”", " and", AFTER_CLAUSE),
        (" 2024,", " people", AFTER_CLAUSE),
    ],
)
def test_numbers_and_abbreviations_stay_with_the_next_word(
    piece: str, next_piece: str, cost: float | None
) -> None:
    actual = break_cost(piece, next_piece)
    assert actual == cost if cost is not None else actual > AFTER_CLAUSE


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Où est-ce ? Là !", [" Où", " est-ce ?", " Là !"]),
        ("une « vraie » fleur : oui", [" une", " « vraie »", " fleur :", " oui"]),
        ("97 % der Zeit", [" 97 %", " der", " Zeit"]),
        ("他说“你好”（她）", [" 他", "说", "“你", "好”", "（她）"]),
        ("? ! « ", [" ? !", " «"]),
    ],
)
def test_marks_stay_with_their_words(text: str, pieces: list[str]) -> None:
    assert split_pieces(text) == pieces


_CLAUSES = st.lists(
    st.sampled_from(
        [
            "植物",
            "「光」",
            "（水）",
            "用，",
            "《生活》",
            "“你好”。",
            "光！",
            "糖：",
            "abc",
            "(2024)",
            "ですか？」",
        ]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=200)
@given(_CLAUSES)
def test_no_line_begins_or_ends_with_a_mark_of_the_neighbour(text: str) -> None:
    lines = wrap_text(text)
    assert "".join(lines) == text
    for before, after in pairwise(lines):
        assert after[0] not in "」）》，。！：？)”"
        assert before[-1] not in "「（《(“"
