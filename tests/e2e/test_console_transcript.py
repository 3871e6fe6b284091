"""The transcript of a job: words seek, lines are searched, edited and exported."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in, sign_out, wait_for

pytestmark = pytest.mark.suite


def speak(suite: SuiteHandle, text: str) -> bytes:
    """Returns a WAV of a text that the Text-to-Speech emulator speaks."""
    body = {
        "input": {"text": text},
        "voice": {"languageCode": "en-US"},
        "audioConfig": {"audioEncoding": "LINEAR16"},
    }
    response = request("POST", f"{suite.url('tts')}/v1/text:synthesize", body)
    return base64.b64decode(response.json()["audioContent"])


@pytest.mark.extended
def test_transcript_is_searched_edited_and_exported(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    client = suite.client()
    path = tmp_path / "talk.wav"
    path.write_bytes(speak(suite, "The harbour opens at nine. Many ships leave every hour."))
    job_id = suite.start_job(client, "captions", path, options={"language": "en"})
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    sign_in(page, suite, client, f"/jobs/{job_id}")
    transcript = page.get_by_role("list", name="Transcript")
    lines = transcript.get_by_role("listitem")
    expect(lines.first).to_be_visible()
    assert accessibility_violations(page) == []

    word = transcript.locator("[data-at]").last
    word.click()
    start_s = float(word.get_attribute("data-at") or "nan")
    video = "document.querySelector('.transcript video')"
    wait_for(page, f"Math.abs({video}.currentTime - {start_s}) < 0.05")
    # Whether it is also marked as uncertain depends on the voice.
    expect(word).to_have_class(re.compile(r"\bspoken\b"))

    lines.first.get_by_role("button", name="Edit").click()
    field = lines.first.get_by_role("textbox")
    field.fill("The harbor\nopens & closes.")
    field.press("Enter")
    expect(lines.first).to_contain_text("The harbor opens & closes.")
    page.get_by_role("searchbox", name="Search").fill("CLOSES")
    expect(page.get_by_text("1 line", exact=True)).to_be_visible()
    expect(lines).to_have_count(1)
    assert accessibility_violations(page) == []
    page.reload()
    expect(lines.first).to_contain_text("The harbor opens & closes.")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export WebVTT").click()
    assert saved.value.suggested_filename == "talk.vtt"
    text = saved.value.path().read_text()
    assert text.startswith("WEBVTT\n\n00:00:0")
    assert "The harbor\nopens &amp; closes.\n" in text
    # Signing out removes the edits from the browser.
    sign_out(page)
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    keys = page.evaluate("Object.keys(localStorage)")
    assert not [key for key in keys if key.startswith("moodreel.captions.")]
