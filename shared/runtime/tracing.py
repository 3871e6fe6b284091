"""Traces: one a job, across every message and every object on its way.

A trace's id is made from the job's, so that a delivery which an object woke, and which therefore
carries no context, still belongs to its job's trace; and logs can name it with tracing switched
off. Between functions the W3C traceparent travels in the envelope.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Span(Protocol):
    """A piece of work while it is done. `traceparent` is what its children are told."""

    @property
    def traceparent(self) -> str: ...
    def set_attributes(self, **attributes: str | int | float) -> None: ...


class Tracer(Protocol):
    """Makes spans below a traceparent; "" begins a trace."""

    def span(
        self, name: str, parent: str, **attributes: str | int | float
    ) -> AbstractContextManager[Span]: ...

    def flush(self) -> None:
        """Send what is finished now: after an answer, the platform takes the processor away."""
        ...


class _Passed:
    def __init__(self, traceparent: str) -> None:
        self.traceparent = traceparent

    def set_attributes(self, **attributes: str | int | float) -> None:
        """Nobody looks."""


class NoOpTracer:
    """Records nothing and hands the context on."""

    @contextmanager
    def span(self, name: str, parent: str, **attributes: str | int | float) -> Iterator[Span]:  # noqa: ARG002
        yield _Passed(parent)

    def flush(self) -> None:
        """There is nothing."""


def parent_traceparent(job_id: str, traceparent: str) -> str:
    """What a delivery's span hangs below: what it was told, when that is of the job's own trace,
    else the root of that trace."""
    root = job_traceparent(job_id)
    told = _TRACEPARENT.fullmatch(traceparent)
    return traceparent if told and told[1] == _TRACEPARENT.fullmatch(root)[1] else root  # type: ignore[index]


def job_traceparent(job_id: str) -> str:
    """The traceparent of a job's own trace."""
    digest = hashlib.sha256(f"moodreel/{job_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def trace_and_span_ids(traceparent: str) -> tuple[str, str] | None:
    """Trace and span id, in hex; None for what is no traceparent."""
    told = _TRACEPARENT.fullmatch(traceparent)
    return (told[1], told[2]) if told else None


def log_fields(project: str, traceparent: str) -> dict[str, Any]:
    """By which Cloud Logging shows a line beside its span."""
    found = trace_and_span_ids(traceparent)
    if found is None:
        return {}
    return {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{found[0]}",
        "logging.googleapis.com/spanId": found[1],
    }
