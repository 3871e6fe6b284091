"""E-mails about outcomes: their content, escaping, layout and Message-ID."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

import shared.jobs.fetches.errors
import shared.media.errors
import shared.ports.url_reader  # noqa: F401 - they define error classes for the last test
from functions.notification.emails import Link, write_email
from functions.notification.outcomes import (
    ADVICE,
    FILE_ADVICE,
    FIX_AND_RETRY,
    REDRIVABLE,
    REDRIVE,
    REPLACE_FILE,
    find_advice,
    find_main_result,
    format_count,
    format_size,
)
from shared.errors import (
    FirestoreUnavailable,
    MoodreelError,
    PermanentError,
    QuotaExhausted,
    StorageUnavailable,
    TopicUnavailable,
)
from shared.flows.envelope import Envelope
from shared.ports.outbound import Email
from shared.recipes.emotions.results import MomentSentence
from shared.recipes.stored_object import Artifact
from shared.tasks.errors import AttemptsExhausted, WaitedTooLong
from tests.fixtures.jobs import FRAMES_ZIP, make_job
from tests.fixtures.media.emotions import make_emotions_result, make_moment

SENDER = "Moodreel <noreply@moodreel.test>"
URL = "https://api.moodreel.test/v1/share/" + "ab" * 24
LINK = Link(URL, datetime(2026, 11, 28, 9, 5, tzinfo=UTC))
DONE = {
    "status": "done",
    "artifacts": [FRAMES_ZIP.to_dict()],
    "facts": {"frame_extraction": {"frames": 1200}},
}


def make_email(link: Link | None = LINK, epoch: int = 0, **fields: Any) -> Email:
    job = make_job(**{**DONE, **fields})
    envelope = Envelope(job.id, "notification", f"{job.status}.e{epoch}", 0, epoch)
    return write_email(job, envelope, link, SENDER)


class Tags(HTMLParser):
    """Collects the tags with their attributes, and the text outside of style."""

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


def test_done_email_links_to_the_result() -> None:
    email = make_email()

    assert email.to == "alice@moodreel.test"
    assert email.subject == "Ready: Holiday"
    assert URL in email.text.splitlines()
    assert "1,200 pictures" in email.text
    assert "frames.zip, 1.2 MB" in email.text
    assert "28 November 2026, 09:05 UTC" in email.text
    assert [a["href"] for tag, a in Tags(email.html).tags if tag == "a"] == [URL]


def test_email_counts_the_strongest_moments_and_names_no_emotion() -> None:
    said = make_moment(12.3, sentence=MomentSentence(3, 10.0, 14.2))
    result = make_emotions_result(moments=(said, make_moment(65.0, "sad")))
    email = make_email(facts={"emotion_scoring": result.to_dict()})
    assert "Strongest moments: 1 with a sentence\n" in email.text
    assert "1 with a sentence" in email.html
    assert not any(word in email.text + email.html for word in ("happy", "sad", "0:12"))


def test_email_about_results_of_earlier_versions_mentions_no_sentence() -> None:
    facts = {"emotion_scoring": {"moments": [{"time_s": 1.0, "emotion": "happy"}]}}
    assert "sentence" not in make_email(facts=facts).text
    assert "sentence" not in make_email(facts={"emotion_scoring": {}}).text


def test_failed_email_has_reason_and_advice() -> None:
    error = {
        "code": "video-too-long",
        "message": "The video is longer than what one job may take.",
        "stage": "upload_trigger",
    }
    email = make_email(None, status="failed", error=error, artifacts=[])

    assert email.subject == "Failed: Holiday"
    for body in (email.text, " ".join(Tags(email.html).texts)):
        assert error["message"] in body
        assert FILE_ADVICE["video-too-long"] in body
        assert REPLACE_FILE in body.replace("\n", " ")
        assert "upload trigger" in body
        assert "http" not in body


@pytest.mark.parametrize("code", ["too-much-work", "too-much-memory"])
def test_limits_of_decoding_speak_of_any_file(code: str) -> None:
    (error,) = (each for each in PermanentError.__subclasses__() if each.code == code)
    for text in (error.default_message(), find_advice(code), find_advice(code, "upload_trigger")):
        assert not re.search(r"video|picture|sound", text)


def test_unknown_error_gets_general_advice() -> None:
    error = {"code": "no-speech", "message": "Nothing is said.", "stage": "speech_recognition"}

    assert FIX_AND_RETRY in make_email(None, status="failed", error=error).text


@pytest.mark.parametrize("code", ["not-a-video", "undecodable-video", "too-much-memory"])
def test_refused_file_can_be_replaced_and_is_not_tried_again(code: str) -> None:
    advice = find_advice(code, "upload_trigger")

    assert "another file" in advice
    assert not re.search("redrive|try again|new job", advice, re.IGNORECASE)


@pytest.mark.parametrize("code", ["upload-differs", "source-expired", "no-frames"])
def test_error_that_another_file_does_not_fix_keeps_its_advice(code: str) -> None:
    assert find_advice(code, "upload_trigger") == ADVICE[code]


@pytest.mark.parametrize("code", sorted(REDRIVABLE))
def test_unavailable_service_is_not_blamed_on_the_file(code: str) -> None:
    for stage in ("upload_trigger", "stitching", ""):
        assert find_advice(code, stage) == REDRIVE


def test_jobs_that_met_an_error_of_a_service_can_be_redriven() -> None:
    classes = [StorageUnavailable, FirestoreUnavailable, TopicUnavailable, AttemptsExhausted]
    assert {cls.code for cls in [*classes, WaitedTooLong, QuotaExhausted]} <= REDRIVABLE


def test_cancelled_email_is_short() -> None:
    email = make_email(None, status="cancelled")

    assert email.subject == "Cancelled: Holiday"
    assert len(email.text) < 400


def test_markup_in_the_title_is_escaped() -> None:
    title = '<img src=x onerror=alert(1)> & "quotes" </title><script>'
    page = Tags(make_email(title=title).html)

    assert {tag for tag, _ in page.tags} == {
        "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "p", "h1", "a",
    }  # fmt: skip
    assert any(title in text for text in page.texts)
    assert page.open == []


def test_subject_is_one_short_line() -> None:
    email = make_email(title="a\r\nBcc: victim@moodreel.test\u2028" + "x" * 500)

    assert "\n" not in email.subject
    assert "\r" not in email.subject
    assert len(email.subject) < 100


def test_markup_in_reason_and_warnings_is_escaped() -> None:
    error = {"code": "x", "message": "<b>bold</b>", "stage": "stitching"}
    page = make_email(None, status="failed", error=error, warnings=["<i>careful</i>"]).html

    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "&lt;i&gt;careful&lt;/i&gt;" in page


def test_html_loads_nothing() -> None:
    page = make_email().html

    assert not re.search(r"url\(|@import|<link|<img|src=", page)
    assert re.findall(r"https?://[^\"]+", page) == [URL]


def test_html_supports_dark_mode() -> None:
    page = Tags(make_email(warnings=["The file ends early."]).html)

    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    for tag, attributes in page.tags:
        style = attributes.get("style") or ""
        if re.search(r"(?<!-)color:#|background:#", style) and "#b3421f" not in style:
            # Every colour needs a class for the dark style, except in the button.
            assert tag == "a" or "mr-" in str(attributes.get("class")), (tag, style)


def test_warnings_are_included() -> None:
    email = make_email(warnings=["The file ends early."])

    assert "- The file ends early." in email.text
    assert "The file ends early." in email.html


def test_message_id_is_unique_per_outcome() -> None:
    ids = [
        make_email().message_id,
        make_email().message_id,
        make_email(epoch=1).message_id,
        make_email(None, status="cancelled").message_id,
    ]

    assert ids[0] == ids[1] == f"<{'j' * 20}.0.done.e0@moodreel.test>"
    assert len(set(ids)) == 3


def test_done_email_without_a_known_result_has_no_link() -> None:
    other = Artifact("x.bin", "mystery", "outputs", "x", 1, 1)
    email = make_email(None, artifacts=[other.to_dict()])

    assert email.subject == "Ready: Holiday"
    assert "http" not in email.text


def test_artifacts_between_stages_are_no_results() -> None:
    inner = Artifact("frames.zip", "frames", "work", "x", 1, 1)

    assert find_main_result(make_job(artifacts=[inner.to_dict()])) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"frame_extraction": {"frames": 1}}, "1 picture"),
        ({"frame_extraction": {"frames": 0}}, "0 pictures"),
        ({}, ""),
    ],
)
def test_format_count(facts: dict[str, Any], expected: str) -> None:
    job = make_job(**{**DONE, "facts": facts})
    result = find_main_result(job)

    assert result is not None
    assert format_count(job, result[1]) == expected


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_300_000_000, "5.3 GB")],
)
def test_format_size_uses_decimal_units(size_bytes: int, expected: str) -> None:
    assert format_size(size_bytes) == expected


def test_advice_exists_only_for_known_codes() -> None:
    def codes(cause: type[MoodreelError]) -> set[str]:
        return {cause.code}.union(*map(codes, cause.__subclasses__()))

    # The interpreter uses `unexpected` for an error without a code.
    assert ADVICE.keys() - {"unexpected"} <= codes(MoodreelError)
