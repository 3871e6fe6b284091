"""Time until the console's front page is usable in Chromium, and bytes transferred, with an empty
and with a warm cache.

The page is empty until its script draws it, so its first paint shows the complete front page. The
time is compared with that of a bare page, one line of HTML from the same functions framework. Both
are loaded in turn: the median of the ratios does not depend on the load of the machine.
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

from infra.local.client.http import is_reachable
from infra.local.setup.installs import clean_env
from infra.local.setup.tools import prepare_console_pages, prepare_python, requirements_file
from infra.local.suite.handle import wait_until
from infra.local.suite.layout import HOST, ROOT, SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import emulator_env
from tests.fixtures.browser.chromium import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES

LOADS = 9
MAX_RATIO_TO_BARE = 8.0
"""First paint of the front page ÷ of the bare page, with an empty cache."""
MAX_BYTES = 160_000

_BARE = """
import functions_framework

@functions_framework.http
def main(_request):
    return '<!doctype html><title>bare</title><a href="/">Make an account</a>'
"""
_METRICS = """() => ({
  ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  bytes: ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .reduce((sum, entry) => sum + entry.transferSize, 0)})"""


@contextlib.contextmanager
def console() -> Iterator[str]:
    """Runs the console function while the block runs. Yields its URL."""
    layout = SuiteLayout(find_free_base())
    env = emulator_env(layout) | {
        "PYTHONPATH": str(ROOT),
        "MOODREEL_CONSOLE_FILES": str(prepare_console_pages(print)),
    }
    source = ROOT / "functions" / "console" / "main.py"
    with _running_function(source, layout.port("console"), env) as url:
        yield url


@contextlib.contextmanager
def bare() -> Iterator[str]:
    """Runs a function that returns one line of HTML. Yields its URL."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "main.py"
        source.write_text(_BARE)
        with _running_function(source, SuiteLayout(find_free_base()).port("console"), {}) as url:
            yield url


@contextlib.contextmanager
def _running_function(source: Path, port: int, env: Mapping[str, str]) -> Iterator[str]:
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
        wait_until(lambda: is_reachable(url), f"a response from {url}", 120)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def load(context: BrowserContext, url: str) -> dict[str, Any]:
    """Load the front page. Returns `ms` until its first paint and the transferred `bytes`."""
    page = context.new_page()
    page.goto(url)
    page.get_by_role("link", name="Make an account").click(trial=True)
    wait_until(lambda: page.evaluate(_METRICS)["ms"], "the first paint")
    metrics: dict[str, Any] = page.evaluate(_METRICS)
    page.close()
    return metrics


def main() -> int:
    """Print a table. Returns 1 if the page is too slow or too large."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        print("Chromium is not on PATH.", file=sys.stderr)
        return 1
    with console() as url, bare() as bare_url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        bare_loads, cold_loads, warm_loads = [], [], []
        for _ in range(LOADS):
            context = browser.new_context()
            bare_loads.append(load(context, bare_url))
            cold_loads.append(load(context, url))
            warm_loads.append(load(context, url))
            context.close()
        browser.close()
    for name, loads in (
        ("bare page", bare_loads),
        ("empty cache", cold_loads),
        ("warm cache", warm_loads),
    ):
        times = [metrics["ms"] for metrics in loads]
        size_kb = max(metrics["bytes"] for metrics in loads) / 1000
        print(
            f"{name:<14}best {min(times):5.0f} ms   median {statistics.median(times):5.0f} ms"
            f"   worst {max(times):5.0f} ms   {size_kb:6.1f} KB"
        )
    size_bytes = max(metrics["bytes"] for metrics in cold_loads)
    ratio = _ratio(cold_loads, bare_loads)
    missed = ratio > MAX_RATIO_TO_BARE or size_bytes >= MAX_BYTES
    print(
        f"empty cache ÷ bare page  {ratio:.2f}   (at most {MAX_RATIO_TO_BARE}, {MAX_BYTES} bytes)"
    )
    warm_ratio = _ratio(warm_loads, bare_loads)
    print(f"warm cache ÷ bare page   {warm_ratio:.2f}{'   MISSED' if missed else ''}")
    return int(missed)


def _ratio(loads: list[dict[str, Any]], bare_loads: list[dict[str, Any]]) -> float:
    """The median ratio over the rounds; in each round both were loaded in turn."""
    pairs = zip(loads, bare_loads, strict=True)
    return statistics.median(float(a["ms"]) / float(b["ms"]) for a, b in pairs)
