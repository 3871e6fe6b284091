"""Spans by OpenTelemetry: into Cloud Trace, or as JSON lines into a folder of the local suite.

Imported with the first span and not before: the SDK costs as much as a client library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from shared.runtime.tracing import Span, Tracer, trace_and_span_ids

SCOPE = "https://www.googleapis.com/auth/trace.append"
ENDPOINT = "https://cloudtrace.googleapis.com"
TIMEOUT_S = 3
FLUSH_MS = 3000
MAX_QUEUED_SPANS = 512
"""Spans that wait to be sent; beyond that the newest are dropped, never the work."""


def create_tracer(project: str, destination: str) -> Tracer:
    """Into Cloud Trace when `where` is "cloud", else into a file below the folder `where`."""
    if destination == "cloud":
        return OpenTelemetry(
            BatchSpanProcessor(CloudTraceExporter(project), max_queue_size=MAX_QUEUED_SPANS)
        )
    return OpenTelemetry(SimpleSpanProcessor(JsonLinesExporter(Path(destination))))


class OpenTelemetry:
    """Tracer over the SDK's own provider; nothing is registered globally."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor
        self._provider = TracerProvider(resource=Resource({}), shutdown_on_exit=True)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("moodreel")

    @contextmanager
    def span(self, name: str, parent: str, **attributes: str | int | float) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, _context(parent), attributes=attributes, record_exception=False
        ) as span:
            yield _Live(span)

    def flush(self) -> None:
        self._processor.force_flush(FLUSH_MS)


class _Live:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def set_attributes(self, **attributes: str | int | float) -> None:
        self._span.set_attributes(attributes)


def _context(parent: str) -> Any:
    found = trace_and_span_ids(parent)
    if found is None:
        # Not the current context: a thread's last span is no parent of this one.
        return trace.set_span_in_context(trace.INVALID_SPAN)
    far = trace.SpanContext(
        int(found[0], 16), int(found[1], 16), True, trace.TraceFlags(trace.TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(far))


class CloudTraceExporter(SpanExporter):
    """Cloud Trace's v2 REST API, `traces:batchWrite`. What cannot be sent is dropped: a trace is
    worth less than the work that it tells of."""

    def __init__(self, project: str, session: Any = None, endpoint: str = ENDPOINT) -> None:
        self._project = project
        self._session = session
        self._url = f"{endpoint}/v2/projects/{project}/traces:batchWrite"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        body = {"spans": [_cloud_span(self._project, one) for one in spans]}
        try:
            if self._session is None:
                self._session = AuthorizedSession(google.auth.default(scopes=[SCOPE])[0])
            answer = self._session.post(self._url, json=body, timeout=TIMEOUT_S)
        except (GoogleAuthError, OSError):
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS if answer.ok else SpanExportResult.FAILURE


class JsonLinesExporter(SpanExporter):
    """One JSON object a span, one file a process, for whoever looks at a local suite."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{os.getpid()}.jsonl"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._file.open("a") as out:
            out.write("".join(json.dumps(_plain_span(one)) + "\n" for one in spans))
        return SpanExportResult.SUCCESS


def _cloud_span(project: str, span: ReadableSpan) -> dict[str, Any]:
    told = _plain_span(span)
    return {
        "name": f"projects/{project}/traces/{told['trace']}/spans/{told['span']}",
        "spanId": told["span"],
        **({"parentSpanId": told["parent"]} if told["parent"] else {}),
        "displayName": {"value": told["name"][:128]},
        "startTime": told["start"],
        "endTime": told["end"],
        "attributes": {"attributeMap": {k: _value(v) for k, v in told["attributes"].items()}},
        # google.rpc.Code: UNKNOWN, as the SDK knows no better.
        **({} if span.status.is_ok else {"status": {"code": 2}}),
    }


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": {"value": str(value)[:256]}}


def _plain_span(span: ReadableSpan) -> dict[str, Any]:
    context, parent = span.get_span_context(), span.parent
    assert context is not None  # noqa: S101 - a finished span has one
    return {
        "trace": f"{context.trace_id:032x}",
        "span": f"{context.span_id:016x}",
        "parent": "" if parent is None else f"{parent.span_id:016x}",
        "name": span.name,
        "start": _time(span.start_time or 0),
        "end": _time(span.end_time or 0),
        "ok": span.status.is_ok,
        "attributes": dict(span.attributes or {}),
    }


def _time(ns: int) -> str:
    """RFC 3339 to the microsecond; nanoseconds since 1970 in."""
    moment = datetime.fromtimestamp(ns // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % 10**9 // 1000:06d}Z"
