"""Puts a job's artifacts into a folder without ever overwriting a file that is not from us."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.cli.progress import ProgressDisplay
from infra.local.suite.api_client import Client, TransferError

_RECORD = ".moodreel.json"
"""In the folder: what we put there, with size and time, so that the next run may replace it."""


def download_artifacts(
    client: Client, artifacts: list[Mapping[str, Any]], folder: Path, display: ProgressDisplay
) -> list[Path]:
    """Download every artifact; the paths, in the order of the job."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = _read_record(folder)
    paths = []
    for artifact in artifacts:
        target = _place_for(_safe_name(str(artifact["name"])), folder, ours)
        total = int(artifact["size_bytes"])

        def moved(done: int, what: str = target.name, total: int = total) -> None:
            display.show_transfer(what, done, total)

        client.download(artifact, target, moved)
        display.finish()
        about = target.stat()
        ours[target.name] = [about.st_size, about.st_mtime_ns]
        (folder / _RECORD).write_text(json.dumps(ours))
        paths.append(target)
    return paths


def _safe_name(name: str) -> str:
    """A name from outside as a name of one file. Raises TransferError when it is none."""
    if name in ("", ".", "..") or name.startswith(".") or any(c in name for c in "/\\\0"):
        raise TransferError(f"A result has a name that cannot be a file here: {name!r}")
    return name


def _place_for(name: str, folder: Path, ours: Mapping[str, list[int]]) -> Path:
    """`frames.zip`, or `frames-2.zip` when a file stands there that we did not write."""
    number = 1
    while True:
        target = folder / (name if number == 1 else _numbered(name, number))
        if not target.exists() and not target.is_symlink():
            return target
        about = target.lstat()
        if ours.get(target.name) == [about.st_size, about.st_mtime_ns]:
            return target
        number += 1


def _numbered(name: str, number: int) -> str:
    path = Path(name)
    return f"{path.stem}-{number}{path.suffix}"


def _read_record(folder: Path) -> dict[str, list[int]]:
    with contextlib.suppress(OSError, ValueError):
        told = json.loads((folder / _RECORD).read_text())
        if isinstance(told, dict):
            return told
    return {}
