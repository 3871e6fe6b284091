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
from infra.local.setup.installs import REQUIREMENTS_FOLDER, environment_folder, is_installed
from infra.local.setup.requirements import read_lock
from infra.local.setup.tools import deck_model_client, requirements_file
from infra.local.suite import suite_client
from infra.local.suite.layout import LOCAL, SUPPORT_SERVICES, SuiteLayout
from infra.local.suite.ports import find_free_base, find_taken_ports
from infra.local.suite.services import select_functions
from shared.pipeline import FUNCTIONS


@dataclass(frozen=True)
class CheckResult:
    """One line: what it is about, whether it is in order, and what to say about it."""

    name: str
    ok: bool
    message: str


def doctor(_: argparse.Namespace) -> int:
    """Print all findings; 1 when something is missing that is not installed by itself."""
    findings = run_checks(SuiteLayout.from_env())
    for one in findings:
        print(f"  {'ok' if one.ok else '!!':<3} {one.name:<20} {one.message}")
    wrong = [one.name for one in findings if not one.ok]
    print(f"Not in order: {', '.join(wrong)}." if wrong else "All in order: ./emulator.sh up")
    return 1 if wrong else 0


def run_checks(layout: SuiteLayout) -> list[CheckResult]:
    """Everything that a suite on this place needs."""
    firestore = prerequisites.find_firestore_jar()
    pubsub = prerequisites.find_pubsub_jar()
    return [
        CheckResult("Python", True, f"{platform.python_version()}  {sys.executable}"),
        _uv(),
        _java([jar for jar in (firestore, pubsub) if jar]),
        _node(),
        _jar("Firestore emulator", "MOODREEL_FIRESTORE_JAR", firestore),
        _jar("Pub/Sub emulator", "MOODREEL_PUBSUB_JAR", pubsub),
        _environments(),
        _ports(layout),
    ]


def _uv() -> CheckResult:
    found = shutil.which("uv")
    pinned = _pinned("requirements-uv.txt")
    if found or is_installed(LOCAL / "tools"):
        path = found or str(LOCAL / "tools" / "bin" / "uv")
        return CheckResult("uv", True, f"{_first_line([path, '--version'])}  {path}")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        return CheckResult(
            "uv", False, "absent, and Python has no venv: apt-get install python3-venv"
        )
    return CheckResult("uv", True, f"absent; {pinned} comes into .local by itself")


def _pinned(requirements: str) -> str:
    """The pins of a lock file of the local suite, as `name==version`."""
    return ", ".join(map(str, read_lock(REQUIREMENTS_FOLDER / requirements)))


def _java(jars: list[Path]) -> CheckResult:
    needed = max([prerequisites.MIN_JAVA, *map(prerequisites.required_java, jars)])
    found = prerequisites.find_java(needed)
    if found:
        return CheckResult("Java", True, f"{found.major}  {found.path}  (needed: {needed})")
    return CheckResult("Java", True, _comes_by_itself("Java", needed, "requirements-java.txt"))


def _node() -> CheckResult:
    found = prerequisites.find_node()
    if found:
        return CheckResult("Node", True, f"{found.major}  {found.path}")
    told = _comes_by_itself("Node", prerequisites.MIN_NODE, "requirements-node.txt")
    return CheckResult("Node", True, told)


def _comes_by_itself(what: str, needed: int, requirements: str) -> str:
    pinned = _pinned(requirements)
    there = is_installed(environment_folder(REQUIREMENTS_FOLDER / requirements))
    state = "lies in .local" if there else "comes into .local by itself"
    return f"no {what} {needed} or newer on PATH; {pinned} {state}"


def _jar(what: str, variable: str, found: Path | None) -> CheckResult:
    if found:
        return CheckResult(what, True, str(found))
    pointed = os.environ.get(variable)
    if pointed:
        return CheckResult(
            what, False, f"{variable} points to {pointed}, and there is no such file"
        )
    return CheckResult(
        what,
        False,
        f"not found; `up` asks firebase-tools for it. {prerequisites.jar_install_hint()}",
    )


def _environments() -> CheckResult:
    client = deck_model_client()
    files = [requirements_file(row.name, client) for row in select_functions()]
    files.append(REQUIREMENTS_FOLDER / "requirements.txt")
    homes = {environment_folder(path) for path in files}
    ready = sum(is_installed(home) for home in homes)
    return CheckResult(
        "environments", True, f"{ready} of {len(homes)} installed; `up` makes the rest"
    )


def _ports(place: SuiteLayout) -> CheckResult:
    if suite_client.is_ready(place):
        return CheckResult("ports", True, f"a suite is up on {place.base}")
    names = [*SUPPORT_SERVICES, *FUNCTIONS]
    if busy := find_taken_ports((name, place.port(name)) for name in names):
        listed = ", ".join(map(str, busy))
        free = f"MOODREEL_PORT_BASE={find_free_base()} is free"
        return CheckResult("ports", False, f"in use: {listed}; {free}")
    return CheckResult("ports", True, f"{place.base} to {place.port(list(FUNCTIONS)[-1])} are free")


def _first_line(command: list[str]) -> str:
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "does not run"
    return (told.stdout or told.stderr).strip().splitlines()[0] if told.stdout else "does not run"
