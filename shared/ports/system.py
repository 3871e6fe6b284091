"""The clock and the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol


class Clock(Protocol):
    """The time, in UTC, and sleep."""

    def now(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


class Log(Protocol):
    """One named event, as JSON in the cloud."""

    def __call__(self, event: str, /, *, severity: str = "INFO", **details: Any) -> None: ...
