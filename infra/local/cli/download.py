"""Downloads a job's artifacts to a folder. Files that this command did not write are never
overwritten."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.cli.progress import ProgressDisplay
from infra.local.client.api_client import Client, TransferError

_RECORD = ".moodreel.json"
"""Name of the file that records size and time of every download, so that the next run may replace
them."""


def download_artifacts(
    client: Client, artifacts: list[Mapping[str, Any]], folder: Path, display: ProgressDisplay
) -> list[Path]:
    """Downloads every artifact. Returns the paths, in the order of the job."""
    folder.mkdir(parents=True, exist_ok=True)
    records = _read_record(folder)
    paths = []
    for artifact in artifacts:
        target = _target_path(_safe_name(str(artifact["name"])), folder, records)
        total = int(artifact["size_bytes"])

        def on_progress(done: int, name: str = target.name, total: int = total) -> None:
            display.show_transfer(name, done, total)

        client.download(artifact, target, on_progress)
        display.finish()
        stat = target.stat()
        records[target.name] = [stat.st_size, stat.st_mtime_ns]
        (folder / _RECORD).write_text(json.dumps(records))
        paths.append(target)
    return paths


def _safe_name(name: str) -> str:
    """Returns an artifact's name when it is safe as a file name.

    Raises TransferError otherwise.
    """
    if name in ("", ".", "..") or name.startswith(".") or any(c in name for c in "/\\\0"):
        raise TransferError(f"A result has a name that cannot be a file name: {name!r}")
    return name


def _target_path(name: str, folder: Path, records: Mapping[str, list[int]]) -> Path:
    """Returns `frames.zip`, or `frames-2.zip` when `frames.zip` was not written by this command."""
    number = 1
    while True:
        target = folder / (name if number == 1 else _numbered(name, number))
        if not target.exists() and not target.is_symlink():
            return target
        stat = target.lstat()
        if records.get(target.name) == [stat.st_size, stat.st_mtime_ns]:
            return target
        number += 1


def _numbered(name: str, number: int) -> str:
    path = Path(name)
    return f"{path.stem}-{number}{path.suffix}"


def _read_record(folder: Path) -> dict[str, list[int]]:
    with contextlib.suppress(OSError, ValueError):
        record = json.loads((folder / _RECORD).read_text())
        if isinstance(record, dict):
            return record
    return {}
