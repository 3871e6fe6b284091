"""An event is found by its name, whatever its details are called."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from shared.runtime.logs import HIDDEN, bind, log


def test_no_detail_takes_the_place_of_the_events_name(capsys: pytest.CaptureFixture[str]) -> None:
    bind(job="j1")
    log("unit.failed", severity="ERROR", message="The file is empty.", reason="empty")
    row = json.loads(capsys.readouterr().out)
    assert row["message"] == "unit.failed"
    assert (row["severity"], row["job"], row["reason"]) == ("ERROR", "j1", "empty")


SECRETS = {
    "a signature": "https://h/b/o?X-Goog-Date=1&X-Goog-Signature=0aF3b4c5&x=1",
    "a token in a header": "Authorization: Bearer abc.def-ghi_jkl==",
    "an ID token": "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln there",
    "an API key": "key AIzaSyA1234567890abcdefghij refused",
    "a link": "GET /v1/share/0123456789abcdef0123456789abcdef0123456789abcdef",
    "an address": "no such mailbox\nuser.name+tag@mail.example.org\n",
}


@pytest.mark.parametrize("what", SECRETS)
def test_what_opens_something_or_says_who_it_is_does_not_reach_the_log(
    what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = SECRETS[what]
    log("work.crashed", reason=told, nested={"deep": [told]}, fault=ValueError(told))
    line = capsys.readouterr().out
    row = json.loads(line)
    assert row["reason"].count(HIDDEN) == 1
    assert row["nested"]["deep"][0] == row["reason"]
    for secret in (
        "0aF3b4c5", "abc.def-ghi", "eyJhbGciOi", "AIzaSyA123", "0123456789abcdef", "mail.example",
    ):  # fmt: skip
        assert secret not in line


def test_what_is_no_secret_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    log("x", part="join", size=7, share=0.5, adopted=True, none=None, at=now, names=("a", "b"))
    row = json.loads(capsys.readouterr().out)
    assert (row["part"], row["size"], row["share"]) == ("join", 7, 0.5)
    assert (row["adopted"], row["none"], row["names"]) == (True, None, ["a", "b"])
    assert row["at"] == str(now)
