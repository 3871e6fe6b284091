"""Bills of materials of the functions (CycloneDX), and one table of all packages and licences.

python -m infra.tools.sbom            writes .local/sbom/<function>.cdx.json and infra/LICENCES.md
python -m infra.tools.sbom --check    fails when the table differs from the locked versions
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.setup.console import WEB_FOLDER
from infra.local.setup.installs import clean_env, prepare_environment
from infra.local.setup.requirements import normalize_name, parse_lock
from infra.local.setup.tools import prepare_console_build, prepare_python, requirements_file
from infra.local.suite.layout import ROOT
from shared.pipeline import FUNCTIONS
from shared.runtime.models.deck_models import DECK_MODEL_CLIENTS

TOOL_REQUIREMENTS = ROOT / "infra" / "tools" / "sbom.txt"
BILLS_DIR = ROOT / ".local" / "sbom"
LICENCES_PATH = ROOT / "infra" / "LICENCES.md"
PYTHON_HEADING = """\
# Packages and licences

All deployed packages, with the licences that they declare. `python -m infra.tools.sbom` writes this
file from the functions' environments, and a bill of materials for each function (CycloneDX 1.6) to
`.local/sbom/`. A test fails when a version in this file differs from the locked one.

Two wheels contain libraries with further licences: `av` contains FFmpeg with x264 and x265 (GPL),
`opencv-python-headless` contains FFmpeg (LGPL) and OpenCV without Qt (Apache-2.0). They run in the
functions and are not distributed. An image of these functions that you distribute contains them.
"""
_ROW = re.compile(r"^\| ([a-z0-9-]+) \| (\d[^ |]*) \| (?!\*\*)", re.MULTILINE)
_BUNDLED = re.compile(r"^\| npm: ([^ |]+) \| ([^ |]+) \| (?!\*\*)", re.MULTILINE)
CONSOLE_HEADING = """\

## Packages in the console's pages and in the viewer of the API's documentation

The bundled npm packages, with the licences that they declare. Their notices are next to the bundles
in `assets/*.LEGAL.txt` and `assets/*.LICENSE.txt`, and those of Swagger UI (`swagger-ui-dist`)
beside its script.
"""
_PLAIN = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_UNDECLARED = {"protobuf": "BSD-3-Clause", "uritemplate": "Apache-2.0 OR BSD-3-Clause"}
"""Licences of packages without licence metadata, from their LICENSE files."""


@dataclass(frozen=True, slots=True)
class Component:
    """One package at one version."""

    name: str
    version: str
    licence: str


def find_locks() -> dict[str, Path]:
    """Returns the lock file of every deployable environment, by function. An alternative one for a
    client library has the key `function with client`."""
    locks = {name: requirements_file(name) for name in FUNCTIONS}
    for client in DECK_MODEL_CLIENTS[1:]:
        alternatives = {name: requirements_file(name, client) for name in FUNCTIONS}
        locks |= {
            f"{name} with {client}": path
            for name, path in alternatives.items()
            if path != locks[name]
        }
    return locks


def write_bill(function: str, lock: Path, out: Path) -> Path:
    """Writes the bill of materials of the environment with this lock file. Returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{function.replace(' ', '-')}.cdx.json"
    tool = (
        prepare_environment(TOOL_REQUIREMENTS, "the bills of materials", lambda _: None)
        / "bin"
        / "cyclonedx-py"
    )
    python = prepare_python(lock, function, lambda _: None)
    command = [str(tool), "environment", str(python), "--output-reproducible", "--of", "JSON"]
    process = subprocess.run(
        [*command, "-o", str(target)], env=clean_env(), capture_output=True, text=True, check=False
    )
    if process.returncode:
        raise SystemExit(f"{function}: {process.stderr.strip()}")
    return target


def read_components(bill_of_materials: Mapping[str, Any]) -> list[Component]:
    """Returns the packages of a bill of materials, without installers."""
    components = [
        Component(normalize_name(entry["name"]), str(entry["version"]), _read_licence(entry))
        for entry in bill_of_materials["components"]
    ]
    installers = ("pip", "setuptools", "uv", "wheel")
    return [component for component in components if component.name not in installers]


def _read_licence(component: Mapping[str, Any]) -> str:
    names: list[str] = []
    for entry in component.get("licenses", []):
        licence = entry.get("license", {})
        text = entry.get("expression") or licence.get("id") or licence.get("name") or ""
        names.append(_PLAIN.get(text, text.splitlines()[0] if text else ""))
    unique = list(dict.fromkeys(filter(None, names)))
    # A classifier's "BSD" is less exact than "BSD-3-Clause".
    exact = [
        name
        for name in unique
        if not any(other != name and other.startswith(name) for other in unique)
    ]
    return " / ".join(exact) or _UNDECLARED.get(normalize_name(component["name"]), "**undeclared**")


def render_table(by_function: Mapping[str, Iterable[Component]]) -> str:
    """Returns one row per package, with the functions that contain it."""
    users: dict[Component, set[str]] = defaultdict(set)
    for function, components in by_function.items():
        for component in components:
            users[component].add(function)
    rows = ["| package | version | licence | functions |", "| --- | --- | --- | --- |"]
    for item in sorted(users, key=lambda component: (component.name, component.version)):
        functions = _format_functions(users[item], set(by_function))
        rows.append(f"| {item.name} | {item.version} | {item.licence} | {functions} |")
    return "\n".join(rows)


def _format_functions(functions: set[str], all_functions: set[str]) -> str:
    def join(names: set[str]) -> str:
        return ", ".join(f"`{name}`" for name in sorted(names))

    missing = all_functions - functions
    if not missing:
        return "all"
    if len(missing) < len(functions) / 2:
        return f"all but {join(missing)}"
    return join(functions)


def render_npm_table() -> str:
    """Returns one row per package in the console's pages. Builds the pages if necessary."""
    names = json.loads((prepare_console_build(lambda _: None) / "bundled.json").read_text())
    packages = _read_npm_lock()
    rows = ["| package | version | licence |", "| --- | --- | --- |"]
    for name in names:
        package = packages[name]
        licence = package.get("license", "**undeclared**")
        rows.append(f"| npm: {name} | {package['version']} | {licence} |")
    return "\n".join(rows)


def _read_npm_lock() -> dict[str, Any]:
    """Returns the locked npm packages of the console, by name."""
    packages = json.loads((WEB_FOLDER / "package-lock.json").read_text())["packages"]
    return {path.removeprefix("node_modules/"): entry for path, entry in packages.items() if path}


def find_stale_packages(page: str) -> list[str]:
    """Returns the differences between the table of npm packages and the lock file."""
    locked = {name: entry["version"] for name, entry in _read_npm_lock().items()}
    rows = _BUNDLED.findall(page)
    direct = json.loads((WEB_FOLDER / "package.json").read_text())["dependencies"]
    problems = [
        f"no longer locked: {name} {version}"
        for name, version in rows
        if locked.get(name) != version
    ]
    return problems + [f"not in the table: {name}" for name in direct if name not in dict(rows)]


def find_problems(page: str, locks: Mapping[str, str]) -> list[str]:
    """Returns the differences between the table of packages and these lock files."""
    rows = set(_ROW.findall(page))
    pins = [pin for lock in locks.values() for pin in parse_lock(lock)]
    locked = {(pin.name, pin.version) for pin in pins}
    # Pins with a marker are for other systems or Python versions; they may be missing.
    required = {(pin.name, pin.version) for pin in pins if not pin.marker}
    problems = [f"not in the table, or undeclared: {name} {v}" for name, v in required - rows]
    return sorted(problems + [f"no longer locked: {name} {v}" for name, v in rows - locked])


def main(arguments: list[str] | None = None) -> int:
    """Writes bills and table, or with --check reports differences. Returns 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.sbom", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail instead of writing")
    args = parser.parse_args(arguments)
    if not args.check:
        bills = {
            name: json.loads(write_bill(name, lock, BILLS_DIR).read_text())
            for name, lock in find_locks().items()
        }
        python = render_table({name: read_components(bill) for name, bill in bills.items()})
        LICENCES_PATH.write_text(
            f"{PYTHON_HEADING}\n{python}\n{CONSOLE_HEADING}\n{render_npm_table()}\n"
        )
    page = LICENCES_PATH.read_text()
    problems = find_problems(page, {name: lock.read_text() for name, lock in find_locks().items()})
    problems += find_stale_packages(page)
    sys.stderr.writelines(f"{line}\n" for line in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
