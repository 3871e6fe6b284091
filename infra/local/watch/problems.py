"""Reads recent problems from the logs of a suite. Each call reads only new lines."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_IGNORED_SERVICES = ("firestore", "pubsub", "auth")
"""Warnings in their logs do not concern Moodreel."""
_TAIL_BYTES = 256 * 1024
"""How much of a log's end the first read covers."""
_PROBLEM_SEVERITIES = ("WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_TEXT_LINE = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b[\]: ]*(.*)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One log line that reports a problem."""

    logged_at: datetime
    service: str
    severity: str
    job: str
    text: str


class ProblemLog:
    """The last `max_count` problems of a suite. `read` adds new ones."""

    def __init__(self, logs: Path, max_count: int = 200) -> None:
        self._logs = logs
        self._offsets: dict[Path, int] = {}
        self._problems: deque[Problem] = deque(maxlen=max_count)

    def read(self) -> list[Problem]:
        """Returns the problems, newest first."""
        problems: list[Problem] = []
        for path in sorted(self._logs.glob("*.log")):
            if path.stem not in _IGNORED_SERVICES:
                problems += self._read_new(path)
        self._problems.extend(sorted(problems, key=lambda problem: problem.logged_at))
        return sorted(self._problems, key=lambda problem: problem.logged_at, reverse=True)

    def _read_new(self, path: Path) -> list[Problem]:
        try:
            stat = path.stat()
            offset = self._offsets.get(path, max(0, stat.st_size - _TAIL_BYTES))
            if stat.st_size < offset:  # a new suite has truncated it
                offset = 0
            with path.open("rb") as log:
                log.seek(offset)
                data = log.read(stat.st_size - offset)
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self._offsets[path] = offset + len(complete)
        modified_at = datetime.fromtimestamp(stat.st_mtime, UTC)
        lines = complete.decode(errors="replace").splitlines()
        return [
            problem for line in lines if (problem := parse_log_line(path.stem, line, modified_at))
        ]


def parse_log_line(service: str, line: str, modified_at: datetime) -> Problem | None:
    """Returns the problem that a line reports, or None. Lines without a time get `modified_at`."""
    try:
        row = json.loads(line) if line.startswith("{") else None
    except ValueError:
        row = None
    if isinstance(row, dict):
        return _parse_event(service, row, modified_at)
    match = _TEXT_LINE.search(line)
    return Problem(modified_at, service, match[1], "", match[2]) if match else None


def _parse_event(service: str, row: dict[str, Any], modified_at: datetime) -> Problem | None:
    severity = str(row.get("severity", ""))
    if severity not in _PROBLEM_SEVERITIES and "code" not in row:
        return None
    try:
        logged_at = datetime.fromisoformat(str(row.get("time")))
    except ValueError:
        logged_at = modified_at
    # The last line of a traceback names the exception.
    reason = str(row.get("reason") or "").strip().splitlines()[-1:]
    parts = [str(row.get("message", "")), str(row.get("code") or ""), *reason]
    job = str(row.get("job") or "")
    text = " · ".join(part for part in parts if part)
    return Problem(
        logged_at if logged_at.tzinfo else logged_at.replace(tzinfo=UTC),
        service,
        severity,
        job,
        text,
    )
