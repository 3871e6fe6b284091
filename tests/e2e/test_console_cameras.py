"""A camera in the console: looked at, recorded, its clip played and made a job of."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from infra.local.suite.handle import SuiteHandle
from shared.media.images.frame import decode_image
from tests.fakes.cameras import RtspCamera, encode_h264, running_camera
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import create_verified_client, sign_in, wait_for
from tests.fixtures.media.clips import read_counter

pytestmark = pytest.mark.suite

FPS = 15
SECRET = "canary-41b7"
PLAIN = """() => Object.assign(document.querySelector(".preview img").style,
  {position: "fixed", inset: "0", width: "384px", height: "256px", zIndex: "9"})"""
"""The camera's picture on top of all: nothing but pixels of its own is looked at."""


def shown(page: Page) -> int:
    """The counter in the picture that a person sees now."""
    picture = page.locator(".preview img").screenshot(type="png")
    return read_counter(decode_image(picture))


def test_a_camera_is_added_looked_at_recorded_played_and_made_a_job_of(
    suite: SuiteHandle, page: Page
) -> None:
    sign_in(page, suite, create_verified_client(suite), "/cameras")
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
    with running_camera(RtspCamera(encode_h264(60, FPS), loops=True)) as yard:
        yard.password = SECRET
        dialog.get_by_label("Address").fill(yard.url)
        dialog.get_by_label("User").fill("guest")
        dialog.get_by_label("Password").fill(SECRET)
        dialog.get_by_role("button", name="Add it").click()
        camera = page.get_by_role("region", name="Yard")
        expect(camera).to_contain_text(f"{yard.url} · with a password")
        assert SECRET not in page.content()

        camera.get_by_role("button", name="Look at Yard").click()
        wait_for(page, "document.querySelector('.preview img')?.naturalWidth > 0")
        expect(camera.get_by_text("Waiting for the first picture")).to_have_count(0)
        assert accessibility_violations(page) == []
        moving(page)

        camera.get_by_role("button", name="Record Yard").click()
        dialog.get_by_label("Title").fill("Visitors")
        assert accessibility_violations(page) == []
        dialog.get_by_role("button", name="Start recording").click()
        expect(camera.locator(".recording-indicator")).to_contain_text(
            re.compile("REC.*0:(0[5-9]|[1-5][0-9])")
        )
        expect(camera.get_by_text("Connected")).to_be_visible()
        assert accessibility_violations(page) == []
        camera.get_by_role("button", name="Stop recording").click()
        expect(camera.locator(".recording-indicator")).to_have_count(0)

    clip = page.locator(".recordings > li", has_text="Visitors")
    clip.get_by_role("button", name="Play").click()
    wait_for(page, "document.querySelector('video.clip')?.currentTime > 0.5")
    assert page.evaluate("document.querySelector('video.clip').duration") > 4
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="Close").click()

    clip.get_by_role("button", name="Make a job of it").click()
    dialog.get_by_label("Frames").check()
    dialog.get_by_role("button", name="Begin the job").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Visitors")
    expect(page.locator(".badge")).to_have_text("Done")


def moving(page: Page) -> None:
    """The picture goes on, and never back. How fast depends on the machine."""
    page.evaluate(PLAIN)
    numbers = []
    for _ in range(4):
        numbers.append(shown(page))
        page.wait_for_timeout(700)
    page.evaluate("document.querySelector('.preview img').removeAttribute('style')")
    assert numbers == sorted(numbers)
    assert numbers[-1] > numbers[0]
