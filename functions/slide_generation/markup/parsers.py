"""Parsers of Markdown in a model's answer, which was asked for plain text.

markdown-it decides what is markup. A mark that CommonMark accepts but that is more likely part of
the text stays: the sign of `- 5 °C`, the operator of `> 90 %` or `x**2`, the name `__init__`, the
`#` of `# of users`. A mark that is shown costs less than a fact that is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, heading, hr, list_block
from markdown_it.rules_inline import StateInline, escape, image, link
from markdown_it.rules_inline.state_inline import Delimiter

from shared.typography.line_breaks import is_unspaced

_QUANTITY = r"[\s$€£¥₹₩₽₺₫~≈±<>=≤≥.,(]*[\d½¼¾⅓⅔∞√π]"
_LIST_ITEM = re.compile(rf"(?:\*|-(?!{_QUANTITY}))\s.*[^\W_]")
_QUOTE = re.compile(rf">(?!=?\s*[-−+]?{_QUANTITY}).*[^\W_]")
_THEMATIC_BREAK = re.compile(r"([-*_])\1{2,}\s*$")
_DUNDER_NAME = re.compile(r"__(?:[a-z][a-z0-9_]*|[A-Z][A-Z0-9_]*)__(?!\w)")
_ESCAPABLE = "*_`~#"
_NO_EMPHASIS_BEFORE = "./\\,;:!?)]}|&%@"
"""Characters that follow the `*` of a pattern (`*.py`) or an operator, not of emphasis."""

BlockRule = Callable[[StateBlock, int, int, bool], bool]
InlineRule = Callable[[StateInline, bool], bool]


def _is_heading(line: str) -> bool:
    """Returns whether `#` is a mark; before a digit or a small letter it means "number"."""
    first = line.removeprefix("#").lstrip()[:1]
    return line.startswith("##") or not (first.isdecimal() or first.islower())


def _only_for(is_markup: Callable[[str], Any], rule: BlockRule) -> BlockRule:
    """Returns the rule for blocks whose first line is markup."""

    def restricted(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        return bool(is_markup(line)) and rule(state, start, end, silent)

    return restricted


def _not_in_code(rule: InlineRule) -> InlineRule:
    """Returns the rule for brackets that are no subscript: `names[i](x)` is no link."""

    def restricted(state: StateInline, silent: bool) -> bool:
        before = state.src[state.pos - 1 : state.pos]
        is_subscript = before == "]" or (before.isascii() and before.isalnum())
        return not is_subscript and rule(state, silent)

    return restricted


def _escape(state: StateInline, silent: bool) -> bool:
    """Reads escapes of Markdown's marks. Other backslashes are those of paths and formulas."""
    return state.src[state.pos + 1 : state.pos + 2] in (*_ESCAPABLE,) and escape(state, silent)


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Reads the marks of emphasis, but no operator inside a word and no name like `__init__`.

    In scripts without spaces, `**` counts next to any letter; CommonMark misses it after
    punctuation.
    """
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    before = state.src[state.pos - 1 : state.pos] if state.pos else ""
    name = _DUNDER_NAME.match(state.src, state.pos)
    if name and not before.isalnum():
        state.pending += name.group()
        state.pos = name.end()
        return True
    scanned = state.scanDelims(state.pos, canSplitWord=False)
    after = state.src[state.pos + scanned.length : state.pos + scanned.length + 1]
    can_open = scanned.can_open and after not in (*_NO_EMPHASIS_BEFORE,)
    can_close = scanned.can_close
    if marker == "*" and scanned.length > 1:
        can_open |= _joins(before) and bool(after.strip())
        can_close |= _joins(after) and bool(before.strip())
    for _ in range(scanned.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(ord(marker), scanned.length, len(state.tokens) - 1, -1, can_open, can_close)
        )
    state.pos += scanned.length
    return True


def _joins(character: str) -> bool:
    return character != "" and is_unspaced(character)


def _is_address(url: str) -> bool:
    """Returns whether a link may have this target. Unsafe schemes too: only its text is shown."""
    return any(mark in url for mark in "/.#:@?")


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # They would remove or join lines of plain text. Without `normalize`, NUL stays and is rejected.
    parser.disable(["code", "html_block", "lheading", "normalize", "reference"])
    interrupted = ["paragraph", "reference", "blockquote"]
    block = parser.block.ruler
    block.at("list", _only_for(_LIST_ITEM.match, list_block), {"alt": interrupted})
    block.at("blockquote", _only_for(_QUOTE.match, blockquote), {"alt": [*interrupted, "list"]})
    block.at("hr", _only_for(_THEMATIC_BREAK.match, hr), {"alt": [*interrupted, "list"]})
    block.at("heading", _only_for(_is_heading, heading), {"alt": interrupted})
    inline = parser.inline.ruler
    inline.at("link", _not_in_code(link))
    inline.at("image", _not_in_code(image))
    inline.at("escape", _escape)
    inline.at("emphasis", _emphasis)
    parser.validateLink = _is_address  # type: ignore[method-assign]
    return parser


PLAIN_TEXT = _make_parser()
"""Parses a text of a slide."""
FENCES = MarkdownIt("zero").enable("fence")
"""Parses fenced code blocks only."""
