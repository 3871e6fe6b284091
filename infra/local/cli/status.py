"""`status`, `stop` and `logs`: what a person asks a suite that runs (or ran)."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from infra.local.suite import suite_client
from infra.local.suite.layout import SetupError, SuiteLayout

_FOLLOW_S = 0.2


def status(args: argparse.Namespace) -> int:
    """A table of what runs; 0 when a suite is up and all of it answers."""
    place = SuiteLayout.from_env()
    told = suite_client.read_status(place)
    if told is None:
        print(json.dumps({"ready": False}) if args.json else f"No suite is up on {place.base}.")
        return 1
    whole = told["ready"] and all(one["ready"] for one in told["services"].values())
    if args.json:
        print(json.dumps(told, indent=2))
        return 0 if whole else 1
    for name, one in told["services"].items():
        state = "answers" if one["ready"] else "does not answer"
        again = f"  restarted {one['restarts']}×" if one["restarts"] else ""
        print(f"  {name:<17} {one['url']:<24} process {one['pid']:<8} {state}{again}")
    print("Up and answering." if whole else "Not everything answers.")
    return 0 if whole else 1


def stop(_: argparse.Namespace) -> int:
    """End the suite on this port base."""
    place = SuiteLayout.from_env()
    ended = suite_client.stop(place)
    print(f"Ended the suite on {place.base}." if ended else f"No suite is up on {place.base}.")
    return 0


def logs(args: argparse.Namespace) -> int:
    """Print one log or all of them; with --follow, stay and print what comes."""
    place = SuiteLayout.from_env()
    found = sorted(place.logs.glob("*.log"))
    if args.service:
        found = [path for path in found if path.stem == args.service]
    if not found:
        what = f"of {args.service} " if args.service else ""
        raise SetupError(f"There is no log {what}of a suite on {place.base}.")
    width = max(len(path.stem) for path in found)
    read = dict.fromkeys(found, 0)
    while True:
        for path in found:
            read[path] = _print_from(
                path, read[path], "" if args.service else f"{path.stem:<{width}}  "
            )
        if not args.follow:
            return 0
        time.sleep(_FOLLOW_S)


def _print_from(path: Path, offset: int, mark: str) -> int:
    """Print whole lines from `offset` on; the new offset. A log that shrank is read anew."""
    if path.stat().st_size < offset:
        offset = 0
    with path.open("rb") as log:
        log.seek(offset)
        for line in log:
            if not line.endswith(b"\n"):
                break
            print(mark + line.decode(errors="replace"), end="", flush=True)
            offset += len(line)
    return offset
