"""Throughput and latency of the API's operations with 20 concurrent clients.

One instance of the API runs in the local suite, without rate limits. 20 clients call one operation
after another for a few seconds each, each client over its own persistent connection. An operation
that is possible only once is called once per client. Registration and password reset have padded
response times on purpose, so that they do not reveal which accounts exist.

/v1/health calls no other service: its throughput shows the cost of the HTTP stack and the clients
on the same processors. It is measured right before and right after each operation. The result is
the ratio to the mean of both, which does not depend on other load on the machine. The emulators are
slower than Firestore, and closer.
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
from tests.benchmarks.api_data import CLIENT_COUNT, OperationRequest
from tests.benchmarks.api_operations import Operation, list_operations
from tests.fakes.webhook_receiver import running_receiver

SECONDS = 3.0
HEALTH_SECONDS = 1.0
MAX_RATIO_TO_HEALTH = 30.0
"""Throughput of /v1/health ÷ throughput of an operation that only reads."""

ENV = {"MOODREEL_TRUSTED_PROXIES": "1"}
"""Each client has an address of its own, because an instance limits concurrent sign-ins of one."""


@dataclass(frozen=True)
class Measurement:
    """Latencies in ms, the number of responses and their rate, and the number of errors."""

    p50_ms: float
    p95_ms: float
    responses: int
    responses_per_s: float
    errors: int


def main() -> int:
    """Measure all operations and print a table. Returns 1 if a bound is exceeded."""
    layout = SuiteLayout(find_free_base())
    with run_suite(layout, env=ENV) as suite, running_receiver(204) as receiver:
        operations = list_operations(suite, receiver.url)
        health = [_measure(suite, operations[0], HEALTH_SECONDS)]
        rows = []
        for operation in operations:
            rows.append(_measure(suite, operation, SECONDS))
            health.append(_measure(suite, operations[0], HEALTH_SECONDS))
    print("| operation | p50 ms | p95 ms | responses | per second | of health |")
    print("|---|---:|---:|---:|---:|---:|")
    missed = 0
    for operation, row, neighbors in zip(operations, rows, pairwise(health), strict=True):
        reference = statistics.mean(each.responses_per_s for each in neighbors)
        ratio = reference / row.responses_per_s if row.responses_per_s else float("inf")
        is_missed = bool(row.errors) or (operation.reads and ratio > MAX_RATIO_TO_HEALTH)
        missed += is_missed
        print(
            f"| {operation.name} | {row.p50_ms:.1f} | {row.p95_ms:.1f} | {row.responses} "
            f"| {row.responses_per_s:.0f} | 1/{ratio:.1f} |"
            f"{f' MISSED, {row.errors} errors' if is_missed else ''}"
        )
    health_rate = statistics.median(row.responses_per_s for row in health)
    print(f"\nOne instance serves {health_rate:.0f} requests to /v1/health per second.")
    return 1 if missed else 0


def _measure(suite: SuiteHandle, operation: Operation, seconds: float) -> Measurement:
    latencies_ms: list[float] = []
    spans: list[tuple[float, float]] = []
    error_counts: list[int] = []
    lock = threading.Lock()
    requests = operation.prepare()
    if operation.reads:
        # The first call of an instance imports clients; `cold_start` measures that.
        _send(_connect(suite), operation, next(requests[0]), client=0)

    def work(client: int) -> None:
        # The server closes connections that are idle for 2 s, so clients do not wait for others.
        connection = _connect(suite)
        client_latencies_ms, errors = [], 0
        begin = time.monotonic()
        for request in requests[client]:
            started = time.perf_counter()
            errors += _send(connection, operation, request, client) >= 400
            client_latencies_ms.append((time.perf_counter() - started) * 1000)
            if time.monotonic() > begin + seconds:
                break
        with lock:
            latencies_ms.extend(client_latencies_ms)
            spans.append((begin, time.monotonic()))
            error_counts.append(errors)

    with ThreadPoolExecutor(CLIENT_COUNT) as pool:
        list(pool.map(work, range(len(requests))))
    duration_s = max(end for _, end in spans) - min(begin for begin, _ in spans)
    latencies_ms.sort()
    return Measurement(
        latencies_ms[len(latencies_ms) // 2],
        latencies_ms[int(len(latencies_ms) * 0.95)],
        len(latencies_ms),
        len(latencies_ms) / duration_s,
        sum(error_counts),
    )


def _connect(suite: SuiteHandle) -> http.client.HTTPConnection:
    """A connection that has already served one request."""
    parts = urlsplit(suite.url("api"))
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    connection.request("GET", "/v1/health")
    connection.getresponse().read()
    return connection


def _send(
    connection: http.client.HTTPConnection,
    operation: Operation,
    request: OperationRequest,
    client: int,
) -> int:
    headers = {"X-Forwarded-For": f"203.0.113.{client}", **dict(operation.headers)}
    if request.token is not None:
        headers["Authorization"] = f"Bearer {request.token}"
    body = None if request.body is None else json.dumps(request.body)
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(operation.method, request.path, body, headers)
    response = connection.getresponse()
    response.read()
    return response.status
