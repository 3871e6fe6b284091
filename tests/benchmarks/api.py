"""How long the API's operations take with 20 clients at once, beside one that does nothing.

One instance of the API in the local suite, with limits out of the way; every operation is asked in
turn for a few seconds by 20 clients, each over a connection of its own that it keeps. /v1/health
asks no neighbour: what it holds is the frame's own cost and the clients', on the same processors.
The ratios to it are what counts; the emulators are slower and nearer than Firestore.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.local.client import Client
from infra.local.layout import Place, free_base
from infra.local.tenant import Tenant, rented
from tests.clips import RECIPES
from tests.emulator.api_people import update_account

CLIENTS = 20
SECONDS = 3.0
MOST_TIMES_HEALTH = 30.0
"""No operation that only reads may hold less than this part of what /v1/health holds."""
NEW_JOB = {
    "recipe": "frames",
    "inputs": {"video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}},
}


@dataclass(frozen=True)
class Operation:
    """One call, `made` by each client anew. `reads`: it changes nothing."""

    name: str
    method: str
    path: str
    body: object = None
    token: bool = True
    reads: bool = True
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Measured:
    """Latencies in ms, answers a second, and answers that were none of the expected ones."""

    p50_ms: float
    p95_ms: float
    a_second: float
    wrong: int


def main() -> int:
    """Measure all, print a table; 1 when a reading operation is out of proportion."""
    with rented(Place(free_base()), "frames") as suite:
        client = suite.client()
        operations = _operations(suite, client)
        rows = {one.name: _measured(suite, client, one) for one in operations}
    health = rows[operations[0].name]
    print(
        "| operation | p50 ms | p95 ms | answers a second | of health |\n|---|---:|---:|---:|---:|"
    )
    missed = 0
    for one in operations:
        row = rows[one.name]
        times = health.a_second / row.a_second if row.a_second else float("inf")
        bad = bool(row.wrong) or (one.reads and times > MOST_TIMES_HEALTH)
        missed += bad
        print(
            f"| {one.name} | {row.p50_ms:.1f} | {row.p95_ms:.1f} | {row.a_second:.0f} "
            f"| 1/{times:.1f} |{' MISSED' if bad else ''}"
        )
    print(f"\nOne instance holds {health.a_second:.0f} of the cheapest answers a second.")
    return 1 if missed else 0


def _operations(suite: Tenant, client: Client) -> list[Operation]:
    """Each operation on something that is there."""
    job_id = suite.start_job(client, "frames", RECIPES["cfr30"].make().path)
    job = f"/v1/jobs/{job_id}"
    suite.finished_job(client, job_id)
    waiting = client.call("POST", "/v1/jobs", NEW_JOB)["job"]["id"]
    share = client.call("POST", f"{job}/shares", {"artefact": "frames.zip"})
    asked = {"url": f"{suite.url('mails')}/nobody-reads-this"}
    hook = client.call("POST", "/v1/webhooks", asked)["webhook"]["id"]
    user = client.user
    update_account(suite, user.uid, {"emailVerified": True})
    known = {"email": user.email, "password": user.password}
    fresh = {"refresh_token": client.call("POST", "/v1/accounts/login", known)["refresh_token"]}
    choice = {"mail": {"done": True, "failed": True, "cancelled": True}}
    return [
        Operation("GET health", "GET", "/v1/health", token=False),
        Operation("GET openapi.json", "GET", "/v1/openapi.json", token=False),
        Operation("GET docs", "GET", "/v1/docs", token=False),
        Operation("GET recipes", "GET", "/v1/recipes"),
        Operation("GET me", "GET", "/v1/me"),
        Operation("GET preferences", "GET", "/v1/me/preferences"),
        Operation("GET job", "GET", job),
        Operation("GET jobs", "GET", "/v1/jobs"),
        Operation("GET events", "GET", f"{job}/events"),
        Operation("GET artefact", "GET", f"{job}/artefacts/frames.zip"),
        Operation("GET shares", "GET", "/v1/shares"),
        Operation("GET mails", "GET", "/v1/mails"),
        Operation("GET usage", "GET", "/v1/usage"),
        Operation("GET share", "GET", f"/v1/share/{share['token']}", token=False, reads=False),
        Operation("POST upload", "POST", f"/v1/jobs/{waiting}/uploads/video", {}, reads=False),
        Operation(
            "PUT preferences", "PUT", "/v1/me/preferences", choice, reads=False,
            headers=(("If-Match", "*"),),
        ),
        Operation("PATCH job", "PATCH", job, {"title": "The same"}, reads=False),
        Operation("POST login", "POST", "/v1/accounts/login", known, token=False, reads=False),
        Operation(
            "POST refresh", "POST", "/v1/accounts/refresh", fresh, token=False, reads=False
        ),
        Operation(
            "PATCH me", "PATCH", "/v1/me", {"name": "The same"}, reads=False,
            headers=(("If-Match", "*"),),
        ),
        Operation("POST enable", "POST", f"/v1/webhooks/{hook}/enable", reads=False),
        Operation("GET webhooks", "GET", "/v1/webhooks"),
        Operation("GET webhook", "GET", f"/v1/webhooks/{hook}"),
        Operation("GET deliveries", "GET", f"/v1/webhooks/{hook}/deliveries"),
        Operation("GET exports", "GET", "/v1/me/exports"),
        Operation("GET receipt keys", "GET", "/v1/receipt-keys", token=False),
        Operation("POST finalize", "POST", f"{job}/uploads/video/finalize", {}, reads=False),
        Operation(
            "POST shares", "POST", f"{job}/shares", {"artefact": "frames.zip"}, reads=False
        ),
        # What is withdrawn, cancelled or deleted already is so once more.
        Operation("DELETE share", "DELETE", f"/v1/share/{share['token']}", reads=False),
        Operation("POST cancel", "POST", f"/v1/jobs/{waiting}/cancel", reads=False),
        Operation("DELETE job", "DELETE", f"/v1/jobs/{waiting}", reads=False),
        Operation("POST jobs", "POST", "/v1/jobs", NEW_JOB, reads=False),
    ]  # fmt: skip


def _measured(suite: Tenant, client: Client, one: Operation) -> Measured:
    took: list[float] = []
    wrong = [0]
    lock = threading.Lock()
    ask = _asker(suite, client, one)
    ask()()  # what is imported and connected at the first call is not what is measured
    until = time.monotonic() + SECONDS

    def work(_: int) -> None:
        mine, bad, call = [], 0, ask()
        while time.monotonic() < until:
            began = time.perf_counter()
            bad += call() >= 400
            mine.append((time.perf_counter() - began) * 1000)
        with lock:
            took.extend(mine)
            wrong[0] += bad

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, range(CLIENTS)))
    lasted = time.monotonic() - began
    took.sort()
    return Measured(took[len(took) // 2], took[int(len(took) * 0.95)], len(took) / lasted, wrong[0])


def _asker(suite: Tenant, client: Client, one: Operation) -> Callable[[], Callable[[], int]]:
    parts = urlsplit(suite.url("api"))
    headers = dict(one.headers)
    if one.token:
        headers["Authorization"] = f"Bearer {client.user.token}"
    body = None if one.body is None else json.dumps(one.body)
    if body is not None:
        headers["Content-Type"] = "application/json"

    def connected() -> Callable[[], int]:
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)

        def call() -> int:
            connection.request(one.method, one.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status

        return call

    return connected
