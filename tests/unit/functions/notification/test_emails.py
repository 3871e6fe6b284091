"""Emails about outcomes: what they say, link to and show, and their Message-ID."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

import shared.jobs.fetches.errors
import shared.media.errors
import shared.ports.url_reader  # noqa: F401 - they define error classes for the last test
from functions.notification.emails import Link, write_email
from functions.notification.outcomes import REDRIVABLE, find_main_result, find_remedy
from functions.notification.thumbnail import MAX_BYTES, find_thumbnail
from shared.emails.render import LANGUAGES, load_module
from shared.errors import (
    FirestoreUnavailable,
    MoodreelError,
    PermanentError,
    QuotaExhausted,
    StorageUnavailable,
    TopicUnavailable,
)
from shared.flows.envelope import Envelope
from shared.ports.outbound import Email, InlineImage
from shared.recipes.emotions.results import MomentSentence
from shared.recipes.stored_object import Artifact
from shared.tasks.errors import AttemptsExhausted, WaitedTooLong
from tests.fakes.application import SETTINGS
from tests.fixtures.emails import Tags
from tests.fixtures.jobs import FRAMES_ZIP, make_job
from tests.fixtures.media.emotions import make_emotions_result, make_moment

JOB_URL = f"{SETTINGS.console_url}/jobs/{'j' * 20}"
URL = "https://api.moodreel.test/v1/share/" + "ab" * 24
LINK = Link(URL, datetime(2026, 11, 28, 9, 5, tzinfo=UTC))
DONE = {
    "status": "done",
    "artifacts": [FRAMES_ZIP.to_dict()],
    "facts": {"frame_extraction": {"frames": 1200}},
}


@pytest.fixture(scope="module")
def advice() -> Any:
    """The sentences about errors."""
    return load_module("advice", LANGUAGES[0])


def make_email(
    link: Link | None = LINK, epoch: int = 0, thumbnail: InlineImage | None = None, **fields: Any
) -> Email:
    job = make_job(**{**DONE, **fields})
    envelope = Envelope(job.id, "notification", f"{job.status}.e{epoch}", 0, epoch)
    return write_email(job, envelope, link, SETTINGS, thumbnail)


def make_artifact(name: str, kind: str, content_type: str, size_bytes: int = 9) -> dict[str, Any]:
    return Artifact(name, kind, "outputs", f"jobs/x/{name}", 7, size_bytes, content_type).to_dict()


POSTER = make_artifact("poster.jpg", "poster", "image/jpeg")
FILM = make_artifact("film.mp4", "film", "video/mp4")


def test_done_email_links_to_the_job_and_to_the_result() -> None:
    email = make_email()

    assert email.to == "alice@moodreel.test"
    assert email.subject == "Ready: Holiday"
    assert {URL, JOB_URL} <= set(email.text.splitlines())
    assert "Pictures: 1,200\n" in email.text
    assert "frames.zip, 1.2 MB" in email.text
    assert "28 November 2026, 09:05 UTC" in " ".join(email.text.split())
    assert Tags(email.html).links == [JOB_URL, URL, email.unsubscribe_url]


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


@pytest.mark.parametrize(
    ("kinds", "main", "heading"),
    [
        (("timeline", "chart"), "chart", "Your timeline"),
        (("timeline", "chart", "annotated"), "annotated", "Your annotated video"),
        (("deck", "film"), "film", "Your film"),
        (("subtitles", "transcript"), "transcript", "Your transcript"),
        (("subtitles", "captioned"), "captioned", "Your video with captions"),
    ],
)
def test_what_people_look_at_comes_before_the_files_of_programs(
    kinds: tuple[str, ...], main: str, heading: str
) -> None:
    artifacts = [make_artifact(kind, kind, "x/y") for kind in kinds]
    found = find_main_result(make_job(**{**DONE, "artifacts": artifacts}))

    assert found is not None
    assert found.kind == main
    assert f"{heading} “Holiday” is ready." in make_email(artifacts=artifacts).text


def test_picture_of_the_result_is_in_the_email() -> None:
    job = make_job(**{**DONE, "artifacts": [FILM, POSTER]})
    found = find_thumbnail(job)
    picture = InlineImage("thumbnail", "jpeg", b"jpeg")
    email = make_email(thumbnail=picture, artifacts=[FILM, POSTER])

    assert found is not None
    assert found.name == "poster.jpg"
    assert email.images == (picture,)
    assert 'src="cid:thumbnail"' in email.html


@pytest.mark.parametrize(
    "fields",
    [
        {"recipe": "emotions", "options": {"consent": True}},
        {"recipe": "recap", "options": {"consent": True}},
        {"recipe": "recap", "options": {}},
        {"status": "failed"},
        {"artifacts": [make_artifact("m.jpg", "moment", "image/jpeg")]},
        {"artifacts": [make_artifact("timeline.png", "chart", "image/png")]},
        {"artifacts": [make_artifact("poster.jpg", "poster", "image/jpeg", MAX_BYTES + 1)]},
        {"artifacts": [make_artifact("poster.svg", "poster", "image/svg+xml")]},
    ],
)
def test_no_picture_of_faces_that_were_scored_nor_of_another_kind(fields: dict[str, Any]) -> None:
    assert find_thumbnail(make_job(**{**DONE, "artifacts": [POSTER], **fields})) is None


def test_recap_without_scored_faces_shows_its_poster() -> None:
    fields = {**DONE, "artifacts": [POSTER], "recipe": "recap", "options": {"consent": False}}
    assert find_thumbnail(make_job(**fields)) is not None


def test_failed_email_has_reason_and_advice(advice: Any) -> None:
    error = {
        "code": "video-too-long",
        "message": "The video is longer than what one job may take.",
        "stage": "upload_trigger",
    }
    email = make_email(None, status="failed", error=error, artifacts=[])

    assert email.subject == "Failed: Holiday"
    for body in (" ".join(email.text.split()), Tags(email.html).text):
        assert error["message"] in body
        assert advice.FILE_ADVICE["video-too-long"] in body
        assert advice.REPLACE_FILE in body
        assert "upload trigger" in body
    assert Tags(email.html).links == [JOB_URL, email.unsubscribe_url]


@pytest.mark.parametrize("code", ["too-much-work", "too-much-memory"])
def test_limits_of_decoding_speak_of_any_file(advice: Any, code: str) -> None:
    (error,) = (each for each in PermanentError.__subclasses__() if each.code == code)
    for text in (error.default_message(), advice.ADVICE[code], advice.FILE_ADVICE[code]):
        assert not re.search(r"video|picture|sound", text)


def test_unknown_error_gets_general_advice(advice: Any) -> None:
    error = {"code": "no-speech", "message": "Nothing is said.", "stage": "speech_recognition"}

    assert advice.FIX_AND_RETRY in make_email(None, status="failed", error=error).text


@pytest.mark.parametrize("code", ["not-a-video", "undecodable-video", "too-much-memory"])
def test_refused_file_can_be_replaced_and_is_not_tried_again(advice: Any, code: str) -> None:
    sentences = advice.advice(find_remedy(code, "upload_trigger"), code)

    assert "another file" in sentences
    assert not re.search("redrive|try again|new job", sentences, re.IGNORECASE)


@pytest.mark.parametrize("code", ["upload-differs", "source-expired", "no-frames"])
def test_error_that_another_file_does_not_fix_keeps_its_advice(advice: Any, code: str) -> None:
    assert advice.advice(find_remedy(code, "upload_trigger"), code) == advice.ADVICE[code]


@pytest.mark.parametrize("code", sorted(REDRIVABLE))
def test_unavailable_service_is_not_blamed_on_the_file(advice: Any, code: str) -> None:
    for stage in ("upload_trigger", "stitching", ""):
        assert advice.advice(find_remedy(code, stage), code) == advice.REDRIVE


def test_jobs_that_met_an_error_of_a_service_can_be_redriven() -> None:
    classes = [StorageUnavailable, FirestoreUnavailable, TopicUnavailable, AttemptsExhausted]
    assert {cls.code for cls in [*classes, WaitedTooLong, QuotaExhausted]} <= REDRIVABLE


def test_cancelled_email_offers_no_result() -> None:
    email = make_email(None, status="cancelled")

    assert email.subject == "Cancelled: Holiday"
    assert Tags(email.html).links == [JOB_URL, email.unsubscribe_url]


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

    assert ids[0] == ids[1] == f"<{'j' * 20}.0.done.e0@localhost>"
    assert len(set(ids)) == 3


def test_done_email_without_a_known_result_links_to_the_job_only() -> None:
    email = make_email(None, artifacts=[make_artifact("x.bin", "mystery", "x/y")])

    assert email.subject == "Ready: Holiday"
    assert Tags(email.html).links == [JOB_URL, email.unsubscribe_url]


def test_artifacts_between_stages_are_no_results() -> None:
    inner = Artifact("frames.zip", "frames", "work", "x", 1, 1)

    assert find_main_result(make_job(artifacts=[inner.to_dict()])) is None


def test_advice_exists_only_for_known_codes(advice: Any) -> None:
    def codes(cause: type[MoodreelError]) -> set[str]:
        return {cause.code}.union(*map(codes, cause.__subclasses__()))

    # The interpreter uses `unexpected` for an error without a code.
    assert advice.ADVICE.keys() - {"unexpected"} <= codes(MoodreelError)
