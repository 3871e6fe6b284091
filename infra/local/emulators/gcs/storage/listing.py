"""`objects.list`: sorted by name in UTF-8 order, with prefix, delimiter, offsets, glob, pages."""

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
    """One page: objects, folded prefixes, and the token of the next page."""

    items: list[StoredObjectRow] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def encode_page_token(start: str) -> str:
    """Returns a page token for a page that starts at this name."""
    return base64.urlsafe_b64encode(start.encode()).decode()


def decode_page_token(token: str) -> str:
    """Returns the start name of a page token. Raises 400 when the token is invalid."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Invalid page token.") from error


def parse_max_results(query: Mapping[str, str]) -> int:
    """Returns the maximum number of entries of a page. Raises 400."""
    text = query.get("maxResults", "")
    if not text:
        return MAX_RESULTS
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid_argument(f"Invalid value for maxResults: {text[:32]}")
    return min(int(text), MAX_RESULTS) or MAX_RESULTS


def next_name(name: str) -> str:
    """Returns the next string after `name`."""
    return name + "\0"


def next_name_after_prefix(prefix: str) -> str:
    """Returns the first string after all strings that start with `prefix`."""
    stem, last = prefix[:-1], ord(prefix[-1])
    if last == 0x10FFFF:
        return next_name_after_prefix(stem) if stem else chr(last)
    # Surrogates are not characters: U+E000 follows U+D7FF.
    return stem + chr(0xE000 if last == 0xD7FF else last + 1)


def list_page(tx: sqlite3.Connection, bucket: str, query: Mapping[str, str]) -> Page:
    """Returns one page of a bucket's objects. A folded prefix counts as one entry."""
    buckets.find(tx, bucket)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    glob = compile_glob(query["matchGlob"]) if query.get("matchGlob") else None
    include_trailing = query.get("includeTrailingDelimiter", "").lower() == "true"
    limit = parse_max_results(query)
    token = query.get("pageToken", "")
    starts = (query.get("startOffset", ""), prefix, decode_page_token(token) if token else "")
    start = max(starts, key=str.encode)
    page = Page()
    while (row := _next_row(tx, bucket, start, query.get("endOffset", ""))) is not None:
        name: str = row["name"]
        if not name.startswith(prefix):
            break
        if glob is not None and not glob.fullmatch(name):
            start = next_name(name)
            continue
        if len(page.items) + len(page.prefixes) >= limit:
            return Page(page.items, page.prefixes, encode_page_token(start))
        delimiter_at = name.find(delimiter, len(prefix)) if delimiter else -1
        if delimiter_at < 0:
            page.items.append(StoredObjectRow.from_row(row))
            start = next_name(name)
            continue
        folded_prefix = name[: delimiter_at + len(delimiter)]
        page.prefixes.append(folded_prefix)
        if include_trailing and name == folded_prefix:
            page.items.append(StoredObjectRow.from_row(row))
        # The next query skips all objects with the folded prefix.
        start = next_name_after_prefix(folded_prefix)
    return page


def _next_row(tx: sqlite3.Connection, bucket: str, start: str, end: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tx.execute(
        "SELECT * FROM objects WHERE bucket = ? AND name >= ? AND (? = '' OR name < ?)"
        " ORDER BY name LIMIT 1",
        (bucket, start, end, end),
    ).fetchone()
    return row


def compile_glob(glob: str) -> re.Pattern[str]:
    """Compiles a `matchGlob`. `*` and `?` do not match `/`, `**` does, and `**/` also matches no
    folder; `[…]` and `{a,b}` work as in a shell. Raises 400."""
    pattern, depth, position = "", 0, 0
    while position < len(glob):
        character = glob[position]
        is_segment_start = position == 0 or glob[position - 1] in ("/,{" if depth else "/")
        if is_segment_start and glob.startswith("**/", position):
            pattern, position = pattern + "(?:.*/)?", position + 2
        elif glob.startswith("**", position):
            pattern, position = pattern + ".*", position + 1
        elif character == "*":
            pattern += "[^/]*"
        elif character == "?":
            pattern += "[^/]"
        elif character == "[" and "]" in glob[position + 2 :]:
            end = glob.index("]", position + 2)
            characters = glob[position + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            pattern += "[" + ("^" + characters[1:] if characters[0] in "!^" else characters) + "]"
            position = end
        elif character == "{":
            pattern, depth = pattern + "(?:", depth + 1
        elif character == "}" and depth:
            pattern, depth = pattern + ")", depth - 1
        elif character == "," and depth:
            pattern += "|"
        else:
            pattern += re.escape(character)
        position += 1
    try:
        return re.compile(pattern + ")" * depth, re.DOTALL)
    except re.error as error:
        raise invalid_argument(f"Invalid value for matchGlob: {error}") from error
