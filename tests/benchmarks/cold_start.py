"""What a cold start of each function costs, as a ratio to a bare function in the same run.

The bare function is three lines under the same functions framework, in the same environment. Both
are started in turn, each in a new process with its bytecode compiled; the median of the ratios of
all pairs counts. Compared is CPU time (user and system) from the execution of the interpreter on,
and not the wall clock, so that the result does not depend on what else the machine does.

Two moments are measured: `listening`, when the startup probe of Cloud Run succeeds, and `answered`,
when the first request is handled. For an event-driven function that is a delivery which reads
Firestore, and after it the import of all that its first unit of work needs: the clients of its
services and the modules of its handlers. So an import that is only deferred from the start to the
first request does not change `answered`.
"""

from __future__ import annotations

import ast
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.setup.tools import prepare_tools
from infra.local.suite.handle import run_suite
from infra.local.suite.layout import ROOT, SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import Service, all_services
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS, Function

PAIRS = 7
MOST_LISTENING = 2.5
"""CPU time of a function until it listens ÷ of the bare one."""
MOST_ANSWERED = 6.0
"""CPU time of a function until its first request is handled ÷ of the bare one."""
MOST_REST = 1.75
"""Resident memory of a function that listens ÷ of the bare one."""
MOST_LOADED = 5.5
"""Resident memory after the first request ÷ of the bare one."""
CLIENTS = {
    "notification": ("mailer",),
    "personal_data": ("account_admin",),
    "slide_generation": ("deck_model",),
    "text_to_speech": ("voice",),
    "webhook": ("outbound_http",),
}
"""What units of work use beside Firestore, Cloud Storage and Pub/Sub: getters of
`shared.entrypoints.bootstrap`."""
_PROBE = Path(__file__).with_name("cold_start_process.py")
_BARE = """
import functions_framework

@functions_framework.{decorator}
def main(_request):
    return "ok"
"""
_EVENT_HEADERS = {
    "Content-Type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "//pubsub.googleapis.com/projects/p/topics/t",
    "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
}


@dataclass(frozen=True)
class Cost:
    """CPU time in ms and resident memory in MiB, both since the start of the process."""

    cpu_ms: float
    rss_mb: float


@dataclass(frozen=True)
class Start:
    """One process: what it cost until it listened, and until the first request was handled."""

    listening: Cost
    answered: Cost


@dataclass(frozen=True)
class Cold:
    """A function's starts and those of the bare one, pair by pair."""

    name: str
    pairs: tuple[tuple[Start, Start], ...]

    def ratio(self, value: Callable[[Start], float]) -> float:
        """The median of function ÷ bare over all pairs."""
        return statistics.median(value(ours) / value(bare) for ours, bare in self.pairs)

    def median(self, value: Callable[[Start], float]) -> float:
        """The median of the function's own values."""
        return statistics.median(value(ours) for ours, _ in self.pairs)

    def bare(self, value: Callable[[Start], float]) -> float:
        """The median of the bare function's values."""
        return statistics.median(value(bare) for _, bare in self.pairs)


@dataclass(frozen=True)
class Column:
    """One measured value and the most that its ratio may be."""

    head: str
    value: Callable[[Start], float]
    most: float


COLUMNS = (
    Column("listening, ms", lambda start: start.listening.cpu_ms, MOST_LISTENING),
    Column("answered, ms", lambda start: start.answered.cpu_ms, MOST_ANSWERED),
    Column("at rest, MB", lambda start: start.listening.rss_mb, MOST_REST),
    Column("loaded, MB", lambda start: start.answered.rss_mb, MOST_LOADED),
)


def deferred_modules(function: str) -> tuple[str, ...]:
    """The modules that the functions in a function's `main.py` import when they are called."""
    tree = ast.parse((ROOT / "functions" / function / "main.py").read_text())
    return tuple(
        str(node.module)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef)
        for node in ast.walk(outer)
        if isinstance(node, ast.ImportFrom)
    )


def first_request(function: Function, token: str) -> dict[str, Any]:
    """A first request for `cold_start_process`. `token` is a user's ID token."""
    if function.is_event_driven:
        envelope = Envelope("0" * 20, function.name, "0", epoch=0)
        data = base64.b64encode(envelope.to_json()).decode()
        return _request(
            "POST",
            "/",
            200,
            headers=_EVENT_HEADERS,
            body=json.dumps({"message": {"data": data, "attributes": envelope.attributes}}),
            modules=deferred_modules(function.name),
            clients=("objects", "publisher", *CLIENTS.get(function.name, ())),
        )
    signed_in = {"Authorization": f"Bearer {token}"}
    return {
        "api": _request("GET", "/v1/jobs", 200, headers=signed_in),
        # A link that does not exist: read in Firestore, as every link is.
        "downloads": _request("GET", f"/v1/media/share/{'0' * 48}", 404),
        "console": _request("GET", "/", 200),
    }[function.name]


def _request(method: str, path: str, status: int, **more: Any) -> dict[str, Any]:
    request = {"method": method, "path": path, "status": status}
    return {"headers": {}, "body": None, "modules": (), "clients": (), **request, **more}


def _started(service: Service, function: Function, source: Path, first: dict[str, Any]) -> Start:
    signature = "cloudevent" if function.is_event_driven else "http"
    # OpenTelemetry is off, as it is where MOODREEL_TRACES is empty.
    env = {**service.env, "MOODREEL_TRACES": ""}
    done = subprocess.run(
        [service.argv[0], str(_PROBE), str(source), signature, json.dumps(first)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{function.name} does not start:\n{done.stdout}{done.stderr}")
    cost = json.loads(done.stdout.splitlines()[-1])
    return Start(Cost(**cost["listening"]), Cost(**cost["answered"]))


def cold(function: Function, service: Service, folder: Path, token: str) -> Cold:
    """Start a function and the bare one in turn; the first pair compiles and does not count."""
    decorator = "cloud_event" if function.is_event_driven else "http"
    bare_source = folder / f"bare_{decorator}.py"
    bare_source.write_text(_BARE.format(decorator=decorator))
    source = ROOT / "functions" / function.name / "main.py"
    first = first_request(function, token)
    bare_first = {**first, "status": 200, "modules": (), "clients": ()}
    pairs = [
        (
            _started(service, function, source, first),
            _started(service, function, bare_source, bare_first),
        )
        for _ in range(PAIRS + 1)
    ]
    return Cold(function.name, tuple(pairs[1:]))


def main() -> int:
    """Print a table; 1 when a ratio is missed."""
    rows = list(FUNCTIONS.values())
    tools = prepare_tools([row.name for row in rows], lambda _: None)
    place = SuiteLayout(find_free_base())
    with run_suite(place) as suite, tempfile.TemporaryDirectory() as folder:
        token = suite.user().token
        services = {one.name: one for one in all_services(place, tools, rows)}
        found = [cold(row, services[row.name], Path(folder), token) for row in rows]
    print(f"median of {PAIRS} pairs each, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    print("CPU time and resident memory, and their ratios to the bare function's")
    print(f"{'function':<18}" + "".join(f"{one.head:>17}" for one in COLUMNS))
    missed = False
    for one in found:
        ratios = [one.ratio(column.value) for column in COLUMNS]
        bad = any(ratio > column.most for ratio, column in zip(ratios, COLUMNS, strict=True))
        missed = missed or bad
        cells = "".join(
            f"{one.median(column.value):>10.0f}{ratio:>6.2f}×"
            for ratio, column in zip(ratios, COLUMNS, strict=True)
        )
        print(f"{one.name:<18}{cells}{'   MISSED' if bad else ''}")
    bare = (statistics.median(one.bare(column.value) for one in found) for column in COLUMNS)
    print(f"{'bare':<18}" + "".join(f"{value:>10.0f}{'':>7}" for value in bare))
    print(f"{'at most':<18}" + "".join(f"{column.most:>16.2f}×" for column in COLUMNS))
    return int(missed)
