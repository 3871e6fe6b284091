"""Structured logs: named events, one JSON object per line, in the format of Cloud Logging.

Prompts, tokens, signed URLs and addresses must not be logged.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# Secrets that are hidden in case they get into a field: signatures, upload sessions and codes in
# URLs, ID tokens, API keys, capabilities (48 hexadecimal digits, as no other id has) and email
# addresses.
_SECRET = re.compile(
    r"(?<=X-Goog-Signature=)[0-9A-Fa-f%]+"
    r"|(?<=upload_id=)[\w%-]+|(?<=oobCode=)[\w%-]+"
    r"|(?<=[Bb]earer )[\w.~+/-]+=*"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|\bAIza[\w-]{20,}"
    r"|(?<![0-9a-f])[0-9a-f]{48}(?![0-9a-f])"
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
)
HIDDEN = "(hidden)"

_bound: ContextVar[dict[str, Any] | None] = ContextVar("bound", default=None)


def bind(**fields: Any) -> None:
    """Sets the fields that every later event of this delivery or request carries."""
    _bound.set(fields)


def log(event: str, /, *, severity: str = "INFO", **details: Any) -> None:
    """Writes an event. `severity` is a severity of Cloud Logging."""
    # The name of the event comes last, so that no field replaces it.
    row = {
        "severity": severity,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **(_bound.get() or {}),
        **details,
        "message": event,
    }
    line = json.dumps(_to_json(row), ensure_ascii=False)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _to_json(value: Any) -> Any:
    """Returns the value for JSON, with secrets hidden. They are hidden before the value is encoded,
    because in JSON the first letter of a secret may be part of an escape sequence."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_json(item) for item in value]
    return _SECRET.sub(HIDDEN, str(value))
