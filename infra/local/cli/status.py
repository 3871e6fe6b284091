"""`status`, `stop` and `logs`: commands on a suite that runs or has run."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from infra.local.suite import suite_client
from infra.local.suite.layout import SetupError, SuiteLayout

_FOLLOW_S = 0.2


def status(args: argparse.Namespace) -> int:
    """Prints the services. Returns 0 when a suite is running and every service is ready."""
    layout = SuiteLayout.from_env()
    status_report = suite_client.read_status(layout)
    if status_report is None:
        message = f"No suite is running on {layout.base}."
        print(json.dumps({"ready": False}) if args.json else message)
        return 1
    healthy = status_report["ready"] and all(
        service["ready"] for service in status_report["services"].values()
    )
    if args.json:
        print(json.dumps(status_report, indent=2))
        return 0 if healthy else 1
    for name, service in status_report["services"].items():
        state = "ready" if service["ready"] else "not ready"
        restarts = f"  restarted {service['restarts']}×" if service["restarts"] else ""
        print(f"  {name:<17} {service['url']:<24} process {service['pid']:<8} {state}{restarts}")
    print("All services are ready." if healthy else "Some services are not ready.")
    return 0 if healthy else 1


def stop(_: argparse.Namespace) -> int:
    """Stops the suite on this port base."""
    layout = SuiteLayout.from_env()
    stopped = suite_client.stop(layout)
    base = layout.base
    print(f"Stopped the suite on {base}." if stopped else f"No suite is running on {base}.")
    return 0


def logs(args: argparse.Namespace) -> int:
    """Prints one log or all logs. With --follow, waits for new lines."""
    layout = SuiteLayout.from_env()
    paths = sorted(layout.logs.glob("*.log"))
    if args.service:
        paths = [path for path in paths if path.stem == args.service]
    if not paths:
        log = f"log of {args.service}" if args.service else "log"
        raise SetupError(f"No {log} found for the suite on {layout.base}.")
    width = max(len(path.stem) for path in paths)
    offsets = dict.fromkeys(paths, 0)
    while True:
        for path in paths:
            offsets[path] = _print_from(
                path, offsets[path], "" if args.service else f"{path.stem:<{width}}  "
            )
        if not args.follow:
            return 0
        time.sleep(_FOLLOW_S)


def _print_from(path: Path, offset: int, prefix: str) -> int:
    """Prints complete lines from `offset` on. Returns the new offset.

    A log that became shorter is printed from its start.
    """
    if path.stat().st_size < offset:
        offset = 0
    with path.open("rb") as log:
        log.seek(offset)
        for line in log:
            if not line.endswith(b"\n"):
                break
            print(prefix + line.decode(errors="replace"), end="", flush=True)
            offset += len(line)
    return offset
