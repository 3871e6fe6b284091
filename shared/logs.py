"""Logs are named events: one JSON object a line, in the shape that Cloud Logging reads.

No prompts, tokens, signed URLs or addresses go in here.
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_bound: ContextVar[dict[str, Any] | None] = ContextVar("bound", default=None)


def bind(**fields: Any) -> None:
    """Fields that every event of this delivery or request carries from now on."""
    _bound.set(fields)


def log(event: str, /, *, severity: str = "INFO", **details: Any) -> None:
    """Write one event. `severity` is one of Cloud Logging's."""
    # The event's name comes last: no detail may take its place.
    row = {
        "severity": severity,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **(_bound.get() or {}),
        **details,
        "message": event,
    }
    sys.stdout.write(json.dumps(row, default=str, ensure_ascii=False) + "\n")
    sys.stdout.flush()
