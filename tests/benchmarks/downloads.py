"""What streaming costs `downloads` in memory: eight clients at once, with 20 MB and with 200 MB
each.

In the cloud nobody streams that much through a function; here the limit is lifted, so that what is
kept of a stream would show. Memory is the resident size of the function's processes together.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.local.suite.handle import SuiteHandle, run_suite
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from shared.adapters import clients
from shared.runtime.interpreter import SystemClock
from shared.runtime.logs import log
from shared.runtime.settings import Settings
from tests.fakes.services import FixedServices
from tests.fixtures.suite.downloads import create_done_job, open_download, shared_url

CLIENTS = 8
SMALL_MB, LARGE_MB = 20, 200
MOST_GROWTH = 1.15
"""Peak with the large streams ÷ peak with the small ones."""
MOST_OVER_IDLE_MB = 96
"""Peak above the idle process: for each client a block here, one in the library, one on the way."""


def main() -> int:
    """Print the table; 1 when memory grows with what is streamed."""
    place = SuiteLayout(find_free_base())
    with run_suite(place) as suite:
        os.environ.update(suite.env)
        settings = Settings.from_env(suite.env)
        world = FixedServices(
            clients.create_job_store(settings), clients.create_object_store(settings),
            clients.create_publisher(settings),
            SystemClock(), log, lambda: "t",
        )  # fmt: skip
        suite.restart("downloads", {"MOODREEL_MAX_DIRECT_DOWNLOAD_BYTES": str(1 << 30)})
        urls = {}
        for size_mb in (SMALL_MB, LARGE_MB):
            content = bytes(size_mb * 1_000_000)
            _, token = create_done_job(world, "b", content, name="b.mp4", content_type="video/mp4")
            urls[size_mb] = shared_url(suite, token)
        _stream(urls[SMALL_MB])
        idle = _resident_mb(suite)
        small, small_s = _peak(suite, urls[SMALL_MB])
        large, large_s = _peak(suite, urls[LARGE_MB])
    rate = CLIENTS * LARGE_MB / large_s
    print(f"idle, after one stream        {idle:7.1f} MB")
    print(f"8 clients, 20 MB each         {small:7.1f} MB   {small_s:5.1f} s")
    print(f"8 clients, 200 MB each        {large:7.1f} MB   {large_s:5.1f} s   {rate:.0f} MB/s")
    print(f"large ÷ small                 {large / small:7.2f}      (at most {MOST_GROWTH})")
    print(f"large − idle                  {large - idle:7.1f} MB   (at most {MOST_OVER_IDLE_MB})")
    return int(large / small > MOST_GROWTH or large - idle > MOST_OVER_IDLE_MB)


def _peak(suite: SuiteHandle, url: str) -> tuple[float, float]:
    """The most memory while eight clients stream, and how long they take."""
    over, seen = threading.Event(), [0.0]

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(_resident_mb(suite))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(_stream, [url] * CLIENTS))
    took_s = time.monotonic() - began
    over.set()
    watcher.join()
    return max(seen), took_s


def _stream(url: str) -> None:
    connection, answer = open_download(url)
    wanted, size = int(answer.headers["Content-Length"]), 0
    while block := answer.read(1 << 16):
        size += len(block)
    connection.close()
    if (answer.status, size) != (200, wanted):
        raise RuntimeError(f"{answer.status}: {size} of {wanted} bytes")


def _resident_mb(suite: SuiteHandle) -> float:
    """Of all processes of the function's group."""
    group, total_kb = suite.pid("downloads"), 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total_kb += int(fields[21]) * 4
        except (OSError, IndexError):
            continue
    return total_kb / 1000
