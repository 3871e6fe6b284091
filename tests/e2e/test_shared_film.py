"""The page of a share link in a browser: with and without scripts, embedded, and accessible."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.suite.handle import SuiteHandle
from shared.flows.documents import Update, job_path
from shared.pipeline import Bucket
from shared.runtime.services import Services
from shared.subtitles.cues import Cue
from shared.subtitles.formats import to_vtt
from tests.fixtures.browser.accessibility import accessibility_violations
from tests.fixtures.suite.downloads import create_done_job

pytestmark = pytest.mark.suite
TITLE = "Stones & <b>rivers</b>"


LINES = ("Water carries stones.", "They hit each other.", "So they become round.")
VTT = to_vtt(Cue(1000 * n, 1000 * (n + 1), (line,)) for n, line in enumerate(LINES))


@pytest.fixture
def share(suite: SuiteHandle, services: Services, clip: Path) -> dict[str, Any]:
    """A share link to a film of three seconds, with a line and a chapter in each."""
    client = suite.client()
    job_id, _ = create_done_job(
        services, client.user.uid, clip.read_bytes(), name="film.mp4", content_type="video/mp4"
    )
    (job,) = services.store.read([job_path(job_id)])
    assert job is not None
    artifacts = list(job.data["artifacts"])
    for kind in ("subtitles", "chapters"):
        name, text = f"{kind}.vtt", "text/vtt; charset=utf-8"
        path = f"jobs/{job_id}/x/{name}"
        with services.objects.create(Bucket.OUTPUTS, path, content_type=text, spec="s") as out:
            out.write(VTT.encode())
        artifacts.append(out.stored_object.to_artifact(name, kind).to_dict())
    services.store.commit([Update(job.path, {"artifacts": artifacts})])
    body = {"artifact": "film.mp4", "title": TITLE}
    created: dict[str, Any] = client.call("POST", f"/v1/jobs/{job_id}/shares", body)
    return created


@pytest.fixture
def other_site() -> Iterator[str]:
    """The URL of a page of another site, which embeds what its query names."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = self.path.partition("?")[2]
            page = f'<!doctype html><iframe src="{url}" width="640" height="400"></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def test_shared_film_plays_and_its_chapters_and_lines_seek(
    share: dict[str, Any], page: Page
) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    # A browser that opens the link gets its page.
    page.goto(share["url"])
    expect(page).to_have_url(share["page_url"])
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    video = page.locator("video")
    # HAVE_METADATA or more: a file that cannot be played stays at HAVE_NOTHING.
    expect(video).not_to_have_js_property("readyState", 0)
    chapters = page.locator(".chapters").get_by_role("link")
    expect(chapters).to_have_count(3)
    # The last one stays the current one until the end.
    chapters.last.click()
    for marked in (".chapters [aria-current]", ".lines [aria-current]"):
        expect(page.locator(marked)).to_have_count(1)
        expect(page.locator(marked)).to_contain_text(LINES[-1])
    assert video.evaluate("video => video.textTracks[0].mode") == "showing"

    field = page.get_by_role("searchbox", name="Search the transcript")
    field.fill("stones")
    shown = page.locator(".lines li:not([hidden])")
    expect(shown.first).to_contain_text("stones", ignore_case=True)
    field.fill("no such word")
    expect(page.get_by_text("0 lines")).to_be_visible()
    field.fill("")

    for scheme in ("light", "dark"):
        for width in (1280, 390):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            assert accessibility_violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [text for text in messages if "Content Security Policy" in text] == []


@pytest.mark.extended
def test_page_plays_and_downloads_without_scripts(
    share: dict[str, Any], browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(share["page_url"])
    expect(page.locator("video[controls]")).to_be_visible()
    expect(page.locator(".search")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download film.mp4").click()
    path = tmp_path / "film.mp4"
    download.value.save_as(path)
    assert b"ftyp" in path.read_bytes()[:16]
    context.close()


def test_other_sites_may_show_the_player_and_nothing_else(
    share: dict[str, Any], page: Page, other_site: str
) -> None:
    page.goto(f"{other_site}?{share['embed_url']}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("video")).to_be_visible()
    expect(frame.get_by_role("link", name="Open on Moodreel")).to_have_attribute(
        "href", share["page_url"]
    )
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.goto(f"{other_site}?{share['page_url']}")
    expect(page.frame_locator("iframe").locator("video")).to_have_count(0)
