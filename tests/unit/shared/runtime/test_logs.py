"""Log events keep their name and hide secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from shared.runtime.logs import HIDDEN, bind, log


def test_fields_do_not_replace_the_event_name(capsys: pytest.CaptureFixture[str]) -> None:
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
    "a document of a link": "404 shares/0123456789abcdef0123456789abcdef0123456789abcdef.",
    "an upload session": "Max retries exceeded with url: /o?upload_id=ABgVH8_x-uploadid&a=1 (503)",
    "an account link": "POST /v1/accounts:update?oobCode=oobSecret_1-2&lang=en",
    "an address": "no such mailbox\nuser.name+tag@mail.example.org\n",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_secrets_are_hidden(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = SECRETS[kind]
    log("work.crashed", reason=text, nested={"deep": [text]}, fault=ValueError(text))
    line = capsys.readouterr().out
    row = json.loads(line)
    assert row["reason"].count(HIDDEN) == 1
    assert row["nested"]["deep"][0] == row["reason"]
    for secret in (
        "0aF3b4c5", "abc.def-ghi", "eyJhbGciOi", "AIzaSyA123", "0123456789abcdef", "mail.example",
        "uploadid", "oobSecret",
    ):  # fmt: skip
        assert secret not in line


def test_other_values_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    log("x", part="join", size=7, share=0.5, adopted=True, none=None, at=now, names=("a", "b"))
    row = json.loads(capsys.readouterr().out)
    assert (row["part"], row["size"], row["share"]) == ("join", 7, 0.5)
    assert (row["adopted"], row["none"], row["names"]) == (True, None, ["a", "b"])
    assert row["at"] == str(now)


@pytest.mark.parametrize("length", [20, 32, 64])
def test_ids_traces_and_hashes_are_kept(length: int, capsys: pytest.CaptureFixture[str]) -> None:
    log("x", id="a" * length)
    assert json.loads(capsys.readouterr().out)["id"] == "a" * length
