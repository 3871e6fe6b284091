"""`lock`: brings every lock file up to date with one command."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from infra.local import prerequisites
from infra.local.console import WEB
from infra.local.installs import HERE, clean_env, find_uv
from infra.local.layout import ROOT, SetupError
from infra.local.running import say_aside

OLDEST_PYTHON = "3.11"


def lock(asked: argparse.Namespace) -> int:
    """Resolve all requirements anew; without --upgrade only what an .in file asks for changes."""
    uv = find_uv(say_aside)
    sources = sorted(ROOT.glob("functions/*/requirements*.in"))
    sources += [HERE / "requirements.in", ROOT / "infra" / "sbom.in", ROOT / "requirements-dev.in"]
    # Tools of tests that cannot share an environment with anything.
    sources += sorted(ROOT.glob("tests/**/*.in"))
    for source in sources:
        target = source.with_suffix(".txt")
        before = target.read_text() if target.exists() else ""
        _compile(uv, source, target, upgrade=asked.upgrade)
        state = "unchanged" if target.read_text() == before else "changed"
        print(f"{target.relative_to(ROOT)}: {state}")
    if asked.upgrade:
        for home in (HERE, WEB):
            _lock_npm(home)
            print(f"{home.relative_to(ROOT)}/package-lock.json: resolved anew")
    return 0


def _compile(uv: str, source: Path, target: Path, *, upgrade: bool) -> None:
    command = [
        uv, "pip", "compile", "--quiet",
        # For every Python that we run on, and without the address of anybody's package index.
        "--python-version", OLDEST_PYTHON, "--universal", "--no-emit-index-url", "--no-header",
        *(["--upgrade"] if upgrade else []),
        str(source.relative_to(ROOT)), "--output-file", str(target.relative_to(ROOT)),
    ]  # fmt: skip
    _run(command, ROOT)


def _lock_npm(home: Path) -> None:
    """A lock with versions and hashes, but without addresses, so that any mirror serves it."""
    if prerequisites.find_node() is None:
        raise SetupError("Locking the npm packages needs Node 20 and npm on PATH.")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(home / "package.json", folder)
        flags = ["--ignore-scripts", "--package-lock-only", "--no-audit", "--no-fund"]
        _run(["npm", "install", *flags, "--omit-lockfile-registry-resolved=true"], Path(folder))
        told = json.loads((Path(folder) / "package-lock.json").read_text())
    for package in told["packages"].values():
        package.pop("resolved", None)  # npm forgets a few
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (home / "package-lock.json").write_text(text + "\n")


def _run(command: list[str], cwd: Path) -> None:
    env = clean_env({"PATH": os.environ.get("PATH", "")})
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"{' '.join(command)}\n{done.stderr.strip()}")
