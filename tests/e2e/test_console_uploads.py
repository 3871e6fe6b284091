"""The console: uploads that are paused, interrupted or given up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fakes.file_server import Reply, running_file_server
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.browser.console import sign_in, sign_out

pytestmark = pytest.mark.suite
CHUNK_BYTES = 8 << 20


@pytest.fixture(scope="module")
def large_clip(clip: Path) -> Path:
    """The clip followed by 20 MB that players skip, which makes three chunks of an upload."""
    path = clip.with_name("heavy.mp4")
    padding = 20 << 20
    box = (padding + 8).to_bytes(4, "big") + b"free" + bytes(padding)
    path.write_bytes(clip.read_bytes() + box)
    return path


class UploadObserver:
    """Records the Content-Range of uploads to the bucket, and holds chunks from an offset on."""

    def __init__(self, page: Page, suite: SuiteHandle) -> None:
        self.sent: list[str] = []
        self.hold_from: int | None = None
        page.on("request", self._record)
        page.route(f"{suite.url('gcs')}/**", self._hold_or_continue)

    def _record(self, request: Request) -> None:
        if request.method == "PUT":
            self.sent.append(request.headers.get("content-range", ""))

    def _hold_or_continue(self, route: Route) -> None:
        match = re.match(r"bytes (\d+)-", route.request.headers.get("content-range", ""))
        if self.hold_from is not None and match and int(match[1]) >= self.hold_from:
            return
        route.continue_()


@pytest.mark.extended
def test_paused_upload_resumes_after_a_reload(
    suite: SuiteHandle, page: Page, large_clip: Path
) -> None:
    client = suite.client()
    sign_in(page, suite, client, "/new/frames")
    observer = UploadObserver(page, suite)
    observer.hold_from = CHUNK_BYTES
    page.get_by_label("Your video").set_input_files(large_clip)
    page.get_by_role("button", name="Create job").click()
    row = page.locator(".upload")
    expect(row).to_contain_text("8.4 MB of")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    assert accessibility_violations(page) == []
    # Resuming asks the bucket for the received size. The second chunk is held again.
    row.get_by_role("button", name="Resume").click()
    size = large_clip.stat().st_size
    wait_until(
        lambda: page.evaluate("1") and f"bytes */{size}" in observer.sent,
        "the request for the received size",
    )

    page.reload()
    expect(row).to_contain_text("choose the same file")
    assert accessibility_violations(page) == []
    chooser = row.locator("input[type=file]")
    other_file = large_clip.with_name("other.mp4")
    other_file.write_bytes(b"another file")
    chooser.set_input_files(other_file)
    expect(row.get_by_role("alert")).to_contain_text("This is not heavy.mp4")

    observer.hold_from = None
    observer.sent.clear()
    chooser.set_input_files(large_clip)
    expect(page.locator(".badge")).to_have_text("Done")
    assert observer.sent[0] == f"bytes */{size}"
    offsets = [
        int(match[1])
        for content_range in observer.sent
        if (match := re.match(r"bytes (\d+)-", content_range))
    ]
    assert offsets
    assert min(offsets) >= CHUNK_BYTES
    expect(row).to_have_count(0)


@pytest.mark.extended
def test_sign_out_with_an_upload_asks_for_confirmation(
    suite: SuiteHandle, page: Page, large_clip: Path
) -> None:
    sign_in(page, suite, suite.client(), "/new/frames")
    UploadObserver(page, suite).hold_from = CHUNK_BYTES
    page.get_by_label("Your video").set_input_files(large_clip)
    page.get_by_role("button", name="Create job").click()
    expect(page.locator(".upload")).to_contain_text("8.4 MB of")
    stored_uploads = (
        "Object.keys(localStorage).filter((name) => name.startsWith('moodreel.uploads.')).length"
    )
    assert page.evaluate(stored_uploads) == 1
    # A second tab does not ask for the file that this one sends.
    other_tab = page.context.new_page()
    other_tab.goto(page.url)
    expect(other_tab.locator(".upload")).to_contain_text("Another tab of this browser uploads")
    expect(other_tab.get_by_role("button", name="Choose heavy.mp4 again")).to_have_count(0)
    other_tab.close()

    sign_out(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 file is not up yet. Signing out gives it up.")
    assert accessibility_violations(page) == []
    dialog.get_by_role("button", name="Stay").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".upload")).to_be_visible()
    assert page.evaluate(stored_uploads) == 1

    sign_out(page)
    dialog.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    wait_until(lambda: page.evaluate(stored_uploads) == 0, "the stored uploads to be removed")


@pytest.mark.extended
def test_upload_resumes_when_the_connection_is_back(
    suite: SuiteHandle, page: Page, large_clip: Path
) -> None:
    sign_in(page, suite, suite.client(), "/new/frames")
    observer = UploadObserver(page, suite)
    observer.hold_from = CHUNK_BYTES
    page.get_by_label("Your video").set_input_files(large_clip)
    page.get_by_role("button", name="Create job").click()
    row = page.locator(".upload")
    expect(row).to_contain_text("8.4 MB of")
    row.get_by_role("button", name="Pause").click()
    page.context.set_offline(True)
    row.get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("the connection is gone")
    offline = page.get_by_text("You are offline.")
    expect(offline).to_be_visible()
    assert accessibility_violations(page) == []
    observer.hold_from = None
    page.context.set_offline(False)
    expect(offline).to_have_count(0)
    expect(page.locator(".badge")).to_have_text("Done")


def test_link_is_fetched_and_a_refused_one_is_named(
    suite: SuiteHandle, page: Page, clip: Path
) -> None:
    sign_in(page, suite, suite.client(), "/new/frames")
    link = page.get_by_label("Or a link to a file")
    link.fill("clip.mp4")
    page.get_by_role("button", name="Create job").click()
    expect(link).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".files")).to_contain_text("Paste a whole link")
    link.fill("https://-example.org/clip.mp4")
    link.press("Enter")
    chosen = page.locator(".chosen li")
    expect(chosen).to_contain_text("from -example.org")
    page.get_by_role("button", name="Create job").click()
    remove = chosen.get_by_role("button", name="Remove clip.mp4")
    expect(remove).to_be_focused()
    expect(chosen.locator(".error-text")).to_be_visible()
    assert accessibility_violations(page) == []
    remove.click()

    # The server is not available at first, so the file is fetched again a little later.
    with running_file_server(clip.read_bytes(), Reply(status=503), Reply()) as files:
        link.fill(f"{files.url}/clip.mp4")
        link.press("Enter")
        page.get_by_role("button", name="Create job").click()
        row = page.locator(".upload")
        expect(row).to_contain_text("clip.mp4")
        expect(row).to_contain_text("from 127.0.0.1")
        assert accessibility_violations(page) == []
        expect(page.locator(".badge")).to_have_text("Done")
    expect(row).to_have_count(0)
