"""`objects.list`: by name in UTF-8 order, with prefix, delimiter, offsets, glob and pages."""

from __future__ import annotations

import base64
import binascii
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import bucket_store
from .errors import invalid
from .resources import StoredObject

MAX_RESULTS = 1000
_LAST = chr(0x10FFFF)


@dataclass(frozen=True)
class Page:
    """One page: objects, folded prefixes, and where the next page begins."""

    items: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def token_of(last: str) -> str:
    """A page token that says "behind this name"."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def behind(token: str) -> str:
    """The name that a page token stands for; 400 when it is none of ours."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid("Invalid page token.") from error


def max_results(query: Mapping[str, str]) -> int:
    """How many entries a page may hold."""
    text = query.get("maxResults", "")
    if not text:
        return MAX_RESULTS
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid(f"Invalid value for maxResults: {text[:32]}")
    return min(int(text), MAX_RESULTS) or MAX_RESULTS


def list_page(tx: sqlite3.Connection, bucket: str, query: Mapping[str, str]) -> Page:
    """One page of the bucket's objects; a folded prefix counts as one entry."""
    bucket_store.find(tx, bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    end = query.get("endOffset", "")
    glob = glob_pattern(query["matchGlob"]) if query.get("matchGlob") else None
    limit = max_results(query)
    trailing = query.get("includeTrailingDelimiter") == "true"
    start = max(query.get("startOffset", ""), prefix, key=str.encode)
    last = behind(query["pageToken"]) if query.get("pageToken") else ""
    items: list[StoredObject] = []
    prefixes: list[str] = []
    while True:
        row = _next(tx, bucket, start, last)
        if row is None or not row["name"].startswith(prefix):
            return Page(items, prefixes)
        name = row["name"]
        if end and name.encode() >= end.encode():
            return Page(items, prefixes)
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        folded = name[: cut + len(delimiter)] if cut >= 0 else ""
        last = name
        if glob is not None and not glob.fullmatch(name):
            continue
        if len(items) + len(prefixes) == limit:
            previous = _last_of(items, prefixes, delimiter)
            return Page(items, prefixes, token_of(previous))
        if folded:
            prefixes.append(folded)
            if not (trailing and name == folded):
                # Nothing else below this prefix is looked at: one query jumps over all of it.
                last = folded + _LAST if glob is None else last
                _drop_repeat(prefixes)
                continue
        items.append(StoredObject.of(row))


def _next(tx: sqlite3.Connection, bucket: str, start: str, last: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tx.execute(
        "SELECT * FROM objects WHERE bucket = ? AND name >= ? AND name > ? ORDER BY name LIMIT 1",
        (bucket, start, last),
    ).fetchone()
    return row


def _drop_repeat(prefixes: list[str]) -> None:
    if len(prefixes) > 1 and prefixes[-1] == prefixes[-2]:
        prefixes.pop()


def _last_of(items: list[StoredObject], prefixes: list[str], delimiter: str) -> str:
    last_item = items[-1].name if items else ""
    last_prefix = prefixes[-1] + _LAST if prefixes and delimiter else ""
    return max(last_item, last_prefix, key=str.encode)


def glob_pattern(glob: str) -> re.Pattern[str]:
    """`matchGlob`: `*` and `?` stop at `/`, `**` does not, `[…]` and `{a,b}` as in a shell."""
    out, depth, i = "", 0, 0
    while i < len(glob):
        char = glob[i]
        if glob.startswith("**", i):
            out, i = out + ".*", i + 1
        elif char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[" and "]" in glob[i + 2 :]:
            stop = glob.index("]", i + 2)
            inner = glob[i + 1 : stop].replace("\\", "\\\\").replace("[", "\\[")
            out += "[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]"
            i = stop
        elif char == "{":
            out, depth = out + "(?:", depth + 1
        elif char == "}" and depth:
            out, depth = out + ")", depth - 1
        elif char == "," and depth:
            out += "|"
        else:
            out += re.escape(char)
        i += 1
    try:
        return re.compile(out + ")" * depth, re.DOTALL)
    except re.error as error:
        raise invalid(f"Invalid value for matchGlob: {error}") from error
