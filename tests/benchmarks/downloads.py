"""Memory of `downloads` while eight clients stream 20 MB each, and 200 MB each.

In the cloud a limit prevents streams of this size through a function. Here it is raised, so that
buffered data would show. Memory is the resident size of all processes of the function.
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
from shared.runtime.logs import log
from shared.runtime.services import SystemClock
from shared.runtime.settings import Settings
from tests.fakes.services import FixedServices
from tests.fixtures.suite.downloads import create_done_job, open_download, shared_url

CLIENT_COUNT = 8
SMALL_MB, LARGE_MB = 20, 200
MAX_GROWTH = 1.15
"""Peak with the large streams ÷ peak with the small ones."""
MAX_OVER_IDLE_MB = 96
"""Peak above the idle process. Each client has a block in the function, one in the library and one
in the socket."""


def main() -> int:
    """Print the table. Returns 1 if memory grows with the size of the streams."""
    layout = SuiteLayout(find_free_base())
    with run_suite(layout) as suite:
        os.environ.update(suite.env)
        settings = Settings.from_env(suite.env)
        services = FixedServices(
            clients.create_job_store(settings), clients.create_object_store(settings),
            clients.create_publisher(settings),
            SystemClock(), log, lambda: "t",
        )  # fmt: skip
        suite.restart("downloads", {"MOODREEL_MAX_DIRECT_DOWNLOAD_BYTES": str(1 << 30)})
        urls = {}
        for size_mb in (SMALL_MB, LARGE_MB):
            content = bytes(size_mb * 1_000_000)
            _, token = create_done_job(
                services, "b", content, name="b.mp4", content_type="video/mp4"
            )
            urls[size_mb] = shared_url(suite, token)
        _stream(urls[SMALL_MB])
        idle = _resident_mb(suite)
        small, small_s = _measure_peak(suite, urls[SMALL_MB])
        large, large_s = _measure_peak(suite, urls[LARGE_MB])
    rate = CLIENT_COUNT * LARGE_MB / large_s
    print(f"idle, after one stream        {idle:7.1f} MB")
    print(f"8 clients, 20 MB each         {small:7.1f} MB   {small_s:5.1f} s")
    print(f"8 clients, 200 MB each        {large:7.1f} MB   {large_s:5.1f} s   {rate:.0f} MB/s")
    print(f"large ÷ small                 {large / small:7.2f}      (at most {MAX_GROWTH})")
    print(f"large − idle                  {large - idle:7.1f} MB   (at most {MAX_OVER_IDLE_MB})")
    return int(large / small > MAX_GROWTH or large - idle > MAX_OVER_IDLE_MB)


def _measure_peak(suite: SuiteHandle, url: str) -> tuple[float, float]:
    """The peak of memory in MB while the clients stream, and the duration in seconds."""
    done, samples_mb = threading.Event(), [0.0]

    def poll() -> None:
        while not done.wait(0.05):
            samples_mb.append(_resident_mb(suite))

    poller = threading.Thread(target=poll)
    poller.start()
    started = time.monotonic()
    with ThreadPoolExecutor(CLIENT_COUNT) as pool:
        list(pool.map(_stream, [url] * CLIENT_COUNT))
    duration_s = time.monotonic() - started
    done.set()
    poller.join()
    return max(samples_mb), duration_s


def _stream(url: str) -> None:
    connection, response = open_download(url)
    expected, size = int(response.headers["Content-Length"]), 0
    while block := response.read(1 << 16):
        size += len(block)
    connection.close()
    if (response.status, size) != (200, expected):
        raise RuntimeError(f"{response.status}: {size} of {expected} bytes")


def _resident_mb(suite: SuiteHandle) -> float:
    """The resident memory of all processes in the function's process group."""
    group, total_kb = suite.pid("downloads"), 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total_kb += int(fields[21]) * 4
        except (OSError, IndexError):
            continue
    return total_kb / 1000
