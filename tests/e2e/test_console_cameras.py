"""Cameras in the console: previews, recordings, clips and jobs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from infra.local.suite.handle import SuiteHandle, wait_until
from shared.cameras.browser_copy import BrowserCopy, CopyState
from shared.media.images.decode import decode_image
from tests.fakes.cameras.camera import running_camera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in, wait_for
from tests.fixtures.media.counter import read_counter, unwrap_counters
from tests.fixtures.suite import firestore

pytestmark = pytest.mark.suite

FPS = 15
PASSWORD = "canary-41b7"
ISOLATE_PREVIEW_SCRIPT = """() => Object.assign(document.querySelector(".preview img").style,
  {position: "fixed", inset: "0", width: "384px", height: "256px", zIndex: "9"})"""
"""Shows the preview on top of the page, so that a screenshot holds its pixels only."""


def shown_counter(page: Page) -> int:
    """Returns the counter in the visible picture."""
    picture = page.locator(".preview img").screenshot(type="png")
    return read_counter(decode_image(picture))


@pytest.mark.extended
def test_camera_is_added_previewed_recorded_and_used_for_a_job(
    suite: SuiteHandle, page: Page
) -> None:
    sign_in(page, suite, suite.client(), "/cameras")
    expect(page.get_by_text("No camera yet.")).to_be_visible()
    expect(page.get_by_text("Nothing is recorded yet.")).to_be_visible()
    assert accessibility_violations(page) == []
    page.get_by_role("button", name="Add a camera").last.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Yard")
    dialog.get_by_label("Address").fill("gopher://camera.example/1")
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    assert accessibility_violations(page) == []
    with running_camera(RtspCamera(encode_h264(60, FPS), loops=True)) as rtsp_camera:
        rtsp_camera.password = PASSWORD
        dialog.get_by_label("Address").fill(rtsp_camera.url)
        dialog.get_by_label("User").fill("guest")
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Add it").click()
        panel = page.get_by_role("region", name="Yard")
        expect(panel).to_contain_text(f"{rtsp_camera.url} · with a password")
        assert PASSWORD not in page.content()

        panel.get_by_role("button", name="Look at Yard").click()
        wait_for(page, "document.querySelector('.preview img')?.naturalWidth > 0")
        expect(panel.get_by_text("Waiting for the first picture")).to_have_count(0)
        assert accessibility_violations(page) == []
        assert_preview_moves(page)

        panel.get_by_role("button", name="Record Yard").click()
        dialog.get_by_label("Title").fill("Visitors")
        assert accessibility_violations(page) == []
        dialog.get_by_role("button", name="Start recording").click()
        expect(panel.locator(".recording-indicator")).to_contain_text(
            re.compile("REC.*0:(0[5-9]|[1-5][0-9])")
        )
        expect(panel.get_by_text("Connected")).to_be_visible()
        assert accessibility_violations(page) == []
        panel.get_by_role("button", name="Stop recording").click()
        expect(panel.locator(".recording-indicator")).to_have_count(0)

    clip = page.locator(".recordings > li", has_text="Visitors")
    clip.get_by_role("button", name="Play").click()
    wait_for(page, "document.querySelector('video.clip')?.currentTime > 0.5")
    assert page.evaluate("document.querySelector('video.clip').duration") > 4
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="Close").click()

    clip.get_by_role("button", name="Create job").click()
    dialog.get_by_label("Frames").check()
    dialog.get_by_role("button", name="Create job").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Visitors")
    expect(page.locator(".badge")).to_have_text("Done")


def assert_preview_moves(page: Page) -> None:
    """Asserts that the preview advances and never goes back. Its speed depends on the machine."""
    page.evaluate(ISOLATE_PREVIEW_SCRIPT)
    numbers = []
    for _ in range(4):
        numbers.append(shown_counter(page))
        page.wait_for_timeout(700)
    page.evaluate("document.querySelector('.preview img').removeAttribute('style')")
    numbers = unwrap_counters(numbers, 60 * FPS)
    assert numbers == sorted(numbers)
    assert numbers[-1] > numbers[0]


def test_mjpeg_recording_plays_as_a_copy(suite: SuiteHandle, page: Page) -> None:
    client = suite.client()
    with running_camera(HttpCamera(encode_mjpeg(60, FPS), loops=True)) as camera:
        recording = client.call(
            "POST", "/v1/recordings", {"source": {"url": camera.url}, "title": "Gate"}
        )
        path = f"/v1/recordings/{recording['id']}"
        wait_until(lambda: client.call("GET", path)["elapsed_s"] > 2, "two seconds of pictures")
        client.call("POST", f"{path}/stop")
    sign_in(page, suite, client, "/cameras")
    row = page.locator(".recordings > li", has_text="Gate")
    row.get_by_role("button", name="Play").click()
    wait_for(page, "document.querySelector('video.clip')?.currentTime > 0.5")
    assert page.evaluate("document.querySelector('video.clip').videoWidth") == 192

    # A copy that failed says why, and is tried again.
    document = f"recordings/{recording['id']}"
    error = {"code": "copy-time-limit", "message": "The clip takes too long to convert."}
    failed = BrowserCopy(CopyState.FAILED, 40, error).to_dict()
    firestore.update_document(suite, document, {"browser_copy": failed})
    page.reload()
    expect(row).to_contain_text("No copy for browsers could be made. The clip takes too long")
    assert accessibility_violations(page) == []
    row.get_by_role("button", name="Try again").click()
    expect(row.get_by_role("button", name="Play")).to_be_visible()
    expect(row.get_by_role("button", name="Download")).to_be_visible()
