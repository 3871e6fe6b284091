"""The visual order of lines with several faces and directions."""

from __future__ import annotations

import pytest

from shared.typography.bidi import resolve_levels, to_visual_order
from shared.typography.drawing import split_visual_runs
from shared.typography.faces import Style
from shared.typography.single_line import lay_out_line


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        # Arabic around an emoji is one right-to-left sequence of two faces.
        ("film عربي 🎬 نص", ["film", "نص", "🎬", "عربي"]),
        # In a right-to-left line, Latin and Chinese are one left-to-right sequence.
        ("סרט part 日本", ["part", "日本", "סרט"]),
        ("סרט 🎬", ["🎬", "סרט"]),
    ],
)
def test_runs_of_several_faces_are_in_visual_order(text: str, runs: list[str]) -> None:
    block = lay_out_line(text, 24, Style("und"))
    drawn = [run.strip() for _, run, _ in split_visual_runs(text, block, rtl=block.rtl)]
    assert [run for run in drawn if run] == runs


@pytest.mark.parametrize(
    ("text", "rtl", "visual"),
    [
        ("abc אבג def", False, "abc גבא def"),
        ("אבג 12, 34% (x)", True, "(x) 34% ,12 גבא"),
        ("אב (ab) גד", True, "דג (ab) בא"),
        ("ab (אב) cd", False, "ab (בא) cd"),
        ("عر 12-34", False, "34-12 رع"),
        ("אב-5.5", True, "5.5-בא"),
        ("ab אב.", False, "ab בא."),
    ],
)
def test_levels_give_the_order_of_uax_9(text: str, rtl: bool, visual: str) -> None:
    levels = resolve_levels(text, rtl=rtl)
    order = to_visual_order(list(range(len(text))), lambda n: levels[n])
    mirrored = {"(": ")", ")": "("}
    assert visual == "".join(
        mirrored.get(text[n], text[n]) if levels[n] % 2 else text[n] for n in order
    )


@pytest.mark.parametrize(("depth", "level"), [(63, 1), (64, 0)])
def test_at_most_63_brackets_are_open_at_once(depth: int, level: int) -> None:
    """The limit of UAX #9 keeps a line of brackets from being compared with all others."""
    text = "א" + "(" * depth + "ב" + ")" * depth + "a"
    assert set(resolve_levels(text, rtl=False)[-1 - depth : -1]) == {level}
