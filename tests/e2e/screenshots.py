"""Takes screenshots of every page of the console, at two widths, light and dark.

python -m tests.e2e.screenshots FOLDER [PAGE…]
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from infra.local.cli.sample_clip import write_sample_clip
from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, run_suite, wait_until
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from shared.recipes.films.prompt import Prompt
from tests.fakes.cameras.camera import running_camera
from tests.fakes.cameras.encoded_frames import read_encoded_frames
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fakes.webhook_receiver import running_receiver
from tests.fixtures.browser.chromium import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES
from tests.fixtures.browser.console import sign_in
from tests.fixtures.media.faces import SAD_TO_HAPPY_VIDEO

WIDTHS = {1280: 800, 390: 844}
COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLED_MS = 2500
"""Time for documents, thumbnails and players to load, in milliseconds."""
CLIP = "Harbour.mp4"
ACCOUNT_PAGES = ("usage", "emails", "links", "webhooks", "api-keys", "profile", "my-data")
JOB_TABS = ("files", "run", "settings")
PUBLIC_PAGES = {
    "front": "/",
    "sign-in": "/sign-in",
    "sign-up": "/sign-in?new",
    "no-page": "/nowhere",
}


def create_jobs(suite: SuiteHandle, client: Client, folder: Path) -> dict[str, str]:
    """Creates jobs in different states. Returns the paths of their pages."""
    clip, prompt, broken_file = folder / CLIP, folder / "prompt.txt", folder / "Broken.mp4"
    write_sample_clip(clip, 12)
    prompt.write_bytes(
        Prompt("How leaves cook with light", "Leaves are kitchens. Light cooks.").to_bytes()
    )
    broken_file.write_bytes(b"no video" * 100)
    job_ids = {
        "frames": suite.start_job(client, "frames", clip, options={"every": "1/2"}),
        "presentation": suite.start_job(
            client, "presentation", prompt, options={"slides": "4"}, title="How leaves cook"
        ),
        "failed": suite.start_job(client, "frames", broken_file),
    }
    if SAD_TO_HAPPY_VIDEO.is_file():
        job_ids["emotions"] = suite.start_job(
            client, "emotions", SAD_TO_HAPPY_VIDEO, title="Screen test",
            options={"every": "1/5", "consent": "true", "purpose": "research"},
        )  # fmt: skip
    review = suite.start_job(
        client, "presentation", prompt,
        options={"slides": "3", "stop_at": "deck"}, title="A deck to edit",
    )  # fmt: skip
    for job in job_ids.values():
        suite.wait_for_job(client, job)
    pages = {f"job-{name}": f"/jobs/{job}" for name, job in job_ids.items()}
    pages |= {f"job-{tab}": f"/jobs/{job_ids['frames']}#tab={tab}" for tab in JOB_TABS}
    return pages | {"job-review": f"/jobs/{review}", "deck": f"/jobs/{review}/deck"}


def create_account_data(client: Client, job_id: str) -> dict[str, str]:
    """Creates shares, webhooks and an export. Returns the paths of the pages that show them."""
    for name in ("frames.zip", "contact_sheet.jpg"):
        share = client.call("POST", f"/v1/jobs/{job_id}/shares", {"artifact": name})
    client.call("DELETE", f"/v1/shares/{share['id']}")
    with running_receiver(204) as receiver, running_receiver(410) as gone_receiver:
        for server in (receiver, gone_receiver):
            url = f"{server.url}/moodreel"
            hook = client.call("POST", "/v1/webhooks", {"url": url})["webhook"]
            client.call("POST", f"/v1/webhooks/{hook['id']}/test")
        wait_until(lambda: receiver.requests and gone_receiver.requests, "both calls")
    client.call("POST", "/v1/me/exports")
    return {name: f"/account/{name}" for name in ACCOUNT_PAGES}


@contextmanager
def running_cameras(suite: SuiteHandle, client: Client, clip: Path) -> Iterator[dict[str, str]]:
    """Runs a camera that records, and adds an unreachable one. Yields the path of their page."""
    unreachable = {"url": "rtsp://guest:secret@camera.example/live"}
    with running_camera(RtspCamera(read_encoded_frames(clip), loops=True)) as rtsp_camera:
        camera_ids = [
            client.call("POST", "/v1/cameras", {"name": name, "source": source})["id"]
            for name, source in (("Harbour", {"url": rtsp_camera.url}), ("Back yard", unreachable))
        ]

        def record(camera: str, duration_s: float, title: str) -> str:
            body = {"source": {"camera": camera}, "title": title}
            recording_id: str = client.call("POST", "/v1/recordings", body)["id"]
            path = f"/v1/recordings/{recording_id}"
            wait_until(lambda: client.call("GET", path)["elapsed_s"] >= duration_s, title, 60)
            return path

        client.call("POST", record(camera_ids[0], 5, "Boats coming in") + "/stop")
        record(camera_ids[0], 1, "The evening")
        yield {"cameras": "/cameras"}


def prepare_page(page: Page, name: str) -> None:
    """Does what a user does on the page to show its content."""
    if name == "cameras":
        page.get_by_role("button", name="Look at Harbour").click()
    if name == "webhooks":
        page.get_by_role("button", name="Show the log").first.click()
        page.locator("summary").first.click()


def take_screenshots(
    browser: Browser,
    suite: SuiteHandle,
    client: Client,
    pages: dict[str, str],
    target: Path,
    only: Collection[str] = (),
) -> None:
    """Writes one picture per page, width and colour scheme. `only` selects pages."""
    for width, height in WIDTHS.items():
        for colours in COLOURS:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=colours, locale="en-GB"
            )
            page = context.new_page()
            signed_in = False
            for name, path in (PUBLIC_PAGES | pages).items():
                if only and name not in only:
                    continue
                if name not in PUBLIC_PAGES and not signed_in:
                    sign_in(page, suite, client)
                    signed_in = True
                page.goto(suite.url("console") + path)
                prepare_page(page, name)
                page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=target / f"{name}-{width}-{colours}.png", full_page=True)
            context.close()


def main(folder: Path, only: Collection[str]) -> None:
    """Starts a suite, creates data and takes the screenshots."""
    folder.mkdir(parents=True, exist_ok=True)
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    layout = SuiteLayout(find_free_base())
    with run_suite(layout) as suite, sync_playwright() as playwright:
        client = suite.client()
        pages = {
            "jobs": "/", "new": "/new", "new-emotions": "/new/emotions",
            "new-presentation": "/new/presentation", "new-still": "/new/still",
        }  # fmt: skip
        pages |= create_jobs(suite, client, folder)
        pages |= create_account_data(client, pages["job-frames"].rpartition("/")[2])
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        with running_cameras(suite, client, folder / CLIP) as camera_pages:
            take_screenshots(browser, suite, client, pages | camera_pages, folder, only)
        browser.close()
    shutil.rmtree(layout.folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
