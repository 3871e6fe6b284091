"""Renders the synchronous client from the asynchronous one: `_sync` from `_async`.

unasync removes `async` and `await` and replaces names; ruff formats the result.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import unasync

from infra.client import CLIENT_FOLDER

SOURCE = CLIENT_FOLDER / "moodreel" / "_async"
TARGET = SOURCE.with_name("_sync")
_NAMES = {
    "_async": "_sync",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncClient": "Client",
    "AsyncJob": "Job",
    "AsyncTransport": "Transport",
}
_NOTE = "# Rendered from _async by infra/tools/render.py; do not edit.\n"


def render() -> dict[Path, str]:
    """Returns the files of the synchronous client."""
    sources = sorted(SOURCE.glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        rule = unasync.Rule(str(SOURCE), folder, _NAMES)
        unasync.unasync_files([str(path) for path in sources], [rule])
        files = {TARGET / path.name: (Path(folder) / path.name).read_text() for path in sources}
    return {path: _NOTE + _format(path, text) for path, text in files.items()}


def _format(path: Path, text: str) -> str:
    # Imports are sorted, and loops that only yield become `yield from`, as ruff demands.
    fixes = ["check", "--fix-only", "--unsafe-fixes", "--select=I,UP028"]
    for arguments in (fixes, ["format"]):
        # With the name of the target, which has the settings of the project.
        command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"]
        text = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout
    return text
