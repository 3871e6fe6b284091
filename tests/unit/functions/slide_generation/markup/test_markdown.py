"""Tests of Markdown in a model's answer: marks are removed, and plain text keeps its characters."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.slide_generation.deck.outline import strip_markup
from functions.slide_generation.markup.markdown import MAX_MARKDOWN_CHARS, parse_json_answer

PLAIN = [
    "- 5 °C", "-5 °C", "– 5 °C", "- $5 million", "- .5 V", "- ½ cup", "+ 5 %", "+ free delivery",
    "> 90 % of users", ">90 %", ">= 3", "> -5 °C", "> $5", "# of users", "# of 5", "# 1 choice",
    "#1 choice",
    "#plants", "C#", "C# and F#", "1. Light", "2024. A year", "3) Water", "x**2", "x**2 + y**2",
    "f(x)**2 + g(x)**2", "2*3*4 = 24", "2 * 3 * 4", "a*b*c", "4* and 5* hotels", "*args, **kwargs",
    "f(*args, **kwargs)", "COUNT(*), SUM(*)", "*.py and *.txt", "src/**/*.py", "*/5 * * * *",
    "* * * * *", "see *.py and foo.*", "縦*横*2", "__init__", "__init__ and __main__",
    "__FILE__ and __LINE__", "snake_case_name", "obj.__dict__", "a < b and c > d", "x<y and z>w",
    "a<b and c>d", "List<String>", "Map<String, Integer>", "vector<int> v", "<name> is a field",
    "The <b> tag", "<- here", "R&D", "AT&T", "Q&A; more", "arr[0](x)", "names[i]()", "[1, 2](3)(4)",
    "[Note]: yes", "[1]", "~5 to ~6", "5` tall", "C:\\temp\\new", "\\d+\\.\\d+", "\\(x\\)", "^_^",
    ">_<", "a | b", "50 % – 60 %", "— Albert Einstein", "!important", "2^10 = 1024",
    "$x_1$ and $x_2$",     "100 = 10\n=\n10 × 10",
]  # fmt: skip
MARKUP = {
    "*x*": "x", "**x**": "x", "***x***": "x", "_x_": "x", "__very important__": "very important",
    "__Important__": "Important", "a *very* big **red** leaf": "a very big red leaf",
    "**$5** more": "$5 more", "**2 * 3** apples": "2 * 3 apples", "~~old~~ new": "old new",
    "植物は**光合成**をする": "植物は光合成をする", "**光合成（葉）**は": "光合成（葉）は",
    "`light` and ``a`b``": "light and a`b", "[Plants](https://example.com)": "Plants",
    "see [**the** page](page.html \"title\").": "see the page.",
    "詳細は[ページ](x/y)へ": "詳細はページへ",
    "![A leaf](leaf.png)": "A leaf", "<https://example.com/a_b_c>": "https://example.com/a_b_c",
    "[x](javascript:alert(1))": "x", "<b>x</b>": "x", "<B>x</B>": "x", "a<br>b<br/>c": "a\nb\nc",
    "<a href=\"https://example.com\">x</a>": "x", "<p>One</p><p>Two</p>": "One\n\nTwo",
    "<ul><li>a</li></ul>": "a", "H<sub>2</sub>O": "H2O", "m<sup>2</sup>": "m²",
    "10<sup>-6</sup>": "10⁻⁶", "1<sup>st</sup>": "1st", "x<!-- note -->y": "xy",
    "<span style='color:red'>x</span>": "x", "Salt &amp; pepper": "Salt & pepper",
    "5 &lt; 6": "5 < 6", "5 \\* 3": "5 * 3", "snake\\_case": "snake_case", "## Plants": "Plants",
    "# Plants": "Plants", "### 3 plants ###": "3 plants", "- one": "one",
    "- -5 °C": "-5 °C", "- −5 °C": "−5 °C", "* one": "one",
    "• one": "one", "– one": "one", "* 5 apples": "5 apples", "> quoted": "quoted",
    "- **Light**: from the sun": "Light: from the sun", "One.\n\n- a\n- b": "One.\na\nb",
    "One.\n---\nTwo.": "One.\nTwo.", "```python\nx = 1\n```": "x = 1",
    "| a | b |\n|---|---|\n| 1 | 2 |": "a\nb\n1\n2", "- x**2": "x**2", "*x**2*": "x**2",
}  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_keeps_its_characters(text: str) -> None:
    assert strip_markup(text) == text


@pytest.mark.parametrize(("text", "expected"), MARKUP.items())
def test_marks_are_removed(text: str, expected: str) -> None:
    assert strip_markup(text) == expected


_CHARACTERS = string.ascii_letters + string.digits + " .,:;?!'\"()%+=/-$€°²αж植ก"


@given(st.lists(st.text(_CHARACTERS).map(lambda text: " ".join(["x", *text.split()]))))
def test_text_without_special_characters_is_unchanged(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert strip_markup(text) == text


@given(st.text('a1 *_`~#<>[]()-+!&;\\/.b|:="', max_size=60))
def test_any_text_is_parsed(text: str) -> None:
    # A paragraph without marks stays as it is whatever stands before it.
    assert strip_markup(f"{text}\n\nplant").splitlines()[-1].split()[-1] == "plant"


@pytest.mark.parametrize("unit", ["[", "*a", "**", "`", "<b>", ">", "![", "_a_", "&", "a\n"])
def test_text_above_every_limit_is_not_parsed(unit: str) -> None:
    text = unit * MAX_MARKDOWN_CHARS + "x"
    assert strip_markup(text) == text
    assert len(strip_markup(unit * 1_000)) <= len(unit) * 1_000


DECK = json.dumps({"title": "```", "slides": []}, indent=2)


@pytest.mark.parametrize(
    "answer",
    [
        DECK,
        f"```json\n{DECK}\n```",
        f"```\n{DECK}\n```\n",
        f"~~~~JSON\n{DECK}\n~~~~",
        f"Here is your deck:\n\n```json\n{DECK}\n```\n\nEnjoy!",
        f"\ufeff```json\r\n{DECK}\r\n```",
        f"```json\n{DECK}",
        f"\ufeff{DECK}",
    ],
)
def test_fence_of_a_json_answer_is_removed(answer: str) -> None:
    assert parse_json_answer(answer) == json.loads(DECK)


@pytest.mark.parametrize("answer", ["```json\n{\n```", "``", f"```\n{DECK}\n```\n```\n1\n```"])
def test_answer_without_one_json_value_is_rejected(answer: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Extra"):
        parse_json_answer(answer)
