"""Every page of the console as people see it, at two widths, light and dark.

python -m tests.e2e.screenshots FOLDER
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from infra.local.client import Client
from infra.local.layout import Place, free_base
from infra.local.sample_clip import demo_clip
from infra.local.tenant import Tenant, rented
from shared.domain.prompt import Prompt
from tests.e2e.conftest import ARGUMENTS, BROWSERS
from tests.e2e.visiting import sign_in, somebody
from tests.unit.emotions.material import WOMAN

WIDTHS = {1280: 800, 390: 844}
COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLED_MS = 2500
"""Until documents, thumbnails and players are there."""
OPEN = {"front": "/", "sign-in": "/sign-in", "sign-up": "/sign-in?new", "no-page": "/nowhere"}


def jobs(suite: Tenant, client: Client, folder: Path) -> dict[str, str]:
    """A few jobs in different states; the pages that show them."""
    clip, prompt, broken = folder / "Harbour.mp4", folder / "prompt.txt", folder / "Broken.mp4"
    demo_clip(clip, 12)
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
    if WOMAN.is_file():
        begun["emotions"] = suite.start_job(
            client, "emotions", WOMAN, title="Screen test",
            options={"every": "1/5", "consent": "true", "purpose": "research"},
        )  # fmt: skip
    review = suite.start_job(
        client, "presentation", prompt,
        options={"slides": "3", "stop_at": "deck"}, title="A deck to edit",
    )  # fmt: skip
    for job in begun.values():
        suite.finished_job(client, job)
    pages = {f"job-{name}": f"/jobs/{job}" for name, job in begun.items()}
    return pages | {"job-review": f"/jobs/{review}", "deck": f"/jobs/{review}/deck"}


def draw(browser: Browser, suite: Tenant, client: Client, pages: dict[str, str], to: Path) -> None:
    """One picture a page, width and colour scheme."""
    for width, height in WIDTHS.items():
        for colours in COLOURS:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=colours, locale="en-GB"
            )
            page = context.new_page()
            signed_in = False
            for name, path in (OPEN | pages).items():
                if name not in OPEN and not signed_in:
                    sign_in(page, suite, client)
                    signed_in = True
                page.goto(suite.url("console") + path)
                page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=to / f"{name}-{width}-{colours}.png", full_page=True)
            context.close()


def main(folder: Path) -> None:
    """Rent a suite, fill it, draw."""
    folder.mkdir(parents=True, exist_ok=True)
    path = next(filter(None, map(shutil.which, BROWSERS)))
    place = Place(free_base())
    with rented(place) as suite, sync_playwright() as driver:
        client = somebody(suite)
        pages = {
            "jobs": "/", "new": "/new", "new-emotions": "/new/emotions",
            "new-presentation": "/new/presentation", "new-still": "/new/still",
        }  # fmt: skip
        pages |= jobs(suite, client, folder)
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        draw(browser, suite, client, pages, folder)
        browser.close()
    shutil.rmtree(place.folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
