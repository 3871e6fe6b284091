"""The cost of a cold start of each function, as a ratio to a bare function in the same run.

The bare function is three lines under the same functions framework, in the same environment. Both
are started in turn, each in a new process with compiled bytecode. The result is the median of the
ratios of all pairs. CPU time (user and system) since the start of the interpreter is compared, and
not the wall clock, so that the result does not depend on other load on the machine.

Two moments are measured: `listening`, when the startup probe of Cloud Run succeeds, and `answered`,
when the first request is handled. For an event-driven function that is a delivery which reads
Firestore, plus the imports of its first unit of work: the clients of its services and the modules
of its handlers. An import that is deferred from the start to the first request therefore does not
change `answered`.
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
MAX_LISTENING_RATIO = 2.5
"""CPU time of a function until it listens ÷ of the bare one."""
MAX_ANSWERED_RATIO = 7.0
"""CPU time of a function until its first request is handled ÷ of the bare one. The largest is that
of slide_generation, whose first request imports google-genai: half a second of CPU time."""
MAX_IDLE_MEMORY_RATIO = 1.75
"""Resident memory of a function that listens ÷ of the bare one."""
MAX_LOADED_MEMORY_RATIO = 5.5
"""Resident memory after the first request ÷ of the bare one."""
CLIENTS = {
    "input_fetch": ("url_reader",),
    "notification": ("mailer",),
    "personal_data": ("account_admin",),
    "slide_generation": ("deck_model",),
    "speech_recognition": ("recognizer",),
    "text_to_speech": ("voice",),
    "webhook": ("outbound_http",),
}
"""Services of the units of work besides Firestore, Cloud Storage and Pub/Sub: getters of
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
    """The costs of one process: until it listened, and until the first request was handled."""

    listening: Cost
    answered: Cost


@dataclass(frozen=True)
class ColdStarts:
    """Pairs of starts: the function's and the bare one's."""

    name: str
    pairs: tuple[tuple[Start, Start], ...]

    def ratio(self, value: Callable[[Start], float]) -> float:
        """The median of function ÷ bare over all pairs."""
        return statistics.median(value(function) / value(bare) for function, bare in self.pairs)

    def median(self, value: Callable[[Start], float]) -> float:
        """The median of the function's own values."""
        return statistics.median(value(function) for function, _ in self.pairs)

    def bare(self, value: Callable[[Start], float]) -> float:
        """The median of the bare function's values."""
        return statistics.median(value(bare) for _, bare in self.pairs)


@dataclass(frozen=True)
class Column:
    """One measured value and the maximum of its ratio."""

    heading: str
    value: Callable[[Start], float]
    max_ratio: float


COLUMNS = (
    Column("listening, ms", lambda start: start.listening.cpu_ms, MAX_LISTENING_RATIO),
    Column("answered, ms", lambda start: start.answered.cpu_ms, MAX_ANSWERED_RATIO),
    Column("at rest, MB", lambda start: start.listening.rss_mb, MAX_IDLE_MEMORY_RATIO),
    Column("loaded, MB", lambda start: start.answered.rss_mb, MAX_LOADED_MEMORY_RATIO),
)


def deferred_modules(function: str) -> tuple[str, ...]:
    """Modules that a function's `main.py` imports inside of functions."""
    tree = ast.parse((ROOT / "functions" / function / "main.py").read_text())
    return tuple(
        str(node.module)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef)
        for node in ast.walk(outer)
        if isinstance(node, ast.ImportFrom)
    )


def first_request(function: Function, token: str) -> dict[str, Any]:
    """The first request, in the format of `cold_start_process`. `token` is a user's ID token."""
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
    headers = {"Authorization": f"Bearer {token}"}
    return {
        "api": _request("GET", "/v1/jobs", 200, headers=headers),
        # A missing share link is looked up in Firestore as an existing one is.
        "downloads": _request("GET", f"/v1/media/share/{'0' * 48}", 404),
        "console": _request("GET", "/", 200),
    }[function.name]


def _request(method: str, path: str, status: int, **fields: Any) -> dict[str, Any]:
    request = {"method": method, "path": path, "status": status}
    return {"headers": {}, "body": None, "modules": (), "clients": (), **request, **fields}


def _start(service: Service, function: Function, source: Path, first: dict[str, Any]) -> Start:
    signature = "cloudevent" if function.is_event_driven else "http"
    # Tracing is off.
    env = {**service.env, "MOODREEL_TRACES": ""}
    result = subprocess.run(
        [service.argv[0], str(_PROBE), str(source), signature, json.dumps(first)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SystemExit(f"{function.name} does not start:\n{result.stdout}{result.stderr}")
    cost = json.loads(result.stdout.splitlines()[-1])
    return Start(Cost(**cost["listening"]), Cost(**cost["answered"]))


def measure_cold_starts(
    function: Function, service: Service, folder: Path, token: str
) -> ColdStarts:
    """Start a function and the bare one in turn. The first pair only compiles the bytecode."""
    decorator = "cloud_event" if function.is_event_driven else "http"
    bare_source = folder / f"bare_{decorator}.py"
    bare_source.write_text(_BARE.format(decorator=decorator))
    source = ROOT / "functions" / function.name / "main.py"
    first = first_request(function, token)
    bare_first = {**first, "status": 200, "modules": (), "clients": ()}
    pairs = [
        (
            _start(service, function, source, first),
            _start(service, function, bare_source, bare_first),
        )
        for _ in range(PAIRS + 1)
    ]
    return ColdStarts(function.name, tuple(pairs[1:]))


def main() -> int:
    """Print a table. Returns 1 if a ratio is exceeded."""
    rows = list(FUNCTIONS.values())
    tools = prepare_tools([row.name for row in rows], lambda _: None)
    layout = SuiteLayout(find_free_base())
    with run_suite(layout) as suite, tempfile.TemporaryDirectory() as folder:
        token = suite.user().token
        services = {service.name: service for service in all_services(layout, tools, rows)}
        results = [
            measure_cold_starts(row, services[row.name], Path(folder), token) for row in rows
        ]
    print(f"median of {PAIRS} pairs each, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    print("CPU time and resident memory, and their ratios to the bare function's")
    print(f"{'function':<18}" + "".join(f"{column.heading:>17}" for column in COLUMNS))
    missed = False
    for result in results:
        ratios = [result.ratio(column.value) for column in COLUMNS]
        is_missed = any(
            ratio > column.max_ratio for ratio, column in zip(ratios, COLUMNS, strict=True)
        )
        missed = missed or is_missed
        cells = "".join(
            f"{result.median(column.value):>10.0f}{ratio:>6.2f}×"
            for ratio, column in zip(ratios, COLUMNS, strict=True)
        )
        print(f"{result.name:<18}{cells}{'   MISSED' if is_missed else ''}")
    bare = (
        statistics.median(result.bare(column.value) for result in results) for column in COLUMNS
    )
    print(f"{'bare':<18}" + "".join(f"{value:>10.0f}{'':>7}" for value in bare))
    print(f"{'at most':<18}" + "".join(f"{column.max_ratio:>16.2f}×" for column in COLUMNS))
    return int(missed)
