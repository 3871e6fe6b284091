"""How long the API's operations take with 20 clients at once, beside one that does nothing.

One instance of the API in the local suite, with limits out of the way; every operation is asked in
turn for a few seconds by 20 clients, each over a connection of its own that it keeps; what can be
done once is done once by each. Registering and forgetting are evened out on purpose: nobody may
learn from the time that it takes who has an account. /v1/health asks no neighbour: what it holds is
the frame's own cost and the clients', on the same processors. The ratios to it are what counts; the
emulators are slower and nearer than Firestore.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.local.layout import Place
from infra.local.ports import free_base
from infra.local.tenant import Tenant, rented
from tests.benchmarks.api_operations import CLIENTS, Asked, Operation, operations
from tests.unit.webhook.receiver import receiving

SECONDS = 3.0
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
    with rented(Place(free_base())) as suite, receiving(204) as receiver:
        asked = operations(suite, receiver.url)
        rows = {one.name: _measured(suite, one) for one in asked}
    health = rows[asked[0].name]
    print("| operation | p50 ms | p95 ms | answers | a second | of health |")
    print("|---|---:|---:|---:|---:|---:|")
    missed = 0
    for one in asked:
        row = rows[one.name]
        times = health.a_second / row.a_second if row.a_second else float("inf")
        bad = bool(row.wrong) or (one.reads and times > MOST_TIMES_HEALTH)
        missed += bad
        print(
            f"| {one.name} | {row.p50_ms:.1f} | {row.p95_ms:.1f} | {row.answers} "
            f"| {row.a_second:.0f} | 1/{times:.1f} |{' MISSED' if bad else ''}"
        )
    print(f"\nOne instance holds {health.a_second:.0f} of the cheapest answers a second.")
    return 1 if missed else 0


def _measured(suite: Tenant, one: Operation) -> Measured:
    took: list[float] = []
    wrong = [0]
    lock = threading.Lock()
    asked = one.prepared()
    connected = [_connection(suite) for _ in asked]
    until = time.monotonic() + SECONDS

    def work(client: int) -> None:
        mine, bad = [], 0
        for request in asked[client]:
            began = time.perf_counter()
            bad += _ask(connected[client], one, request) >= 400
            mine.append((time.perf_counter() - began) * 1000)
            if time.monotonic() > until:
                break
        with lock:
            took.extend(mine)
            wrong[0] += bad

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, range(len(asked))))
    lasted = time.monotonic() - began
    took.sort()
    return Measured(
        took[len(took) // 2],
        took[int(len(took) * 0.95)],
        len(took),
        len(took) / lasted,
        wrong[0],
    )


def _connection(suite: Tenant) -> http.client.HTTPConnection:
    """One on which what is imported and connected at the first call has happened."""
    parts = urlsplit(suite.url("api"))
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.request("GET", "/v1/health")
    connection.getresponse().read()
    return connection


def _ask(connection: http.client.HTTPConnection, one: Operation, asked: Asked) -> int:
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
