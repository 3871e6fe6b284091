"""Ranges and conditions, line by line of RFC 9110."""

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
    ("asked", "start", "end"),
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
def test_a_range_is_cut_to_what_there_is(asked: str, start: int, end: int) -> None:
    assert parse_range({"Range": asked}, VERSION, SIZE) == ByteRange(start, end)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=1000-", "bytes=1000-2000", "bytes=99999999999999999999999-", "bytes=-0",
        "bytes=5-4", "bytes=-", "bytes=a-b", "bytes=1-b", "bytes=1", "bytes=--1",
        "bytes=0x1-2", "bytes=1.0-2", "bytes=+1-2", "bytes=٣-٤", "bytes=1-2x",
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_refused_with_the_size(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        parse_range({"Range": asked}, VERSION, SIZE)

    assert refused.value.size == SIZE


@pytest.mark.parametrize(
    "asked",
    ["", "bytes", "bytes=", "items=0-1", "bytes 0-1", "bytes=0-1,2-3", "bytes=0-0,0-0,x", ", "],
)
def test_another_unit_and_several_ranges_get_the_whole(asked: str) -> None:
    assert parse_range({"Range": asked}, VERSION, SIZE) is None


def test_nothing_is_whole_at_once() -> None:
    assert parse_range({"Range": "bytes=0-"}, VERSION, 0) is None
    for asked in ("bytes=-5", "bytes=1-"):
        with pytest.raises(RangeNotSatisfiable):
            parse_range({"Range": asked}, VERSION, 0)


@pytest.mark.parametrize(
    ("condition", "held"),
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
def test_a_part_completes_only_what_is_the_same(condition: str, held: bool) -> None:
    found = parse_range({"Range": "bytes=0-1", "If-Range": condition}, VERSION, SIZE)

    assert (found is not None) is held


@pytest.mark.parametrize(
    ("headers", "same"),
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
def test_what_the_other_side_has_is_not_sent_again(headers: dict[str, str], same: bool) -> None:
    assert is_not_modified(headers, VERSION) is same


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"x"'},
        {"If-Match": 'W/"a1-3e8"'},
        {"If-Unmodified-Since": EARLIER},
        {"If-Match": '"x"', "If-None-Match": '"a1-3e8"'},
    ],
)
def test_another_version_than_was_meant_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(PreconditionFailed):
        is_not_modified(headers, VERSION)
