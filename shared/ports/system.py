"""The clock and the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol


class Clock(Protocol):
    """The time in UTC, and sleeping."""

    def now(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


class Log(Protocol):
    """Writes a named event. `severity` is a severity of Cloud Logging."""

    def __call__(self, event: str, /, *, severity: str = "INFO", **details: Any) -> None: ...
