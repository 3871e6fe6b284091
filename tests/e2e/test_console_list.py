"""The list of jobs: sorting, selection and actions; a sample job, run again and as curl."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.local.setup.installs import clean_env
from infra.local.suite.handle import SuiteHandle
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import layout_shift, sign_in

pytestmark = pytest.mark.suite

VIDEO = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
MAX_LAYOUT_SHIFT = 0.02


def test_selected_jobs_are_cancelled_and_a_refusal_is_shown(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    ids = {
        title: client.create_job("frames", {"video": VIDEO}, title=title)["job"]["id"]
        for title in ("Cedar", "Birch", "Alder", "Dogwood")
    }
    sign_in(page, suite, client)
    page.goto(suite.url("console"))
    rows = page.locator(".job-row:not(.skeleton)")
    expect(rows).to_have_count(4)
    assert layout_shift(page) <= MAX_LAYOUT_SHIFT
    page.get_by_role("columnheader", name="Title").get_by_role("button").click()
    expect(rows.locator("a[href^='/jobs']")).to_have_text(["Alder", "Birch", "Cedar", "Dogwood"])
    expect(page).to_have_url(re.compile(r"/\?sort=title$"))

    # The keyboard selects a range as the mouse does.
    page.get_by_label("Select Alder").press("Space")
    page.get_by_label("Select Cedar").click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selected jobs")
    expect(bar).to_contain_text("3 of 4 selected")
    assert accessibility_violations(page) == []
    bar.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Birch")
    assert accessibility_violations(page) == []
    client.call("DELETE", f"/v1/jobs/{ids['Birch']}")
    dialog.get_by_role("button", name="Cancel: 3 jobs").click()
    expect(dialog).to_contain_text("2 of 3 cancelled, 1 refused.")
    expect(dialog.locator("li.failed")).to_contain_text("no such job")
    dialog.get_by_role("button", name="Close").last.click()
    expect(rows.filter(has_text="Cancelled")).to_have_count(2)
    expect(rows).to_have_count(3)

    actions = page.get_by_role("button", name="Actions on Dogwood")
    actions.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")
    expect(actions).to_be_focused()
    actions.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete: 1 job").click()
    expect(rows).to_have_count(2)
    expect(page.get_by_text("1 job is deleted.")).to_be_visible()


@pytest.mark.extended
def test_sample_job_is_run_again_with_changes_in_the_form_and_by_its_curl_command(
    suite: SuiteHandle, page: Page, tmp_path: Path
) -> None:
    client = suite.client()
    sign_in(page, suite, client)
    page.get_by_role("button", name="Try it with a sample clip").click()
    expect(page).to_have_url(re.compile(r"/jobs/[a-z0-9]{20}$"))
    expect(page.locator(".badge").first).to_have_text("Done")
    sample_id = page.url.rpartition("/")[2]

    page.goto(f"{suite.url('console')}/new?from={sample_id}")
    expect(page.locator(".source-files")).to_contain_text("Moodreel sample.mp4")
    page.get_by_label("A picture every").fill("3")
    page.get_by_text("As curl, as Python").click()
    assert accessibility_violations(page) == []
    code = page.locator(".code-block pre").inner_text()
    request = {"name": "list", "scopes": ["jobs:write"], "valid_days": 1}
    key = client.call("POST", "/v1/me/keys", request)["key"]
    completed = subprocess.run(
        ["/bin/bash", "-euc", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=clean_env({"MOODREEL_API_KEY": key}),
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr
    page.get_by_role("button", name="Create job").click()
    expect(page).to_have_url(re.compile(rf"/jobs/(?!{sample_id})[a-z0-9]{{20}}$"))

    newest, by_curl, sample = client.call("GET", "/v1/jobs")["jobs"]
    assert (newest["id"], sample["id"]) == (page.url.rpartition("/")[2], sample_id)
    views = [client.call("GET", f"/v1/jobs/{job['id']}") for job in (newest, by_curl)]
    for name in ("recipe", "title", "options"):
        assert views[0][name] == views[1][name]
    assert views[0]["options"]["every"] == "3"
    assert [view["inputs"][0]["filename"] for view in views] == ["Moodreel sample.mp4"] * 2
    for view in views:
        suite.wait_for_job(client, view["id"])


def test_landing_page_shows_results_and_does_not_shift(suite: SuiteHandle, page: Page) -> None:
    page.goto(suite.url("console"))
    pictures = page.get_by_role("figure").get_by_role("img")
    expect(pictures).to_have_count(3)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    assert layout_shift(page) <= MAX_LAYOUT_SHIFT
