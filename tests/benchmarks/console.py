"""How soon the console's first page can be used, in a Chromium with nothing in its cache, and how
much is transferred for it; then the same with a warm cache.

The page is empty until its script draws it, so its first paint is the whole front page. Its time is
compared with that of a bare page, one line of HTML from the same functions framework, which is
loaded in turn with it: the median of the ratios does not depend on how busy the machine is.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from infra.local.setup.installs import clean_env
from infra.local.setup.tools import prepare_console_pages, prepare_python, requirements_file
from infra.local.suite.handle import wait_until
from infra.local.suite.http import is_reachable
from infra.local.suite.layout import HOST, ROOT, SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import emulator_env
from tests.fixtures.browser.chromium import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES

LOADS = 9
MOST_OF_BARE = 8.0
"""First paint of the front page ÷ of the bare page, nothing in the cache."""
MOST_BYTES = 200_000

_BARE = """
import functions_framework

@functions_framework.http
def main(_request):
    return '<!doctype html><title>bare</title><a href="/">Make an account</a>'
"""
_SEEN = """() => ({
  ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  bytes: ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .reduce((sum, one) => sum + one.transferSize, 0)})"""


@contextlib.contextmanager
def console() -> Iterator[str]:
    """The function alone, for the time of the block; its address."""
    place = SuiteLayout(find_free_base())
    env = emulator_env(place) | {
        "PYTHONPATH": str(ROOT),
        "MOODREEL_CONSOLE_FILES": str(prepare_console_pages(print)),
    }
    source = ROOT / "functions" / "console" / "main.py"
    with _served(source, place.port("console"), env) as url:
        yield url


@contextlib.contextmanager
def bare() -> Iterator[str]:
    """A function that answers with one line of HTML; its address."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "main.py"
        source.write_text(_BARE)
        with _served(source, SuiteLayout(find_free_base()).port("console"), {}) as url:
            yield url


@contextlib.contextmanager
def _served(source: Path, port: int, env: Mapping[str, str]) -> Iterator[str]:
    python = prepare_python(requirements_file("console"), "console", print)
    process = subprocess.Popen(
        [
            str(python), "-m", "functions_framework", "--source", str(source),
            "--target", "main", "--host", HOST, "--port", str(port),
        ],
        env=clean_env(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://{HOST}:{port}/"
        wait_until(lambda: is_reachable(url), f"an answer at {url}", 120)
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
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        print("There is no Chromium on PATH.", file=sys.stderr)
        return 1
    with console() as url, bare() as bare_url, sync_playwright() as interpreter:
        browser = interpreter.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        plain, cold, kept = [], [], []
        for _ in range(LOADS):
            context = browser.new_context()
            plain.append(load(context, bare_url))
            cold.append(load(context, url))
            kept.append(load(context, url))
            context.close()
        browser.close()
    for name, loads in (("bare page", plain), ("empty cache", cold), ("warm cache", kept)):
        times = [one["ms"] for one in loads]
        sizes = max(one["bytes"] for one in loads) / 1000
        print(
            f"{name:<14}best {min(times):5.0f} ms   median {statistics.median(times):5.0f} ms"
            f"   worst {max(times):5.0f} ms   {sizes:6.1f} KB"
        )
    size = max(one["bytes"] for one in cold)
    ratio = _ratio(cold, plain)
    missed = ratio > MOST_OF_BARE or size >= MOST_BYTES
    print(f"empty cache ÷ bare page  {ratio:.2f}   (at most {MOST_OF_BARE}, {MOST_BYTES} bytes)")
    print(f"warm cache ÷ bare page   {_ratio(kept, plain):.2f}{'   MISSED' if missed else ''}")
    return int(missed)


def _ratio(loads: list[dict[str, Any]], plain: list[dict[str, Any]]) -> float:
    """The median over the rounds; in each of them both were loaded one after the other."""
    pairs = zip(loads, plain, strict=True)
    return statistics.median(float(a["ms"]) / float(b["ms"]) for a, b in pairs)
