"""`doctor`: what the local cloud found on this machine, and the command for whatever is missing."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from infra.local.setup import prerequisites
from infra.local.setup.installs import HERE, environment_folder, installed
from infra.local.setup.requirements import read_lock
from infra.local.setup.tools import requirements_of, slide_model_client
from infra.local.suite import suite_client
from infra.local.suite.layout import LOCAL, SUPPORT, Place
from infra.local.suite.ports import free_base, taken
from infra.local.suite.services import rows_to_start
from shared.pipeline import STAGES


@dataclass(frozen=True)
class Finding:
    """One line: what it is about, whether it is in order, and what to say about it."""

    what: str
    fine: bool
    told: str


def doctor(_: argparse.Namespace) -> int:
    """Print all findings; 1 when something is missing that is not installed by itself."""
    findings = examine(Place.from_env())
    for one in findings:
        print(f"  {'ok' if one.fine else '!!':<3} {one.what:<20} {one.told}")
    wrong = [one.what for one in findings if not one.fine]
    print(f"Not in order: {', '.join(wrong)}." if wrong else "All in order: ./emulator.sh up")
    return 1 if wrong else 0


def examine(place: Place) -> list[Finding]:
    """Everything that a suite on this place needs."""
    firestore = prerequisites.find_firestore_jar()
    pubsub = prerequisites.find_pubsub_jar()
    return [
        Finding("Python", True, f"{platform.python_version()}  {sys.executable}"),
        _uv(),
        _java([jar for jar in (firestore, pubsub) if jar]),
        _node(),
        _jar("Firestore emulator", "MOODREEL_FIRESTORE_JAR", firestore),
        _jar("Pub/Sub emulator", "MOODREEL_PUBSUB_JAR", pubsub),
        _environments(),
        _ports(place),
    ]


def _uv() -> Finding:
    found = shutil.which("uv")
    pinned = _pinned("requirements-uv.txt")
    if found or installed(LOCAL / "tools"):
        path = found or str(LOCAL / "tools" / "bin" / "uv")
        return Finding("uv", True, f"{_first_line([path, '--version'])}  {path}")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        return Finding("uv", False, "absent, and Python has no venv: apt-get install python3-venv")
    return Finding("uv", True, f"absent; {pinned} comes into .local by itself")


def _pinned(requirements: str) -> str:
    """The pins of a lock file of the local suite, as `name==version`."""
    return ", ".join(map(str, read_lock(HERE / requirements)))


def _java(jars: list[Path]) -> Finding:
    needed = max([prerequisites.OLDEST_JAVA, *map(prerequisites.java_needed, jars)])
    found = prerequisites.find_java(needed)
    if found:
        return Finding("Java", True, f"{found.major}  {found.path}  (needed: {needed})")
    return Finding("Java", True, _comes_by_itself("Java", needed, "requirements-java.txt"))


def _node() -> Finding:
    found = prerequisites.find_node()
    if found:
        return Finding("Node", True, f"{found.major}  {found.path}")
    told = _comes_by_itself("Node", prerequisites.OLDEST_NODE, "requirements-node.txt")
    return Finding("Node", True, told)


def _comes_by_itself(what: str, needed: int, requirements: str) -> str:
    pinned = _pinned(requirements)
    there = installed(environment_folder(HERE / requirements))
    state = "lies in .local" if there else "comes into .local by itself"
    return f"no {what} {needed} or newer on PATH; {pinned} {state}"


def _jar(what: str, variable: str, found: Path | None) -> Finding:
    if found:
        return Finding(what, True, str(found))
    pointed = os.environ.get(variable)
    if pointed:
        return Finding(what, False, f"{variable} points to {pointed}, and there is no such file")
    return Finding(
        what, False, f"not found; `up` asks firebase-tools for it. {prerequisites.jars_hint()}"
    )


def _environments() -> Finding:
    client = slide_model_client()
    files = [requirements_of(row.name, client) for row in rows_to_start()]
    files.append(HERE / "requirements.txt")
    homes = {environment_folder(path) for path in files}
    ready = sum(installed(home) for home in homes)
    return Finding("environments", True, f"{ready} of {len(homes)} installed; `up` makes the rest")


def _ports(place: Place) -> Finding:
    if suite_client.is_ready(place):
        return Finding("ports", True, f"a suite is up on {place.base}")
    names = [*SUPPORT, *STAGES]
    if busy := taken((name, place.port(name)) for name in names):
        listed = ", ".join(map(str, busy))
        free = f"MOODREEL_PORT_BASE={free_base()} is free"
        return Finding("ports", False, f"in use: {listed}; {free}")
    return Finding("ports", True, f"{place.base} to {place.port(list(STAGES)[-1])} are free")


def _first_line(command: list[str]) -> str:
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "does not run"
    return (told.stdout or told.stderr).strip().splitlines()[0] if told.stdout else "does not run"
