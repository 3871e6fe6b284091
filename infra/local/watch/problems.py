"""What went wrong lately, out of the logs of a suite; only what is new is read."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_SILENT = ("firestore", "pubsub", "auth")
"""Their logs warn of their own affairs."""
_TAIL_BYTES = 256 * 1024
"""How far back a log is read at first."""
_BAD = ("WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_PLAIN = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b[\]: ]*(.*)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of a log that a person may want to see."""

    logged_at: datetime
    service: str
    severity: str
    job: str
    text: str


class ProblemLog:
    """The last `keep` complaints of a suite; `read` looks for new ones."""

    def __init__(self, logs: Path, max_count: int = 200) -> None:
        self._logs = logs
        self._read: dict[Path, int] = {}
        self._kept: deque[Problem] = deque(maxlen=max_count)

    def read(self) -> list[Problem]:
        """All that are kept, newest first."""
        found: list[Problem] = []
        for path in sorted(self._logs.glob("*.log")):
            if path.stem not in _SILENT:
                found += self._fresh(path)
        self._kept.extend(sorted(found, key=lambda one: one.logged_at))
        return sorted(self._kept, key=lambda one: one.logged_at, reverse=True)

    def _fresh(self, path: Path) -> list[Problem]:
        try:
            told = path.stat()
            begin = self._read.get(path, max(0, told.st_size - _TAIL_BYTES))
            if told.st_size < begin:  # begun anew with a new suite
                begin = 0
            with path.open("rb") as log:
                log.seek(begin)
                block = log.read(told.st_size - begin)
        except FileNotFoundError:
            return []
        whole = block[: block.rfind(b"\n") + 1]
        self._read[path] = begin + len(whole)
        written = datetime.fromtimestamp(told.st_mtime, UTC)
        lines = whole.decode(errors="replace").splitlines()
        return [one for line in lines if (one := parse_log_line(path.stem, line, written))]


def parse_log_line(service: str, line: str, modified_at: datetime) -> Problem | None:
    """A line as a complaint, or None when it is none; `written` dates a line without a time."""
    try:
        row = json.loads(line) if line.startswith("{") else None
    except ValueError:
        row = None
    if isinstance(row, dict):
        return _event(service, row, modified_at)
    found = _PLAIN.search(line)
    return Problem(modified_at, service, found[1], "", found[2]) if found else None


def _event(service: str, row: dict[str, Any], written: datetime) -> Problem | None:
    severity = str(row.get("severity", ""))
    if severity not in _BAD and "code" not in row:
        return None
    try:
        at = datetime.fromisoformat(str(row.get("time")))
    except ValueError:
        at = written
    # The last line of a traceback names what happened.
    why = str(row.get("reason") or "").strip().splitlines()[-1:]
    told = [str(row.get("message", "")), str(row.get("code") or ""), *why]
    job = str(row.get("job") or "")
    text = " · ".join(part for part in told if part)
    return Problem(at if at.tzinfo else at.replace(tzinfo=UTC), service, severity, job, text)
