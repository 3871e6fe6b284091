"""How soon the console's first page can be used, in a Chromium with nothing in its cache, and how
much comes over the line for it; then the same with what was kept.

The page is empty until its script draws it, so its first paint is the whole front page.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from infra.local.installs import clean_env
from infra.local.layout import HOST, ROOT, Place
from infra.local.ports import free_base
from infra.local.services import emulator_env
from infra.local.tenant import wait_until
from infra.local.tools import console_pages, python_of, requirements_of
from infra.local.wire import answers
from tests.e2e.conftest import ARGUMENTS, BROWSERS

LOADS = 9
MOST_MS = 1500
MOST_BYTES = 200_000

_SEEN = """() => ({
  ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  bytes: ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .reduce((sum, one) => sum + one.transferSize, 0)})"""


@contextlib.contextmanager
def console() -> Iterator[str]:
    """The function alone, for the time of the block; its address."""
    place = Place(free_base())
    python = python_of(requirements_of("console"), "console", print)
    port = str(place.port("console"))
    env = emulator_env(place) | {
        "PYTHONPATH": str(ROOT),
        "MOODREEL_CONSOLE_FILES": str(console_pages(print)),
    }
    source = ROOT / "functions" / "console" / "main.py"
    process = subprocess.Popen(
        [
            str(python), "-m", "functions_framework", "--source", str(source),
            "--target", "main", "--host", HOST, "--port", port,
        ],
        env=clean_env(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://{HOST}:{port}/"
        wait_until(lambda: answers(url), "the console")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def load(context: BrowserContext, url: str) -> dict[str, Any]:
    """→ ms until the front page is drawn and can be clicked, and bytes over the line."""
    page = context.new_page()
    page.goto(url)
    page.get_by_role("link", name="Make an account").click(trial=True)
    wait_until(lambda: page.evaluate(_SEEN)["ms"], "the first paint")
    seen: dict[str, Any] = page.evaluate(_SEEN)
    page.close()
    return seen


def main() -> int:
    """Print a table; 1 when the page is too slow or too large."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        print("There is no Chromium on PATH.", file=sys.stderr)
        return 1
    with console() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        cold, kept = [], []
        for _ in range(LOADS):
            context = browser.new_context()
            cold.append(load(context, url))
            kept.append(load(context, url))
            context.close()
        browser.close()
    for name, loads in (("nothing kept", cold), ("kept", kept)):
        times = [one["ms"] for one in loads]
        sizes = max(one["bytes"] for one in loads) / 1000
        print(
            f"{name:<14}best {min(times):5.0f} ms   median {statistics.median(times):5.0f} ms"
            f"   worst {max(times):5.0f} ms   {sizes:6.1f} KB"
        )
    ratio = statistics.median(one["ms"] for one in cold) / statistics.median(
        one["ms"] for one in kept
    )
    print(f"the first visit takes {ratio:.2f} times what a later one takes")
    slow = statistics.median(one["ms"] for one in cold) >= MOST_MS
    return int(slow or max(one["bytes"] for one in cold) >= MOST_BYTES)
