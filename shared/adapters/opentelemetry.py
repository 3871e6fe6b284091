"""Spans with OpenTelemetry: to Cloud Trace, or as JSON lines to a folder of the local suite.

This module is imported with the first span: the SDK costs as much CPU time as a client library.
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
"""Spans that wait for export. Beyond this number new spans are dropped; work is never delayed."""


def create_tracer(project: str, destination: str) -> Tracer:
    """Returns a tracer for Cloud Trace if `destination` is "cloud", otherwise for that folder."""
    if destination == "cloud":
        return OpenTelemetry(
            BatchSpanProcessor(CloudTraceExporter(project), max_queue_size=MAX_QUEUED_SPANS)
        )
    return OpenTelemetry(SimpleSpanProcessor(JsonLinesExporter(Path(destination))))


class OpenTelemetry:
    """Tracer with a provider of its own; nothing is registered globally."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor
        self._provider = TracerProvider(resource=Resource({}), shutdown_on_exit=True)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("moodreel")

    @contextmanager
    def span(self, name: str, parent: str, **attributes: str | int | float) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, _parent_context(parent), attributes=attributes, record_exception=False
        ) as span:
            yield _OpenTelemetrySpan(span)

    def flush(self) -> None:
        self._processor.force_flush(FLUSH_MS)


class _OpenTelemetrySpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def set_attributes(self, **attributes: str | int | float) -> None:
        self._span.set_attributes(attributes)


def _parent_context(parent: str) -> Any:
    ids = trace_and_span_ids(parent)
    if ids is None:
        # Not the current context: the last span of a thread is not the parent of this one.
        return trace.set_span_in_context(trace.INVALID_SPAN)
    remote = trace.SpanContext(
        int(ids[0], 16), int(ids[1], 16), True, trace.TraceFlags(trace.TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote))


class CloudTraceExporter(SpanExporter):
    """Exports to Cloud Trace's v2 REST API, `traces:batchWrite`. Drops spans that cannot be sent:
    the work is more important than its trace."""

    def __init__(self, project: str, session: Any = None, endpoint: str = ENDPOINT) -> None:
        self._project = project
        self._session = session
        self._url = f"{endpoint}/v2/projects/{project}/traces:batchWrite"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        body = {"spans": [_cloud_span(self._project, span) for span in spans]}
        try:
            if self._session is None:
                self._session = AuthorizedSession(google.auth.default(scopes=[SCOPE])[0])
            response = self._session.post(self._url, json=body, timeout=TIMEOUT_S)
        except (GoogleAuthError, OSError):
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS if response.ok else SpanExportResult.FAILURE


class JsonLinesExporter(SpanExporter):
    """Writes one JSON object per span and one file per process, for the local suite."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{os.getpid()}.jsonl"

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._file.open("a") as file:
            file.write("".join(json.dumps(_span_to_dict(span)) + "\n" for span in spans))
        return SpanExportResult.SUCCESS


def _cloud_span(project: str, span: ReadableSpan) -> dict[str, Any]:
    data = _span_to_dict(span)
    return {
        "name": f"projects/{project}/traces/{data['trace']}/spans/{data['span']}",
        "spanId": data["span"],
        **({"parentSpanId": data["parent"]} if data["parent"] else {}),
        "displayName": {"value": data["name"][:128]},
        "startTime": data["start"],
        "endTime": data["end"],
        "attributes": {
            "attributeMap": {k: _attribute_value(v) for k, v in data["attributes"].items()}
        },
        # google.rpc.Code UNKNOWN: the SDK has no more specific code.
        **({} if span.status.is_ok else {"status": {"code": 2}}),
    }


def _attribute_value(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": {"value": str(value)[:256]}}


def _span_to_dict(span: ReadableSpan) -> dict[str, Any]:
    context, parent = span.get_span_context(), span.parent
    assert context is not None  # noqa: S101 - a finished span has one
    return {
        "trace": f"{context.trace_id:032x}",
        "span": f"{context.span_id:016x}",
        "parent": "" if parent is None else f"{parent.span_id:016x}",
        "name": span.name,
        "start": _format_time(span.start_time or 0),
        "end": _format_time(span.end_time or 0),
        "ok": span.status.is_ok,
        "attributes": dict(span.attributes or {}),
    }


def _format_time(ns: int) -> str:
    """Formats nanoseconds since 1970 as RFC 3339 with microseconds."""
    time = datetime.fromtimestamp(ns // 10**9, UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{ns % 10**9 // 1000:06d}Z"
