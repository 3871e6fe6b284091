"""A Chromium of this machine, without a window: a clean one for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.local.suite.handle import WAIT_TIMEOUT_S

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    # A container's root has no sandbox; what is looked at are pages of our own.
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    # A camera that shows a test picture, and a person who lets pages use it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # A page that a test answers itself has no address: it would be kept from this machine.
    "--disable-features=LocalNetworkAccessChecks",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with the module: its event loop must not stand in the way of other tests' own."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium on PATH; on Debian: apt-get install chromium")
    with sync_playwright() as interpreter:
        launched = interpreter.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page; what goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(WAIT_TIMEOUT_S * 1000)
    expect.set_options(timeout=WAIT_TIMEOUT_S * 1000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []
