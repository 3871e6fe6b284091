"""How long the API's operations take with 20 clients at once, beside one that does nothing.

One instance of the API in the local suite, with limits out of the way; every operation is asked in
turn for a few seconds by 20 clients, each over a connection of its own that it keeps; what can be
done once is done once by each. Registering and forgetting are evened out on purpose: nobody may
learn from the time that it takes who has an account. /v1/health asks no neighbour: what it holds is
the frame's own cost and the clients', on the same processors. It is measured again right before and
right after each operation, and the ratio to the mean of both is what counts, so that it does not
depend on what else the machine does; the emulators are slower and nearer than Firestore.
"""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

from infra.local.suite.handle import SuiteHandle, run_suite
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from tests.benchmarks.api_operations import (
    CLIENT_COUNT,
    Operation,
    OperationRequest,
    list_operations,
)
from tests.fakes.webhook_receiver import running_receiver

SECONDS = 3.0
HEALTH_SECONDS = 1.0
MOST_TIMES_HEALTH = 30.0
"""No operation that only reads may hold less than this part of what /v1/health holds."""


@dataclass(frozen=True)
class Measured:
    """Latencies in ms, answers a second, and answers that were none of the expected ones."""

    p50_ms: float
    p95_ms: float
    answers: int
    a_second: float
    wrong: int


def main() -> int:
    """Measure all, print a table; 1 when a reading operation is out of proportion."""
    with run_suite(SuiteLayout(find_free_base())) as suite, running_receiver(204) as receiver:
        asked = list_operations(suite, receiver.url)
        health = [_measured(suite, asked[0], HEALTH_SECONDS)]
        rows = []
        for one in asked:
            rows.append(_measured(suite, one, SECONDS))
            health.append(_measured(suite, asked[0], HEALTH_SECONDS))
    print("| operation | p50 ms | p95 ms | answers | a second | of health |")
    print("|---|---:|---:|---:|---:|---:|")
    missed = 0
    for one, row, around in zip(asked, rows, pairwise(health), strict=True):
        beside = statistics.mean(each.a_second for each in around)
        times = beside / row.a_second if row.a_second else float("inf")
        bad = bool(row.wrong) or (one.reads and times > MOST_TIMES_HEALTH)
        missed += bad
        print(
            f"| {one.name} | {row.p50_ms:.1f} | {row.p95_ms:.1f} | {row.answers} "
            f"| {row.a_second:.0f} | 1/{times:.1f} |{f' MISSED, {row.wrong} wrong' if bad else ''}"
        )
    cheapest = statistics.median(one.a_second for one in health)
    print(f"\nOne instance holds {cheapest:.0f} of the cheapest answers a second.")
    return 1 if missed else 0


def _measured(suite: SuiteHandle, one: Operation, seconds: float) -> Measured:
    took: list[float] = []
    spans: list[tuple[float, float]] = []
    wrong = [0]
    lock = threading.Lock()
    asked = one.prepared()
    if one.reads:
        # What an instance does once, such as the import of a client, is measured by `cold`.
        _ask(_connection(suite), one, next(asked[0]))

    def work(client: int) -> None:
        # The server closes a connection that is idle for two seconds: no client waits for others.
        connection = _connection(suite)
        mine, bad = [], 0
        first = time.monotonic()
        for request in asked[client]:
            began = time.perf_counter()
            bad += _ask(connection, one, request) >= 400
            mine.append((time.perf_counter() - began) * 1000)
            if time.monotonic() > first + seconds:
                break
        with lock:
            took.extend(mine)
            spans.append((first, time.monotonic()))
            wrong[0] += bad

    with ThreadPoolExecutor(CLIENT_COUNT) as pool:
        list(pool.map(work, range(len(asked))))
    lasted = max(end for _, end in spans) - min(begin for begin, _ in spans)
    took.sort()
    return Measured(
        took[len(took) // 2],
        took[int(len(took) * 0.95)],
        len(took),
        len(took) / lasted,
        wrong[0],
    )


def _connection(suite: SuiteHandle) -> http.client.HTTPConnection:
    """One on which what is imported and connected at the first call has happened."""
    parts = urlsplit(suite.url("api"))
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.request("GET", "/v1/health")
    connection.getresponse().read()
    return connection


def _ask(connection: http.client.HTTPConnection, one: Operation, asked: OperationRequest) -> int:
    headers = dict(one.headers)
    if asked.token is not None:
        headers["Authorization"] = f"Bearer {asked.token}"
    body = None if asked.body is None else json.dumps(asked.body)
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(one.method, asked.path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status
