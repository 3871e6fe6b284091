"""Traces: one per job, across all of its messages and objects.

The trace id is a hash of the job id. So a delivery that an object has triggered, which carries no
context, still belongs to the trace of its job, and logs can name the trace when tracing is off.
Between functions the W3C traceparent is in the envelope.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Span(Protocol):
    """A span in progress. `traceparent` is the context for its children."""

    @property
    def traceparent(self) -> str: ...
    def set_attributes(self, **attributes: str | int | float) -> None: ...


class Tracer(Protocol):
    """Creates spans below a traceparent; "" starts a trace."""

    def span(
        self, name: str, parent: str, **attributes: str | int | float
    ) -> AbstractContextManager[Span]: ...

    def flush(self) -> None:
        """Sends finished spans. After the response the platform takes the CPU away."""
        ...


class _PassThroughSpan:
    def __init__(self, traceparent: str) -> None:
        self.traceparent = traceparent

    def set_attributes(self, **attributes: str | int | float) -> None:
        """Does nothing."""


class NoOpTracer:
    """Records nothing and passes the context on."""

    @contextmanager
    def span(self, name: str, parent: str, **attributes: str | int | float) -> Iterator[Span]:  # noqa: ARG002
        yield _PassThroughSpan(parent)

    def flush(self) -> None:
        """Does nothing."""


def parent_traceparent(job_id: str, traceparent: str) -> str:
    """Returns the parent of a delivery's span: `traceparent` when it belongs to the trace of the
    job, else the root of that trace."""
    root = job_traceparent(job_id)
    ids, root_ids = trace_and_span_ids(traceparent), trace_and_span_ids(root)
    return traceparent if ids and root_ids and ids[0] == root_ids[0] else root


def job_traceparent(job_id: str) -> str:
    """Returns the traceparent of a job's trace."""
    digest = hashlib.sha256(f"moodreel/{job_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def trace_and_span_ids(traceparent: str) -> tuple[str, str] | None:
    """Returns the trace id and the span id in hex, or None for an invalid traceparent."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return (match[1], match[2]) if match else None


def log_fields(project: str, traceparent: str) -> dict[str, Any]:
    """Returns the fields by which Cloud Logging links a log entry to its span."""
    ids = trace_and_span_ids(traceparent)
    if ids is None:
        return {}
    trace_id, span_id = ids
    return {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{trace_id}",
        "logging.googleapis.com/spanId": span_id,
    }
