"""Every page of the console as people see it, at two widths, light and dark.

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
from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, run_suite, wait_until
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from shared.recipes.films.prompt import Prompt
from tests.fakes.cameras import RtspCamera, read_encoded_frames, running_camera
from tests.fakes.webhook_receiver import running_receiver
from tests.fixtures.browser.chromium import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES
from tests.fixtures.browser.console import create_verified_client, sign_in
from tests.fixtures.media.faces import SAD_TO_HAPPY_VIDEO

WIDTHS = {1280: 800, 390: 844}
COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLED_MS = 2500
"""Until documents, thumbnails and players are there."""
CLIP = "Harbour.mp4"
ROOMS = ("usage", "emails", "links", "webhooks", "profile", "my-data")
OPEN = {"front": "/", "sign-in": "/sign-in", "sign-up": "/sign-in?new", "no-page": "/nowhere"}


def jobs(suite: SuiteHandle, client: Client, folder: Path) -> dict[str, str]:
    """A few jobs in different states; the pages that show them."""
    clip, prompt, broken = folder / CLIP, folder / "prompt.txt", folder / "Broken.mp4"
    write_sample_clip(clip, 12)
    prompt.write_bytes(
        Prompt("How leaves cook with light", "Leaves are kitchens. Light cooks.").to_bytes()
    )
    broken.write_bytes(b"no video" * 100)
    begun = {
        "frames": suite.start_job(client, "frames", clip, options={"every": "1/2"}),
        "presentation": suite.start_job(
            client, "presentation", prompt, options={"slides": "4"}, title="How leaves cook"
        ),
        "failed": suite.start_job(client, "frames", broken),
    }
    if SAD_TO_HAPPY_VIDEO.is_file():
        begun["emotions"] = suite.start_job(
            client, "emotions", SAD_TO_HAPPY_VIDEO, title="Screen test",
            options={"every": "1/5", "consent": "true", "purpose": "research"},
        )  # fmt: skip
    review = suite.start_job(
        client, "presentation", prompt,
        options={"slides": "3", "stop_at": "deck"}, title="A deck to edit",
    )  # fmt: skip
    for job in begun.values():
        suite.wait_for_job(client, job)
    pages = {f"job-{name}": f"/jobs/{job}" for name, job in begun.items()}
    return pages | {"job-review": f"/jobs/{review}", "deck": f"/jobs/{review}/deck"}


def account(client: Client, job_id: str) -> dict[str, str]:
    """Links, a server that was called and one that is gone, a copy; the pages that show them."""
    for name in ("frames.zip", "contact_sheet.jpg"):
        share = client.call("POST", f"/v1/jobs/{job_id}/shares", {"artifact": name})
    client.call("DELETE", f"/v1/share/{share['token']}")
    with running_receiver(204) as there, running_receiver(410) as gone:
        for server in (there, gone):
            url = f"{server.url}/moodreel"
            hook = client.call("POST", "/v1/webhooks", {"url": url})["webhook"]
            client.call("POST", f"/v1/webhooks/{hook['id']}/test")
        wait_until(lambda: there.requests and gone.requests, "both calls")
    client.call("POST", "/v1/me/exports")
    return {name: f"/account/{name}" for name in ROOMS}


@contextmanager
def cameras(suite: SuiteHandle, client: Client, clip: Path) -> Iterator[dict[str, str]]:
    """A camera that records and one that is away, for the time of the block; their page."""
    away = {"url": "rtsp://guest:secret@camera.example/live"}
    with running_camera(RtspCamera(read_encoded_frames(clip), loops=True)) as here:
        made = [
            client.call("POST", "/v1/cameras", {"name": name, "source": source})["id"]
            for name, source in (("Harbour", {"url": here.url}), ("Back yard", away))
        ]

        def record(camera: str, seconds: float, title: str) -> str:
            body = {"source": {"camera": camera}, "title": title}
            begun: str = client.call("POST", "/v1/recordings", body)["id"]
            path = f"/v1/recordings/{begun}"
            wait_until(lambda: client.call("GET", path)["elapsed_s"] >= seconds, title, 60)
            return path

        client.call("POST", record(made[0], 5, "Boats coming in") + "/stop")
        record(made[0], 1, "The evening")
        yield {"cameras": "/cameras"}


def ready(page: Page, name: str) -> None:
    """What a person would do before there is something to see."""
    if name == "cameras":
        page.get_by_role("button", name="Look at Harbour").click()
    if name == "webhooks":
        page.get_by_role("button", name="Show the log").first.click()
        page.locator("summary").first.click()


def draw(
    browser: Browser,
    suite: SuiteHandle,
    client: Client,
    pages: dict[str, str],
    to: Path,
    only: Collection[str] = (),
) -> None:
    """One picture a page, width and colour scheme; `only` these pages when there are some."""
    for width, height in WIDTHS.items():
        for colours in COLOURS:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=colours, locale="en-GB"
            )
            page = context.new_page()
            signed_in = False
            for name, path in (OPEN | pages).items():
                if only and name not in only:
                    continue
                if name not in OPEN and not signed_in:
                    sign_in(page, suite, client)
                    signed_in = True
                page.goto(suite.url("console") + path)
                ready(page, name)
                page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=to / f"{name}-{width}-{colours}.png", full_page=True)
            context.close()


def main(folder: Path, only: Collection[str]) -> None:
    """Rent a suite, fill it, draw."""
    folder.mkdir(parents=True, exist_ok=True)
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    place = SuiteLayout(find_free_base())
    with run_suite(place) as suite, sync_playwright() as interpreter:
        client = create_verified_client(suite)
        pages = {
            "jobs": "/", "new": "/new", "new-emotions": "/new/emotions",
            "new-presentation": "/new/presentation", "new-still": "/new/still",
        }  # fmt: skip
        pages |= jobs(suite, client, folder)
        pages |= account(client, pages["job-frames"].rpartition("/")[2])
        browser = interpreter.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        with cameras(suite, client, folder / CLIP) as more:
            draw(browser, suite, client, pages | more, folder, only)
        browser.close()
    shutil.rmtree(place.folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
