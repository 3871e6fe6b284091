"""`doctor`: checks what the local suite needs and prints how to install what is missing."""

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
    """The result of one check: its name, whether it passed, and a message."""

    name: str
    ok: bool
    message: str


def doctor(_: argparse.Namespace) -> int:
    """Prints all checks. Returns 1 when something is missing that `up` cannot install."""
    results = run_checks(SuiteLayout.from_env())
    for result in results:
        print(f"  {'ok' if result.ok else '!!':<3} {result.name:<20} {result.message}")
    failed = [result.name for result in results if not result.ok]
    if failed:
        print(f"Failed checks: {', '.join(failed)}.")
        return 1
    print("All checks passed. Start the suite with ./emulator.sh up")
    return 0


def run_checks(layout: SuiteLayout) -> list[CheckResult]:
    """Checks everything that a suite needs."""
    firestore = prerequisites.find_firestore_jar()
    pubsub = prerequisites.find_pubsub_jar()
    return [
        CheckResult("Python", True, f"{platform.python_version()}  {sys.executable}"),
        _check_uv(),
        _check_java([jar for jar in (firestore, pubsub) if jar]),
        _check_node(),
        _check_jar("Firestore emulator", "MOODREEL_FIRESTORE_JAR", firestore),
        _check_jar("Pub/Sub emulator", "MOODREEL_PUBSUB_JAR", pubsub),
        _check_environments(),
        _check_ports(layout),
    ]


def _check_uv() -> CheckResult:
    on_path = shutil.which("uv")
    pins = _pins("requirements-uv.txt")
    if on_path or is_installed(LOCAL / "tools"):
        path = on_path or str(LOCAL / "tools" / "bin" / "uv")
        return CheckResult("uv", True, f"{_first_line([path, '--version'])}  {path}")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        return CheckResult(
            "uv", False, "not found, and Python has no venv: apt-get install python3-venv"
        )
    return CheckResult("uv", True, f"not found; `up` installs {pins} in .local")


def _pins(requirements: str) -> str:
    """Returns the pins of a lock file of the local suite, as `name==version`."""
    return ", ".join(map(str, read_lock(REQUIREMENTS_FOLDER / requirements)))


def _check_java(jars: list[Path]) -> CheckResult:
    needed = max([prerequisites.MIN_JAVA, *map(prerequisites.required_java, jars)])
    java = prerequisites.find_java(needed)
    if java:
        return CheckResult("Java", True, f"{java.major}  {java.path}  (needed: {needed})")
    message = _describe_install("Java", needed, "requirements-java.txt")
    return CheckResult("Java", True, message)


def _check_node() -> CheckResult:
    node = prerequisites.find_node()
    if node:
        return CheckResult("Node", True, f"{node.major}  {node.path}")
    message = _describe_install("Node", prerequisites.MIN_NODE, "requirements-node.txt")
    return CheckResult("Node", True, message)


def _describe_install(program: str, needed: int, requirements: str) -> str:
    pins = _pins(requirements)
    installed = is_installed(environment_folder(REQUIREMENTS_FOLDER / requirements))
    state = f"{pins} is in .local" if installed else f"`up` installs {pins} in .local"
    return f"no {program} {needed} or newer on PATH; {state}"


def _check_jar(name: str, variable: str, jar: Path | None) -> CheckResult:
    if jar:
        return CheckResult(name, True, str(jar))
    path = os.environ.get(variable)
    if path:
        return CheckResult(name, False, f"{variable} points to {path}, which does not exist")
    return CheckResult(
        name,
        False,
        f"not found; `up` tries to download it. {prerequisites.jar_install_hint()}",
    )


def _check_environments() -> CheckResult:
    client = deck_model_client()
    files = [requirements_file(row.name, client) for row in select_functions()]
    files.append(REQUIREMENTS_FOLDER / "requirements.txt")
    folders = {environment_folder(path) for path in files}
    ready = sum(is_installed(folder) for folder in folders)
    return CheckResult(
        "environments", True, f"{ready} of {len(folders)} installed; `up` installs the rest"
    )


def _check_ports(layout: SuiteLayout) -> CheckResult:
    if suite_client.is_ready(layout):
        return CheckResult("ports", True, f"a suite is running on {layout.base}")
    names = [*SUPPORT_SERVICES, *FUNCTIONS]
    if busy := find_taken_ports((name, layout.port(name)) for name in names):
        ports = ", ".join(map(str, busy))
        hint = f"set MOODREEL_PORT_BASE={find_free_base()} to use free ports"
        return CheckResult("ports", False, f"in use: {ports}; {hint}")
    last = layout.port(list(FUNCTIONS)[-1])
    return CheckResult("ports", True, f"{layout.base} to {last} are free")


def _first_line(command: list[str]) -> str:
    try:
        completed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "does not run"
    return (
        (completed.stdout or completed.stderr).strip().splitlines()[0]
        if completed.stdout
        else "does not run"
    )
