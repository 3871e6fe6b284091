"""Logs are named events: one JSON object a line, in the shape that Cloud Logging reads.

No prompts, tokens, signed URLs or addresses go in here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# What must not stand in a log, should it ever get into a detail: signatures and tokens in
# addresses, ID tokens, API keys, capabilities of ours, and people's addresses.
_SECRET = re.compile(
    r"(?<=X-Goog-Signature=)[0-9A-Fa-f%]+"
    r"|(?<=[Bb]earer )[\w.~+/-]+=*"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|\bAIza[\w-]{20,}"
    r"|(?<=/v1/share/)[0-9a-f]{16,}"
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
)
HIDDEN = "(hidden)"

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
    line = json.dumps(_told(row), ensure_ascii=False)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _told(value: Any) -> Any:
    """The value as JSON can say it and as a log may keep it. Before it is JSON: in there a secret's
    first letter may be part of an escape."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _told(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_told(one) for one in value]
    return _SECRET.sub(HIDDEN, str(value))
