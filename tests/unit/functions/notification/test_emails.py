"""What a person reads: the result or the reason, harmless, and the same in every copy."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

import shared.media.errors  # noqa: F401 - its classes are looked for below
from functions.notification.emails import Link, write_email
from functions.notification.outcomes import (
    ADVICE,
    FIX_AND_RETRY,
    find_main_result,
    format_count,
    format_size,
)
from shared.errors import MoodreelError
from shared.flows.envelope import Envelope
from shared.ports.outbound import Email
from shared.recipes.stored_object import Artifact
from tests.fixtures.jobs import FRAMES_ZIP, make_job

SENDER = "Moodreel <noreply@moodreel.test>"
URL = "https://api.moodreel.test/v1/share/" + "ab" * 24
LINK = Link(URL, datetime(2026, 11, 28, 9, 5, tzinfo=UTC))
DONE = {
    "status": "done",
    "artifacts": [FRAMES_ZIP.to_dict()],
    "facts": {"frame_extraction": {"frames": 1200}},
}


def letter(link: Link | None = LINK, epoch: int = 0, **fields: Any) -> Email:
    job = make_job(**{**DONE, **fields})
    envelope = Envelope(job.id, "notification", f"{job.status}.e{epoch}", 0, epoch)
    return write_email(job, envelope, link, SENDER)


class Tags(HTMLParser):
    """Every tag with its attributes, and every text outside of style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)


def test_a_finished_job_leads_to_its_result() -> None:
    told = letter()

    assert told.to == "alice@moodreel.test"
    assert told.subject == "Ready: Holiday"
    assert URL in told.text.splitlines()
    assert "1,200 pictures" in told.text
    assert "frames.zip, 1.2 MB" in told.text
    assert "28 November 2026, 09:05 UTC" in told.text
    assert [a["href"] for tag, a in Tags(told.html).tags if tag == "a"] == [URL]


def test_a_failed_job_says_why_and_what_to_do() -> None:
    error = {
        "code": "video-too-long",
        "message": "The video is longer than what one job may take.",
        "stage": "upload_trigger",
    }
    told = letter(None, status="failed", error=error, artifacts=[])

    assert told.subject == "Failed: Holiday"
    for body in (told.text, " ".join(Tags(told.html).texts)):
        assert error["message"] in body
        assert ADVICE["video-too-long"] in body
        assert "upload trigger" in body
        assert "http" not in body


def test_an_error_without_advice_of_its_own_gets_the_general_one() -> None:
    error = {"code": "not-a-video", "message": "This is not a video.", "stage": "upload_trigger"}

    assert FIX_AND_RETRY in letter(None, status="failed", error=error).text


def test_a_cancelled_job_is_told_shortly() -> None:
    told = letter(None, status="cancelled")

    assert told.subject == "Cancelled: Holiday"
    assert len(told.text) < 400


def test_a_title_with_markup_stays_text() -> None:
    title = '<img src=x onerror=alert(1)> & "quotes" </title><script>'
    page = Tags(letter(title=title).html)

    assert {tag for tag, _ in page.tags} == {
        "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "p", "h1", "a",
    }  # fmt: skip
    assert any(title in text for text in page.texts)
    assert page.open == []


def test_a_title_cannot_write_headers_or_fill_the_screen() -> None:
    told = letter(title="a\r\nBcc: victim@moodreel.test\u2028" + "x" * 500)

    assert "\n" not in told.subject
    assert "\r" not in told.subject
    assert len(told.subject) < 100


def test_a_failure_with_markup_in_its_reason_stays_text() -> None:
    error = {"code": "x", "message": "<b>bold</b>", "stage": "stitching"}
    page = letter(None, status="failed", error=error, warnings=["<i>careful</i>"]).html

    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "&lt;i&gt;careful&lt;/i&gt;" in page


def test_reading_a_letter_fetches_nothing_from_anywhere() -> None:
    page = letter().html

    assert not re.search(r"url\(|@import|<link|<img|src=", page)
    assert re.findall(r"https?://[^\"]+", page) == [URL]


def test_a_letter_can_be_read_in_the_dark() -> None:
    page = Tags(letter(warnings=["The file ends early."]).html)

    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    for tag, attributes in page.tags:
        style = attributes.get("style") or ""
        if re.search(r"(?<!-)color:#|background:#", style) and "#b3421f" not in style:
            # A colour that the dark sheet does not replace would meet the other one's ground.
            on_button = tag == "a"
            assert on_button or "mr-" in str(attributes.get("class")), (tag, style)


def test_warnings_are_passed_on() -> None:
    told = letter(warnings=["The file ends early."])

    assert "- The file ends early." in told.text
    assert "The file ends early." in told.html


def test_copies_of_a_letter_are_one_letter_and_another_outcome_is_another() -> None:
    ids = [
        letter().message_id,
        letter().message_id,
        letter(epoch=1).message_id,
        letter(None, status="cancelled").message_id,
    ]

    assert ids[0] == ids[1] == f"<{'j' * 20}.0.done.e0@moodreel.test>"
    assert len(set(ids)) == 3


def test_a_finished_job_without_a_known_result_is_told_without_a_link() -> None:
    other = Artifact("x.bin", "mystery", "outputs", "x", 1, 1)
    told = letter(None, artifacts=[other.to_dict()])

    assert told.subject == "Ready: Holiday"
    assert "http" not in told.text


def test_what_stages_hand_to_each_other_is_no_result() -> None:
    inner = Artifact("frames.zip", "frames", "work", "x", 1, 1)

    assert find_main_result(make_job(artifacts=[inner.to_dict()])) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"frame_extraction": {"frames": 1}}, "1 picture"),
        ({"frame_extraction": {"frames": 0}}, "0 pictures"),
        ({}, ""),
    ],
)
def test_counts_are_said_in_words_or_not_at_all(facts: dict[str, Any], words: str) -> None:
    job = make_job(**{**DONE, "facts": facts})
    found = find_main_result(job)

    assert found is not None
    assert format_count(job, found[1]) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_300_000_000, "5.3 GB")],
)
def test_sizes_are_said_in_decimal_units(size_bytes: int, words: str) -> None:
    assert format_size(size_bytes) == words


def test_every_code_that_has_advice_is_a_code_that_a_job_can_fail_with() -> None:
    def codes(cause: type[MoodreelError]) -> set[str]:
        return {cause.code}.union(*(codes(one) for one in cause.__subclasses__()))

    # `unexpected` is the driver's word for a fault that has no class.
    assert ADVICE.keys() - {"unexpected"} <= codes(MoodreelError)
