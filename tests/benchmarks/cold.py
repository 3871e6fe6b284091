"""What a cold start of each function costs: from the first import until it is ready to serve, with
its bytecode compiled, and the memory that it then holds at rest.

Each start is a process of its own in the function's own environment; the best of several counts,
since whatever else the machine does only ever adds.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from infra.local.installs import clean_env
from infra.local.layout import ROOT, Place
from infra.local.services import emulator_env
from infra.local.tools import python_of, requirements_of
from shared.domain.pipeline import STAGES, Kind, Stage

STARTS = 7
MOST_MS = {Kind.MEDIA: 700, Kind.SUPPORT: 700, Kind.HTTPS: 600}
MOST_MB, MOST_MB_WITH_CV2 = 120, 160

_START = """
import json, sys, time
begin = time.perf_counter()
from functions_framework import create_app
from functions_framework._http import create_server
app = create_app("main", sys.argv[1], sys.argv[2])
create_server(app, False)
ready = time.perf_counter()
with open("/proc/self/status") as status:
    rss_kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
cv2 = "cv2" in sys.modules
if "shared.bootstrap" in sys.modules:  # the console has no neighbours
    from shared import bootstrap
    from shared.adapters import connect
    connect.ledger(bootstrap.settings())
    connect.publisher(bootstrap.settings())
clients = time.perf_counter()
print(json.dumps({"ready_ms": (ready - begin) * 1000, "rss_mb": rss_kb / 1024,
                  "clients_ms": (clients - ready) * 1000, "cv2": cv2}))
"""


@dataclass(frozen=True)
class Cold:
    """One function's starts. Times in ms, memory in MiB."""

    row: Stage
    best_ms: float
    median_ms: float
    clients_ms: float
    rss_mb: float
    cv2: bool

    @property
    def most_ms(self) -> int:
        """What it may cost."""
        return MOST_MS[self.row.kind]

    @property
    def most_mb(self) -> int:
        """What it may hold."""
        return MOST_MB_WITH_CV2 if self.cv2 else MOST_MB

    @property
    def kept(self) -> bool:
        """Whether it stays within both."""
        return self.best_ms < self.most_ms and self.rss_mb < self.most_mb


def cold(row: Stage, starts: int = STARTS) -> Cold:
    """Start a function again and again; the first time, which compiles, does not count."""
    told = [_start(row) for _ in range(starts + 1)][1:]
    times = [one["ready_ms"] for one in told]
    return Cold(
        row,
        min(times),
        statistics.median(times),
        min(one["clients_ms"] for one in told),
        max(one["rss_mb"] for one in told),
        bool(told[0]["cv2"]),
    )


def _start(row: Stage) -> dict[str, float]:
    python = python_of(requirements_of(row.name), row.name, lambda _: None)
    source = ROOT / "functions" / row.name / "main.py"
    env = clean_env({**emulator_env(Place(8600)), "PYTHONPATH": str(ROOT)})
    signature = "cloudevent" if row.event_driven else "http"
    done = subprocess.run(
        [str(python), "-c", _START, str(source), signature],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{row.name} does not start:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print a table; 1 when a function is too slow or too large."""
    print(f"best of {STARTS} starts each, {sys.version.split()[0]}")
    print(
        f"{'function':<18}{'ready':>9}{'median':>9}{'of':>7}{'clients':>9}{'at rest':>10}{'of':>7}"
    )
    found = [cold(row) for row in STAGES.values() if row.built]
    for one in found:
        print(
            f"{one.row.name:<18}{one.best_ms:>6.0f} ms{one.median_ms:>6.0f} ms{one.most_ms:>7}"
            f"{one.clients_ms:>6.0f} ms{one.rss_mb:>7.0f} MB{one.most_mb:>7}"
            f"{'' if one.kept else '   missed'}"
        )
    return 0 if all(one.kept for one in found) else 1
