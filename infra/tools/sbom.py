"""What the functions are made of: a bill of materials each (CycloneDX), and one table of licences.

python -m infra.tools.sbom            writes .local/sbom/<function>.cdx.json and infra/LICENCES.md
python -m infra.tools.sbom --check    fails when the table is not of the versions that are locked
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
from shared.runtime.settings import DECK_MODEL_CLIENTS

TOOL_REQUIREMENTS = ROOT / "infra" / "tools" / "sbom.txt"
BILLS_DIR = ROOT / ".local" / "sbom"
LICENCES_PATH = ROOT / "infra" / "LICENCES.md"
PYTHON_HEADING = """\
# What the functions are made of

The packages that are deployed, with the licences that they declare themselves. Written by
`python -m infra.tools.sbom` out of the functions' own environments, together with a bill of
materials for each of them (CycloneDX 1.6) in `.local/sbom/`. A test fails when a version here is
not the locked one.

Two wheels carry more than their own licence says: `av` brings FFmpeg's libraries with x264 and x265
(GPL), `opencv-python-headless` brings FFmpeg (LGPL) and Qt-free OpenCV (Apache-2.0). They run in
functions and are not handed out; whoever ships images of these functions ships them too.
"""
_ROW = re.compile(r"^\| ([a-z0-9-]+) \| (\d[^ |]*) \| (?!\*\*)", re.MULTILINE)
_BUNDLED = re.compile(r"^\| npm: ([^ |]+) \| ([^ |]+) \| (?!\*\*)", re.MULTILINE)
CONSOLE_HEADING = """\

## What the console's pages are made of

The npm packages that are bundled into them, as they call themselves; their notices stand beside the
bundles in `assets/*.LEGAL.txt`.
"""
_PLAIN = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_UNDECLARED = {"protobuf": "BSD-3-Clause", "uritemplate": "Apache-2.0 OR BSD-3-Clause"}
"""Packages whose metadata says nothing; looked up in their own LICENSE file."""


@dataclass(frozen=True, slots=True)
class Component:
    """One package at one version."""

    name: str
    version: str
    licence: str


def find_locks() -> dict[str, Path]:
    """The lock file of every environment that can be deployed, by the function's name; where a
    function has another one for a client library, by `function with client` as well."""
    built = [row.name for row in FUNCTIONS.values() if row.is_built]
    found = {name: requirements_file(name) for name in built}
    for client in DECK_MODEL_CLIENTS[1:]:
        others = {name: requirements_file(name, client) for name in built}
        found |= {f"{n} with {client}": path for n, path in others.items() if path != found[n]}
    return found


def write_bill(function: str, lock: Path, out: Path) -> Path:
    """Write the bill of materials of the environment with this lock file."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{function.replace(' ', '-')}.cdx.json"
    tool = (
        prepare_environment(TOOL_REQUIREMENTS, "the bills of materials", lambda _: None)
        / "bin"
        / "cyclonedx-py"
    )
    python = prepare_python(lock, function, lambda _: None)
    command = [str(tool), "environment", str(python), "--output-reproducible", "--of", "JSON"]
    done = subprocess.run(
        [*command, "-o", str(target)], env=clean_env(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{function}: {done.stderr.strip()}")
    return target


def read_components(bill_of_materials: Mapping[str, Any]) -> list[Component]:
    """The packages of a bill; installers are no part of it."""
    found = [
        Component(normalize_name(one["name"]), str(one["version"]), _licence(one))
        for one in bill_of_materials["components"]
    ]
    return [one for one in found if one.name not in ("pip", "setuptools", "uv", "wheel")]


def _licence(component: Mapping[str, Any]) -> str:
    told: list[str] = []
    for entry in component.get("licenses", []):
        one = entry.get("license", {})
        text = entry.get("expression") or one.get("id") or one.get("name") or ""
        told.append(_PLAIN.get(text, text.splitlines()[0] if text else ""))
    known = list(dict.fromkeys(filter(None, told)))
    # "BSD" of a classifier says less than "BSD-3-Clause" beside it.
    exact = [one for one in known if not any(o != one and o.startswith(one) for o in known)]
    return " / ".join(exact) or _UNDECLARED.get(normalize_name(component["name"]), "**undeclared**")


def render_table(by_function: Mapping[str, Iterable[Component]]) -> str:
    """All packages, a row each, with the functions that carry them."""
    users: dict[Component, set[str]] = defaultdict(set)
    for function, some in by_function.items():
        for part in some:
            users[part].add(function)
    rows = ["| package | version | licence | functions |", "| --- | --- | --- | --- |"]
    for part in sorted(users, key=lambda one: (one.name, one.version)):
        who = _named(users[part], set(by_function))
        rows.append(f"| {part.name} | {part.version} | {part.licence} | {who} |")
    return "\n".join(rows)


def _named(some: set[str], all_of_them: set[str]) -> str:
    def listed(names: set[str]) -> str:
        return ", ".join(f"`{one}`" for one in sorted(names))

    others = all_of_them - some
    if not others:
        return "all"
    return f"all but {listed(others)}" if len(others) < len(some) / 2 else listed(some)


def render_npm_table() -> str:
    """The packages in the console's pages, a row each. Builds the pages when they are not there."""
    names = json.loads((prepare_console_build(lambda _: None) / "bundled.json").read_text())
    known = _npm()
    rows = ["| package | version | licence |", "| --- | --- | --- |"]
    for name in names:
        one = known[name]
        rows.append(f"| npm: {name} | {one['version']} | {one.get('license', '**undeclared**')} |")
    return "\n".join(rows)


def _npm() -> dict[str, Any]:
    """Every npm package that is locked for the console, by name."""
    told = json.loads((WEB_FOLDER / "package-lock.json").read_text())["packages"]
    return {path.removeprefix("node_modules/"): one for path, one in told.items() if path}


def find_stale_packages(page: str) -> list[str]:
    """What the table of bundled packages says otherwise than the lock."""
    locked = {name: one["version"] for name, one in _npm().items()}
    shown = _BUNDLED.findall(page)
    direct = json.loads((WEB_FOLDER / "package.json").read_text())["dependencies"]
    wrong = [f"not locked any more: {n} {v}" for n, v in shown if locked.get(n) != v]
    return wrong + [f"not in the table: {name}" for name in direct if name not in dict(shown)]


def find_problems(page: str, locks: Mapping[str, str]) -> list[str]:
    """Why the page is not of these lock files; empty when it is."""
    shown = set(_ROW.findall(page))
    pins = [pin for lock in locks.values() for pin in parse_lock(lock)]
    locked = {(pin.name, pin.version) for pin in pins}
    # Some are for other systems or Pythons alone: those may be missing.
    needed = {(pin.name, pin.version) for pin in pins if not pin.marker}
    wrong = [f"not in the table, or undeclared: {name} {v}" for name, v in needed - shown]
    return sorted(wrong + [f"not locked any more: {name} {v}" for name, v in shown - locked])


def main(arguments: list[str] | None = None) -> int:
    """Write bills and table, or say what is wrong with the table and fail."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.sbom", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail instead of writing")
    asked = parser.parse_args(arguments)
    if not asked.check:
        bills = {
            n: json.loads(write_bill(n, lock, BILLS_DIR).read_text())
            for n, lock in find_locks().items()
        }
        python = render_table({n: read_components(one) for n, one in bills.items()})
        LICENCES_PATH.write_text(
            f"{PYTHON_HEADING}\n{python}\n{CONSOLE_HEADING}\n{render_npm_table()}\n"
        )
    page = LICENCES_PATH.read_text()
    wrong = find_problems(page, {name: lock.read_text() for name, lock in find_locks().items()})
    wrong += find_stale_packages(page)
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
