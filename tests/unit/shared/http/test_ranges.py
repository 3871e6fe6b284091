"""Byte ranges and conditional requests of RFC 9110."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.http.problems import PreconditionFailed, RangeNotSatisfiable
from shared.http.ranges import ByteRange, Version, is_not_modified, parse_range

VERSION = Version('"a1-3e8"', datetime(2026, 11, 26, 12, 0, 0, 987654, UTC))
DATE = "Thu, 26 Nov 2026 12:00:00 GMT"
EARLIER, LATER = "Thu, 26 Nov 2026 11:59:59 GMT", "Thu, 26 Nov 2026 12:00:01 GMT"
SIZE = 1000


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 1000),
        ("bytes=999-", 999, 1000),
        ("bytes=0-999", 0, 1000),
        ("bytes=0-1000", 0, 1000),
        ("bytes=500-99999999999999999999999999", 500, 1000),
        ("bytes=" + "0" * 30 + "5-" + "0" * 30 + "7", 5, 8),
        ("bytes=1-" + "9" * 6000, 1, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-99999999999999999999999", 0, 1000),
        ("BYTES=1-2", 1, 3),
        ("bytes= 1 - 2 ", 1, 3),
    ],
)
def test_range_is_limited_to_the_size(header: str, start: int, end: int) -> None:
    assert parse_range({"Range": header}, VERSION, SIZE) == ByteRange(start, end)


@pytest.mark.parametrize(
    "header",
    [
        "bytes=1000-", "bytes=1000-2000", "bytes=99999999999999999999999-", "bytes=-0",
        "bytes=5-4", "bytes=-", "bytes=a-b", "bytes=1-b", "bytes=1", "bytes=--1",
        "bytes=0x1-2", "bytes=1.0-2", "bytes=+1-2", "bytes=٣-٤", "bytes=1-2x",
    ],
)  # fmt: skip
def test_unsatisfiable_range_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as error:
        parse_range({"Range": header}, VERSION, SIZE)

    assert error.value.size == SIZE


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "items=0-1", "bytes 0-1", "bytes=0-1,2-3", "bytes=0-0,0-0,x", ", "],
)
def test_other_units_and_several_ranges_are_ignored(header: str) -> None:
    assert parse_range({"Range": header}, VERSION, SIZE) is None


def test_range_of_an_empty_file() -> None:
    assert parse_range({"Range": "bytes=0-"}, VERSION, 0) is None
    for header in ("bytes=-5", "bytes=1-"):
        with pytest.raises(RangeNotSatisfiable):
            parse_range({"Range": header}, VERSION, 0)


@pytest.mark.parametrize(
    ("condition", "is_valid"),
    [
        ('"a1-3e8"', True),
        ('W/"a1-3e8"', False),
        ('"other"', False),
        (DATE, True),
        (EARLIER, False),
        (LATER, False),
        ("yesterday", False),
    ],
)
def test_if_range_requires_the_same_version(condition: str, is_valid: bool) -> None:
    byte_range = parse_range({"Range": "bytes=0-1", "If-Range": condition}, VERSION, SIZE)

    assert (byte_range is not None) is is_valid


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"If-None-Match": '"a1-3e8"'}, True),
        ({"If-None-Match": 'W/"a1-3e8"'}, True),
        ({"If-None-Match": '"x", "a1-3e8"'}, True),
        ({"If-None-Match": "*"}, True),
        ({"If-None-Match": '"x"'}, False),
        ({"If-None-Match": "a1-3e8"}, False),
        ({"If-Modified-Since": DATE}, True),
        ({"If-Modified-Since": LATER}, True),
        ({"If-Modified-Since": EARLIER}, False),
        ({"If-Modified-Since": "garbage"}, False),
        ({"If-None-Match": '"x"', "If-Modified-Since": LATER}, False),
        ({"If-None-Match": '"a1-3e8"', "If-Modified-Since": EARLIER}, True),
        ({"If-Match": '"a1-3e8"'}, False),
        ({"If-Match": "*"}, False),
        ({"If-Unmodified-Since": DATE}, False),
        ({"If-Match": '"a1-3e8"', "If-Unmodified-Since": EARLIER}, False),
    ],
)
def test_not_modified_follows_rfc_9110(headers: dict[str, str], expected: bool) -> None:
    assert is_not_modified(headers, VERSION) is expected


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"x"'},
        {"If-Match": 'W/"a1-3e8"'},
        {"If-Unmodified-Since": EARLIER},
        {"If-Match": '"x"', "If-None-Match": '"a1-3e8"'},
    ],
)
def test_failed_precondition_raises(headers: dict[str, str]) -> None:
    with pytest.raises(PreconditionFailed):
        is_not_modified(headers, VERSION)
