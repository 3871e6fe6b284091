"""One trace per job, across messages with a context and objects without one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from infra.local.cli.waterfall import build_bars, draw_waterfall, find_spans
from infra.local.setup.tools import requirements_file
from infra.local.suite.layout import SetupError
from shared.adapters.opentelemetry import CloudTraceExporter, OpenTelemetry, create_tracer
from shared.pipeline import FUNCTIONS, Function
from shared.runtime.tracing import (
    NoOpTracer,
    job_traceparent,
    log_fields,
    parent_traceparent,
    trace_and_span_ids,
)

ROWS = list(FUNCTIONS.values())
TRACED = [row for row in ROWS if row.name != "console"]
"""The console serves files only and creates no spans."""
JOB = "a" * 20
OTHER = "b" * 20


def read_spans(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]


def test_delivery_triggered_by_an_object_is_in_the_trace_of_its_job(tmp_path: Path) -> None:
    traces = create_tracer("p", str(tmp_path))
    with traces.span("upload_trigger video", parent_traceparent(JOB, ""), job=JOB) as first:
        traceparent = first.traceparent
    with traces.span("frame_extraction 0", parent_traceparent(JOB, traceparent), job=JOB):
        pass
    with traces.span("emotion_scoring 0", parent_traceparent(JOB, ""), job=JOB):
        pass
    rows = {row["name"]: row for row in read_spans(tmp_path)}
    assert {row["trace"] for row in rows.values()} == {job_traceparent(JOB)[3:35]}
    assert rows["frame_extraction 0"]["parent"] == rows["upload_trigger video"]["span"]


def test_foreign_context_is_ignored() -> None:
    foreign = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    assert parent_traceparent(JOB, foreign) == job_traceparent(JOB)
    assert parent_traceparent(JOB, job_traceparent(OTHER)) == job_traceparent(JOB)
    assert parent_traceparent(JOB, "rubbish\n") == job_traceparent(JOB)
    assert parent_traceparent(JOB, job_traceparent(JOB)) == job_traceparent(JOB)


def test_context_is_passed_on_without_tracing() -> None:
    with NoOpTracer().span("x", job_traceparent(JOB)) as span:
        assert span.traceparent == job_traceparent(JOB)
    fields = log_fields("p", span.traceparent)
    assert (
        fields["logging.googleapis.com/trace"] == f"projects/p/traces/{job_traceparent(JOB)[3:35]}"
    )
    assert log_fields("p", "") == {}


def test_failed_span_is_marked_and_raises(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        create_tracer("p", str(tmp_path)).span("work", job_traceparent(JOB)),
    ):
        _ = 1 / 0
    [row] = read_spans(tmp_path)
    assert row["ok"] is False
    # The message of an error may contain text of a user.
    assert "division" not in json.dumps(row)


class _CloudTraceHandler(BaseHTTPRequestHandler):
    bodies: list[tuple[str, Any]] = []  # noqa: RUF012 - one server, one test
    status = 200

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.bodies.append((self.path, json.loads(self.rfile.read(length))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


@pytest.fixture
def cloud_trace() -> Iterator[str]:
    """A server that accepts the requests of Cloud Trace. Returns its URL."""
    _CloudTraceHandler.bodies, _CloudTraceHandler.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), _CloudTraceHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def create_exporting_tracer(endpoint: str) -> OpenTelemetry:
    session = requests.Session()
    session.trust_env = False
    return OpenTelemetry(SimpleSpanProcessor(CloudTraceExporter("p", session, endpoint)))


def test_spans_are_sent_in_the_format_of_the_v2_api(cloud_trace: str) -> None:
    with create_exporting_tracer(cloud_trace).span(
        "work", job_traceparent(JOB), attempt=2, stage="stitching"
    ) as span:
        ids = trace_and_span_ids(span.traceparent)
    assert ids is not None
    [(path, body)] = _CloudTraceHandler.bodies
    assert path == "/v2/projects/p/traces:batchWrite"
    [sent] = body["spans"]
    # https://cloud.google.com/trace/docs/reference/v2/rest/v2/projects.traces/batchWrite
    assert sent["name"] == f"projects/p/traces/{ids[0]}/spans/{ids[1]}"
    assert sent["spanId"] == ids[1]
    assert sent["parentSpanId"] == job_traceparent(JOB)[36:52]
    assert sent["displayName"] == {"value": "work"}
    assert sent["startTime"].endswith("Z")
    assert sent["startTime"] <= sent["endTime"]
    assert sent["attributes"]["attributeMap"] == {
        "attempt": {"intValue": "2"},
        "stage": {"stringValue": {"value": "stitching"}},
    }


def test_unavailable_cloud_trace_does_not_affect_work(cloud_trace: str) -> None:
    _CloudTraceHandler.status = 503
    with create_exporting_tracer(cloud_trace).span("work", job_traceparent(JOB)):
        pass
    with create_exporting_tracer("http://127.0.0.1:9").span("work", job_traceparent(JOB)) as span:
        span.set_attributes(reply="ack")


@pytest.mark.parametrize("function", TRACED, ids=lambda row: row.name)
def test_opentelemetry_is_pinned_for_every_function(function: Function) -> None:
    """The Pub/Sub client depends on it; no requirements.in names it."""
    assert "\nopentelemetry-sdk==" in requirements_file(function.name).read_text()


# --- the waterfall ------------------------------------------------------------------------------


def make_span(
    span: str, parent: str, name: str, start: float, end: float, **attributes: Any
) -> Any:
    return {
        "trace": "t", "span": span, "parent": parent, "name": name, "ok": True,
        "start": f"2026-01-01T00:00:{start:09.6f}Z", "end": f"2026-01-01T00:00:{end:09.6f}Z",
        "attributes": attributes,
    }  # fmt: skip


def test_waterfall_shows_parents_and_times() -> None:
    rows = [
        make_span("2", "1", "work", 1.5, 3, attempt=2),
        make_span("1", "gone", "frame_extraction 0", 1, 4, reply="ack", job=JOB),
        make_span("3", "1", "stitching 0", 4, 5, reply="nack", job=JOB),
    ]
    assert [(bar.depth, bar.name, bar.start_s) for bar in build_bars(rows)] == [
        (0, "frame_extraction 0", 0), (1, "work", 0.5), (1, "stitching 0", 3),
    ]  # fmt: skip
    lines = draw_waterfall(rows, 120)
    assert lines[0] == "3 spans in 4.00 s"
    assert "attempt 2" in lines[2]
    assert lines[3].index("▒") > lines[2].index("▒")
    assert all(len(line) <= 120 for line in lines)


def test_spans_are_found_by_a_unique_prefix_of_the_job_id(tmp_path: Path) -> None:
    traces = create_tracer("p", str(tmp_path))
    for job in (JOB, "a" * 19 + "c", OTHER):
        with traces.span("x", job_traceparent(job), job=job):
            pass
    (tmp_path / "9.jsonl").write_text('{"cut off')
    assert [row["attributes"]["job"] for row in find_spans(tmp_path, "b")] == [OTHER]
    with pytest.raises(SetupError, match="2 jobs"):
        find_spans(tmp_path, "aaa")
    assert find_spans(tmp_path, "z") == []
