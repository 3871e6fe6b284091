"""`objects.list`: by name in UTF-8 order, with prefix, delimiter, offsets, glob and pages."""

from __future__ import annotations

import base64
import binascii
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.local.emulators.gcs.errors import invalid_argument
from infra.local.emulators.gcs.storage import buckets
from infra.local.emulators.gcs.storage.resources import StoredObjectRow

MAX_RESULTS = 1000


@dataclass(frozen=True)
class Page:
    """One page: objects, folded prefixes, and where the next page begins."""

    items: list[StoredObjectRow] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def encode_page_token(start: str) -> str:
    """A page token that says "from this name on"."""
    return base64.urlsafe_b64encode(start.encode()).decode()


def decode_page_token(token: str) -> str:
    """The name that a page token stands for; 400 when it is none of ours."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Invalid page token.") from error


def parse_max_results(query: Mapping[str, str]) -> int:
    """How many entries a page may hold."""
    text = query.get("maxResults", "")
    if not text:
        return MAX_RESULTS
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid_argument(f"Invalid value for maxResults: {text[:32]}")
    return min(int(text), MAX_RESULTS) or MAX_RESULTS


def next_name(name: str) -> str:
    """The first string behind `name`."""
    return name + "\0"


def next_name_after_prefix(prefix: str) -> str:
    """The first string behind everything that begins with `prefix`."""
    head, last = prefix[:-1], ord(prefix[-1])
    if last == 0x10FFFF:
        return next_name_after_prefix(head) if head else chr(last)
    # Surrogates are no characters: the one behind U+D7FF is U+E000.
    return head + chr(0xE000 if last == 0xD7FF else last + 1)


def list_page(tx: sqlite3.Connection, bucket: str, query: Mapping[str, str]) -> Page:
    """One page of the bucket's objects; a folded prefix counts as one entry."""
    buckets.find(tx, bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    glob = compile_glob(query["matchGlob"]) if query.get("matchGlob") else None
    trailing = query.get("includeTrailingDelimiter", "").lower() == "true"
    limit = parse_max_results(query)
    token = query.get("pageToken", "")
    starts = (query.get("startOffset", ""), prefix, decode_page_token(token) if token else "")
    start = max(starts, key=str.encode)
    page = Page()
    while (row := _next(tx, bucket, start, query.get("endOffset", ""))) is not None:
        name: str = row["name"]
        if not name.startswith(prefix):
            break
        if glob is not None and not glob.fullmatch(name):
            start = next_name(name)
            continue
        if len(page.items) + len(page.prefixes) >= limit:
            return Page(page.items, page.prefixes, encode_page_token(start))
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            page.items.append(StoredObjectRow.from_row(row))
            start = next_name(name)
            continue
        folded = name[: cut + len(delimiter)]
        page.prefixes.append(folded)
        if trailing and name == folded:
            page.items.append(StoredObjectRow.from_row(row))
        # One query jumps over all that lies below the prefix.
        start = next_name_after_prefix(folded)
    return page


def _next(tx: sqlite3.Connection, bucket: str, start: str, end: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tx.execute(
        "SELECT * FROM objects WHERE bucket = ? AND name >= ? AND (? = '' OR name < ?)"
        " ORDER BY name LIMIT 1",
        (bucket, start, end, end),
    ).fetchone()
    return row


def compile_glob(glob: str) -> re.Pattern[str]:
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
        raise invalid_argument(f"Invalid value for matchGlob: {error}") from error
