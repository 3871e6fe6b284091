"""The page of a job in the console, in a browser over the running suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from shared.pipeline import JOBS_PER_OWNER
from shared.recipes.films.prompt import Prompt
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.deliveries import hold_deliveries

pytestmark = pytest.mark.suite

PROMPT = Prompt("Tell me about sand", "Sand is small. Sand is old. Sand moves. Sand sings.")


def test_failed_job_is_redriven_and_the_page_shows_its_progress(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    client, gemini = suite.client(), suite.url("gemini")
    path = tmp_path / "prompt.txt"
    path.write_bytes(PROMPT.to_bytes())
    request("POST", f"{gemini}/_responses", {"kind": "wrong-schema", "count": 3})
    try:
        job_id = suite.start_job(client, "presentation", path, options={"slides": "3"})
        assert suite.wait_for_job(client, job_id)["status"] == "failed"
    finally:
        request("DELETE", f"{gemini}/_responses")
    sign_in(page, suite, client, f"/jobs/{job_id}")
    expect(page.get_by_text("Write slides failed · code deck-unusable")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    # The page shows the progress without a reload.
    expect(page.get_by_role("progressbar", name="Progress of the job")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Write slides")).to_contain_text("Done")
    expect(page.locator(".badge")).to_have_text("Done")
    expect(page.locator("video")).to_be_visible()
    assert accessibility_violations(page) == []

    page.get_by_role("tab", name="Result").press("End")
    expect(page.get_by_role("tab", name="Settings")).to_be_focused()
    page.get_by_role("tab", name="Settings").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Run")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("row", name="Write slides")).to_contain_text("Done")
    expect(page.get_by_role("row", name="Render film")).to_contain_text("$")
    expect(page.locator(".history")).to_contain_text("You tried the job again")
    expect(page.locator(".job-options")).to_contain_text("3")
    assert accessibility_violations(page) == []
    page.go_back()
    page.go_back()
    expect(page.locator("video")).to_be_visible()


@pytest.mark.extended
def test_queued_job_says_why_it_waits_and_starts_by_itself(suite: SuiteHandle, page: Page) -> None:
    client, clip = suite.client(), CLIP_SPECS["cfr30"].encode().path
    with hold_deliveries(suite, "frame_extraction"):
        for _ in range(JOBS_PER_OWNER):
            suite.start_job(client, "frames", clip)
        job_id = suite.start_job(client, "frames", clip)
        sign_in(page, suite, client, f"/jobs/{job_id}")
        expect(page.locator(".badge")).to_have_text("Queued")
        expect(page.get_by_text("starts by itself when another one ends")).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text="Check upload")).to_be_visible()
        assert accessibility_violations(page) == []
        page.goto(f"{suite.url('console')}/?show=running")
        expect(page.locator(".job-row")).to_have_count(JOBS_PER_OWNER + 1)
        page.goto(f"{suite.url('console')}/jobs/{job_id}")
    expect(page.locator(".badge")).to_have_text("Done")
    expect(page.get_by_text("starts by itself when another one ends")).to_be_hidden()


@pytest.mark.extended
def test_job_is_renamed_and_cancelled(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    video = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
    job_id = client.create_job("frames", {"video": video}, title="a.mp4")["job"]["id"]
    sign_in(page, suite, client, f"/jobs/{job_id}")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title of the job").fill("<b>My</b> holiday")
    page.get_by_label("Title of the job").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("<b>My</b> holiday")
    expect(page).to_have_title("Waiting for upload · <b>My</b> holiday · Moodreel")

    page.get_by_role("button", name="More actions").click()
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More actions")).to_be_focused()
    open_cancel_dialog(page)
    dialog = page.get_by_role("dialog", name="Cancel this job?")
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    open_cancel_dialog(page)
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".badge")).to_have_text("Cancelled")
    page.get_by_role("button", name="More actions").press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    expect(page.get_by_role("menuitem", name="Cancel the job")).to_have_count(0)
    page.keyboard.press("Escape")
    assert client.get_job(job_id)["title"] == "<b>My</b> holiday"

    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Tags").fill("sea, summer")
    page.get_by_role("tab", name="Files").click()
    page.go_back()
    expect(page.get_by_label("Tags")).to_have_value("sea, summer")
    page.get_by_role("button", name="Add a key").click()
    page.get_by_label("Key 1").fill("order")
    page.get_by_label("Value 1").fill("7")
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    job = client.get_job(job_id)
    assert (job["tags"], job["metadata"]) == (["sea", "summer"], {"order": "7"})
    # An invalid value is shown at its field.
    page.get_by_label("Key 1").fill("__order__")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("must not begin and end with two underscores")).to_be_visible()


def open_cancel_dialog(page: Page) -> None:
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Cancel the job").click()


@pytest.mark.extended
def test_missing_file_is_uploaded_on_the_page_of_the_job(suite: SuiteHandle, page: Page) -> None:
    client, clip = suite.client(), CLIP_SPECS["cfr30"].encode().path
    video = {"filename": "lost.mp4", "content_type": "video/mp4", "size_bytes": 1000}
    job_id = client.create_job("frames", {"video": video}, {"every": "2"})["job"]["id"]
    sign_in(page, suite, client, f"/jobs/{job_id}")
    expect(page.get_by_role("heading", name="Files are missing")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_label("Choose lost.mp4").set_input_files(clip)
    expect(page.locator(".badge")).to_have_text("Done")
    assert client.get_job(job_id)["artifacts"]


@pytest.mark.extended
def test_page_without_firestore_polls_the_api(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    video = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
    job_id = client.create_job("frames", {"video": video}, title="Unheard")["job"]["id"]
    # A network that blocks Firestore.
    page.route("**/google.firestore.v1.Firestore/**", lambda route: route.abort())
    sign_in(page, suite, client, f"/jobs/{job_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Unheard")
    client.call("POST", f"/v1/jobs/{job_id}/cancel")
    expect(page.locator(".badge")).to_have_text("Cancelled")


def test_accessibility_check_finds_violations(page: Page) -> None:
    page.set_content('<main><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main>')
    assert "image-alt" in {violation["id"] for violation in accessibility_violations(page)}
