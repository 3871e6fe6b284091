"""`lock`: resolves all requirements into lock files with hashes.

Two steps. First the requirements of all functions are resolved together into one constraints file.
Then each requirements file is compiled against it, so that a package has the same version in every
function, in the tests and in the local suite. Exceptions are listed here with the reason. A test
compares the lock files with these lists.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.cli.run import report_to_stderr
from infra.local.setup import prerequisites
from infra.local.setup.console import WEB_FOLDER
from infra.local.setup.installs import REQUIREMENTS_FOLDER, clean_env, find_uv
from infra.local.setup.requirements import read_lock
from infra.local.suite.layout import ROOT, SetupError

MIN_PYTHON = "3.11"
CONSTRAINTS = ROOT / "functions" / "constraints.txt"
"""The version of every package that a function uses. Nothing is installed from this file."""
NO_DEPENDENCIES = frozenset({"infra/tools/build_models.in"})
"""Sources that are compiled without the dependencies of their packages."""


@dataclass(frozen=True, slots=True)
class VersionOverride:
    """Packages in which a function's lock file may differ from the constraints."""

    packages: frozenset[str]
    reason: str


VERSION_OVERRIDES: Mapping[str, VersionOverride] = {
    "functions/slide_generation/requirements-google-generativeai.in": VersionOverride(
        frozenset(
            {
                "google-api-core",
                "google-cloud-core",
                "google-cloud-firestore",
                "google-cloud-pubsub",
                "google-cloud-storage",
                "googleapis-common-protos",
                "grpc-google-iam-v1",
                "grpcio-status",
                "proto-plus",
                "protobuf",
            }
        ),
        "google-generativeai 0.8.6 needs protobuf below 6, which holds Google's clients back",
    ),
}
"""By source, relative to the project's root."""


def list_function_requirements() -> list[Path]:
    """Returns the requirements of the functions: one file per function, or per variant of one."""
    return sorted(ROOT.glob("functions/*/requirements*.in"))


def list_constrained_requirements() -> list[Path]:
    """Returns the sources that are compiled against the constraints."""
    model_tools = ROOT / "infra" / "tools" / "build_models.in"
    return [
        *list_function_requirements(),
        model_tools,
        ROOT / "infra" / "client" / "requirements.in",
        REQUIREMENTS_FOLDER / "requirements.in",
        ROOT / "requirements-dev.in",
    ]


def list_independent_requirements() -> list[Path]:
    """Returns the sources of tools in separate environments. No function imports them."""
    # uv, Java and Node: each has its own environment.
    tools = sorted(REQUIREMENTS_FOLDER.glob("requirements-*.in"))
    return [*tools, ROOT / "infra" / "tools" / "sbom.in", *sorted(ROOT.glob("tests/**/*.in"))]


def list_lock_files() -> list[Path]:
    """Returns every lock file that pip or uv installs from."""
    sources = list_constrained_requirements() + list_independent_requirements()
    return [source.with_suffix(".txt") for source in sources]


def lock(args: argparse.Namespace) -> int:
    """Writes all lock files. Without --upgrade, a pinned version changes only when necessary."""
    uv = find_uv(report_to_stderr)
    sources = [
        path for path in list_function_requirements() if _relative(path) not in VERSION_OVERRIDES
    ]
    _compile(uv, sources, CONSTRAINTS, upgrade=args.upgrade)
    for source in list_constrained_requirements():
        options = ["--generate-hashes"]
        if _relative(source) in NO_DEPENDENCIES:
            options.append("--no-deps")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
            constraints.write(_constraints_for(_relative(source)))
            constraints.flush()
            options += ["--constraint", constraints.name]
            target = source.with_suffix(".txt")
            _compile(uv, [source], target, *options, upgrade=args.upgrade)
    for source in list_independent_requirements():
        target = source.with_suffix(".txt")
        _compile(uv, [source], target, "--generate-hashes", upgrade=args.upgrade)
    if args.upgrade:
        for folder in (REQUIREMENTS_FOLDER, WEB_FOLDER):
            _lock_npm(folder)
            print(f"{folder.relative_to(ROOT)}/package-lock.json: upgraded")
    return 0


def _constraints_for(source: str) -> str:
    """Returns the constraints without the packages that this source overrides."""
    own = VERSION_OVERRIDES[source].packages if source in VERSION_OVERRIDES else frozenset()
    pins = [pin for pin in read_lock(CONSTRAINTS) if pin.name not in own]
    return "".join(f"{pin}{f' ; {pin.marker}' if pin.marker else ''}\n" for pin in pins)


def _compile(uv: str, sources: Iterable[Path], target: Path, *options: str, upgrade: bool) -> None:
    before = target.read_text() if target.exists() else ""
    command = [
        uv, "pip", "compile", "--quiet", "--no-header",
        # Without the address of a package index, so that any mirror serves it.
        "--no-emit-index-url",
        # For every supported Python and platform, with one version of a package for all of them.
        "--python-version", MIN_PYTHON, "--universal", "--fork-strategy", "fewest",
        *(["--upgrade"] if upgrade else []), *options,
        *map(_relative, sources), "--output-file", _relative(target),
    ]  # fmt: skip
    _run(command, ROOT)
    if "--constraint" in options:
        # uv writes the name of the constraints file into comments. The temporary name would differ
        # with each run.
        temporary = options[options.index("--constraint") + 1]
        target.write_text(target.read_text().replace(temporary, _relative(CONSTRAINTS)))
    state = "unchanged" if target.read_text() == before else "changed"
    print(f"{_relative(target)}: {state}")


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _lock_npm(folder: Path) -> None:
    """Writes a lock with versions and hashes, but without URLs, so that any mirror serves it."""
    if prerequisites.find_node() is None:
        raise SetupError("To lock the npm packages, put Node 20 or newer and npm on PATH.")
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copy(folder / "package.json", temporary)
        flags = ["--ignore-scripts", "--package-lock-only", "--no-audit", "--no-fund"]
        _run(["npm", "install", *flags, "--omit-lockfile-registry-resolved=true"], Path(temporary))
        lock_file = json.loads((Path(temporary) / "package-lock.json").read_text())
    for package in lock_file["packages"].values():
        package.pop("resolved", None)  # npm leaves a few despite the option
    text = json.dumps(lock_file, indent=2, ensure_ascii=False)
    (folder / "package-lock.json").write_text(text + "\n")


def _run(command: list[str], cwd: Path) -> None:
    env = clean_env({"PATH": os.environ.get("PATH", "")})
    completed = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        raise SetupError(f"{' '.join(command)}\n{completed.stderr.strip()}")
