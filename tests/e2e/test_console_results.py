"""The results of a job in the console, in a browser over the running suite."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import layout_shift, sign_in, wait_for
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.faces import SAD_TO_HAPPY_VIDEO, needs_models
from tests.fixtures.suite.frames_job import download_artifact
from tests.fixtures.suite.link_uses import read_uses

pytestmark = pytest.mark.suite
EMOTIONS = {"every": "1/2", "consent": "true", "purpose": "research", "transcript": "true"}


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def emotions(suite: SuiteHandle, client: Client) -> dict[str, Any]:
    """An `emotions` job that is done."""
    job = suite.start_job(
        client, "emotions", SAD_TO_HAPPY_VIDEO, options=EMOTIONS, title="Screen test"
    )
    return suite.wait_for_job(client, job)


@pytest.fixture(scope="module")
def frames(suite: SuiteHandle, client: Client) -> dict[str, Any]:
    """A `frames` job with many frames."""
    clip = CLIP_SPECS["cfr30"].encode().path
    job = suite.start_job(client, "frames", clip, options={"every": "1/25"}, title="Every frame")
    return suite.wait_for_job(client, job)


def player_time(page: Page) -> float:
    """Returns the time of the player in seconds, after it has finished seeking."""
    wait_for(page, "!document.querySelector('video').seeking")
    return float(page.evaluate("document.querySelector('video').currentTime"))


def cursor_share(page: Page) -> float:
    """Returns the position of the cursor in the chart, from 0 to 1."""
    share: float = page.evaluate(
        """() => {
          const plot = document.querySelector('.plot').getBoundingClientRect();
          const line = document.querySelector('.cursor').getBoundingClientRect();
          return (line.left - plot.left) / plot.width;
        }"""
    )
    return share


@needs_models
def test_chart_and_player_follow_each_other(
    suite: SuiteHandle, page: Page, client: Client, emotions: dict[str, Any], tmp_path: Path
) -> None:
    timeline = json.loads(download_artifact(client, emotions, "emotions.json", tmp_path))
    end_s = timeline["frames"][-1]["time_s"] + 0.5
    sign_in(page, suite, client, f"/jobs/{emotions['id']}")
    # Without the shifts of the page before.
    page.reload()
    plot = page.get_by_role("slider", name="Time in the video")
    expect(plot).to_be_visible()
    expect(page.locator("video")).to_have_count(1)
    wait_for(page, "document.querySelector('video').readyState > 0")
    wait_for(page, "document.querySelectorAll('.moments img').length > 0")
    assert layout_shift(page) < 0.02
    # Video and chart are on one screen, without scrolling.
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("video")).to_be_in_viewport(ratio=1)
        expect(plot).to_be_in_viewport(ratio=0.97)
    page.set_viewport_size({"width": 1280, "height": 800})
    # The clip has no words; its transcript is beside the only player.
    page.get_by_role("tab", name="Transcript").click()
    expect(page.locator(".screen").get_by_text("No words were recognized.")).to_be_visible()
    page.get_by_role("tab", name="Moments").click()

    click_at(plot, 0.6)
    assert player_time(page) == pytest.approx(0.6 * end_s, abs=0.1)
    assert cursor_share(page) == pytest.approx(0.6, abs=0.01)
    assert emotion_text(timeline, 0.6 * end_s) in str(plot.get_attribute("aria-valuetext"))

    page.evaluate("document.querySelector('video').currentTime = 3.1")
    wait_for(page, "!document.querySelector('video').seeking")
    assert cursor_share(page) == pytest.approx(3.1 / end_s, abs=0.01)
    assert emotion_text(timeline, 3.1) in str(plot.get_attribute("aria-valuetext"))

    # The arrow keys step from frame to frame.
    plot.focus()
    plot.press("ArrowRight")
    assert player_time(page) == pytest.approx(3.5, abs=0.01)
    plot.press("Home")
    assert player_time(page) == pytest.approx(0, abs=0.01)

    moment = timeline["moments"][-1]
    page.get_by_role("button", name=f"{moment['emotion']} ").last.click()
    assert player_time(page) == pytest.approx(moment["time_s"], abs=0.01)
    # The thumbnails are loaded from the bucket.
    wait_for(
        page, "[...document.querySelectorAll('.moments img')].every((img) => img.naturalWidth > 0)"
    )
    page.get_by_text("Timeline as a table").click()
    expect(page.locator(".episodes tbody tr").first).to_contain_text("Person 1")
    assert accessibility_violations(page) == []

    # The read-out follows the pointer, and returns to the playhead.
    readout = page.get_by_role("region", name="Values at this time")
    played = readout.inner_text()
    hover_at(plot, 0.5)
    frame = frame_at(timeline, 0.5 * end_s)
    happy = frame["faces"][0]["emotions"]["happy"]
    expect(readout).to_contain_text(re.compile(rf"happy\s*{happy * 100:.0f} %"))
    expect(readout.locator("dt")).to_have_count(7)
    page.mouse.move(5, 5)
    expect(readout).to_have_text(played, use_inner_text=True)

    # The keys of the workspace work wherever the focus is.
    page.get_by_role("button", name="Keyboard shortcuts").focus()
    page.keyboard.press("[")
    assert player_time(page) == pytest.approx(timeline["moments"][-2]["time_s"], abs=0.01)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    assert accessibility_violations(page) == []
    dialog.get_by_label("Use keyboard shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    assert player_time(page) == pytest.approx(timeline["moments"][-2]["time_s"], abs=0.01)


def hover_at(plot: Locator, share: float) -> None:
    box = plot.bounding_box()
    assert box is not None
    plot.hover(position={"x": box["width"] * share, "y": box["height"] / 2})


@needs_models
def test_person_is_named_for_the_user_only(
    suite: SuiteHandle, page: Page, client: Client, emotions: dict[str, Any], tmp_path: Path
) -> None:
    sign_in(page, suite, client, f"/jobs/{emotions['id']}")
    people = page.get_by_role("list", name="People in the video")
    people.get_by_role("button", name="Person 1").click()
    dialog = page.get_by_role("dialog", name="Name person 1")
    dialog.get_by_label("Name").fill("Ann, B.")
    assert accessibility_violations(page) == []
    try:
        dialog.get_by_role("button", name="Save").click()
        expect(people).to_contain_text("Ann, B.")
        expect(page.locator(".readout")).to_contain_text("Ann, B.")
        expect(page.locator(".moments")).to_contain_text("Ann, B.")
        page.get_by_text("Timeline as a table").click()
        with page.expect_download() as saved:
            page.get_by_role("button", name="Export as CSV with names").click()
        assert saved.value.suggested_filename == "Screen test.csv"
        assert ',1,"Ann, B.",' in saved.value.path().read_text()
        artifact = download_artifact(client, emotions, "emotions.csv", tmp_path)
        assert b"Ann" not in artifact
        assert client.get_job(emotions["id"])["people"] == {"1": "Ann, B."}
    finally:
        # Other tests use the job.
        client.call("PATCH", f"/v1/jobs/{emotions['id']}", {"people": {"1": None}})
    expect(people).to_contain_text("Person 1")


def click_at(plot: Locator, share: float) -> None:
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] * share, "y": box["height"] / 2})


def frame_at(timeline: dict[str, Any], time_s: float) -> dict[str, Any]:
    frames: list[dict[str, Any]] = timeline["frames"]
    return [frame for frame in frames if frame["time_s"] <= time_s + 1e-6][-1]


def emotion_text(timeline: dict[str, Any], time_s: float) -> str:
    """Returns the strongest emotion of the first face at a time, in the format of the page."""
    face = frame_at(timeline, time_s)["faces"][0]
    return f"{face['dominant']} {face['confidence'] * 100:.0f} %"


@needs_models
def test_result_is_downloaded_shared_and_revoked(
    suite: SuiteHandle, page: Page, client: Client, emotions: dict[str, Any], tmp_path: Path
) -> None:
    sign_in(page, suite, client, f"/jobs/{emotions['id']}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
        page.get_by_role("menuitem", name="emotions.csv").click()
    assert saved.value.suggested_filename == "screen-test-emotions.csv"
    assert saved.value.path().read_bytes() == download_artifact(
        client, emotions, "emotions.csv", tmp_path
    )

    page.get_by_role("tab", name="Files").click()
    expect(page).to_have_url(re.compile("#tab=files$"))
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Share emotions.csv").click()
    dialog = page.get_by_role("dialog", name="Share emotions.csv")
    expect(dialog).to_contain_text("There are no links to this file")
    dialog.get_by_role("button", name="Create link").click()
    link = str(dialog.get_by_label("The link").input_value())
    token = urlsplit(link).path.split("/")[-2]
    url = f"{suite.url('api')}/v1/share/{token}"
    assert link == f"{suite.url('downloads')}/v1/media/share/{token}/page"
    # Nothing is played.
    expect(dialog.get_by_label("The code for another page")).to_have_count(0)
    wait_until(lambda: request("GET", url).status == 302 and read_uses(suite, token), "a use")
    assert accessibility_violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share emotions.csv").click()
    expect(dialog).to_contain_text("Opened once")
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog).to_contain_text("There are no links to this file")
    assert request("GET", url).status == 410


def test_frame_is_shown_and_saved_without_the_whole_archive(
    suite: SuiteHandle, page: Page, client: Client, frames: dict[str, Any], tmp_path: Path
) -> None:
    zip_bytes = download_artifact(client, frames, "frames.zip", tmp_path)
    with zipfile.ZipFile(io.BytesIO(zip_bytes)) as archive:
        names = archive.namelist()
        expected = archive.read(names[3])
    complete_downloads: list[str] = []
    page.on("request", lambda sent: record_complete_download(complete_downloads, sent))
    sign_in(page, suite, client, f"/jobs/{frames['id']}")
    page.reload()
    thumbnails = page.locator(".frame")
    wait_for(page, "document.querySelector('.frame img')?.naturalWidth > 0")
    assert layout_shift(page) < 0.02
    page.get_by_role("button", name=f"Show all {len(names)} frames").click()
    expect(thumbnails.first).to_be_visible()
    assert thumbnails.count() < len(names) / 2, "the page holds all thumbnails"
    page.get_by_role("button", name="Frame at 0:00.080").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Later").click()
    expect(dialog).to_contain_text(f"4 of {len(names)}")
    with page.expect_download() as saved:
        dialog.get_by_role("link", name="Download this frame").click()
    assert saved.value.suggested_filename == names[3]
    assert saved.value.path().read_bytes() == expected
    assert complete_downloads == [], "the whole archive was downloaded"
    assert accessibility_violations(page) == []

    # Thumbnails at the end of the list are loaded when they become visible.
    page.keyboard.press("Escape")
    page.get_by_label("Go to").fill(str(len(names) - 1))
    last = page.locator(".frame").last.locator("img")
    expect(last).to_be_visible()
    wait_for(page, "[...document.images].at(-1).naturalWidth > 0")
    assert accessibility_violations(page) == []


def record_complete_download(urls: list[str], sent: Any) -> None:
    if "frames.zip?" in sent.url and "range" not in sent.headers:
        urls.append(sent.url)


def test_other_users_cannot_see_a_job_by_its_address(
    suite: SuiteHandle, page: Page, client: Client, frames: dict[str, Any]
) -> None:
    sign_in(page, suite, suite.client(), f"/jobs/{frames['id']}")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    assert "Every frame" not in page.content()
    assert accessibility_violations(page) == []
    page.goto(f"{suite.url('console')}/jobs/{frames['id']}/deck")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    page.goto(f"{suite.url('console')}/jobs/{'0' * 20}")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()


@pytest.mark.extended
def test_refused_file_is_replaced_on_the_page_of_the_job(
    suite: SuiteHandle, page: Page, client: Client, tmp_path: Path
) -> None:
    invalid_file = tmp_path / "holiday.mp4"
    invalid_file.write_bytes(b"this is no video at all")
    job_id = suite.start_job(
        client, "frames", invalid_file, options={"every": "2"}, title="Holiday"
    )
    assert suite.wait_for_job(client, job_id)["status"] == "failed"
    sign_in(page, suite, client, f"/jobs/{job_id}")
    reason = page.get_by_role("heading", name="This is not a video file that we can read")
    expect(reason).to_be_visible()
    expect(page.get_by_text("Check upload failed")).to_be_visible()
    assert accessibility_violations(page) == []

    page.locator("input[type=file]").set_input_files(CLIP_SPECS["cfr30"].encode().path)
    expect(page.locator(".badge")).to_have_text("Done")
    expect(page.get_by_role("button", name="Frame at 0:00", exact=True)).to_be_visible()

    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page).to_have_url(f"{suite.url('console')}/")
    assert client.send("GET", f"/v1/jobs/{job_id}").status == 404
