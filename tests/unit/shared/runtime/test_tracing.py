"""One trace a job: across messages that carry a context and objects that carry none."""

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

BUILT = [row for row in FUNCTIONS.values() if row.is_built]
TRACED = [row for row in BUILT if row.name != "console"]
"""The console hands out files alone and makes no spans."""
JOB = "a" * 20
OTHER = "b" * 20


def spans(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]


def test_a_delivery_that_an_object_woke_is_of_its_jobs_trace(tmp_path: Path) -> None:
    traces = create_tracer("p", str(tmp_path))
    with traces.span("upload_trigger video", parent_traceparent(JOB, ""), job=JOB) as first:
        told = first.traceparent
    with traces.span("frame_extraction 0", parent_traceparent(JOB, told), job=JOB):
        pass
    with traces.span("emotion_scoring 0", parent_traceparent(JOB, ""), job=JOB):
        pass
    found = {one["name"]: one for one in spans(tmp_path)}
    assert {one["trace"] for one in found.values()} == {job_traceparent(JOB)[3:35]}
    assert found["frame_extraction 0"]["parent"] == found["upload_trigger video"]["span"]


def test_a_context_of_somebody_elses_does_not_take_a_job_into_his_trace() -> None:
    theirs = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    assert parent_traceparent(JOB, theirs) == job_traceparent(JOB)
    assert parent_traceparent(JOB, job_traceparent(OTHER)) == job_traceparent(JOB)
    assert parent_traceparent(JOB, "rubbish\n") == job_traceparent(JOB)
    assert parent_traceparent(JOB, job_traceparent(JOB)) == job_traceparent(JOB)


def test_with_traces_off_the_context_travels_and_logs_still_name_it() -> None:
    with NoOpTracer().span("x", job_traceparent(JOB)) as span:
        assert span.traceparent == job_traceparent(JOB)
    fields = log_fields("p", span.traceparent)
    assert (
        fields["logging.googleapis.com/trace"] == f"projects/p/traces/{job_traceparent(JOB)[3:35]}"
    )
    assert log_fields("p", "") == {}


def test_a_span_that_fails_says_so_and_lets_the_fault_through(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        create_tracer("p", str(tmp_path)).span("work", job_traceparent(JOB)),
    ):
        _ = 1 / 0
    [told] = spans(tmp_path)
    assert told["ok"] is False
    # What a fault says may carry what a person wrote.
    assert "division" not in json.dumps(told)


class _Heard(BaseHTTPRequestHandler):
    bodies: list[tuple[str, Any]] = []  # noqa: RUF012 - one server, one test
    status = 200

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.bodies.append((self.path, json.loads(self.rfile.read(length))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def cloud_trace() -> Iterator[str]:
    """Something on the wire that takes what Cloud Trace would."""
    _Heard.bodies, _Heard.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), _Heard)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def exported(endpoint: str) -> OpenTelemetry:
    session = requests.Session()
    session.trust_env = False
    return OpenTelemetry(SimpleSpanProcessor(CloudTraceExporter("p", session, endpoint)))


def test_cloud_trace_is_sent_spans_in_the_form_of_its_v2_api(cloud_trace: str) -> None:
    with exported(cloud_trace).span(
        "work", job_traceparent(JOB), attempt=2, stage="stitching"
    ) as span:
        told = trace_and_span_ids(span.traceparent)
    assert told is not None
    [(path, body)] = _Heard.bodies
    assert path == "/v2/projects/p/traces:batchWrite"
    [sent] = body["spans"]
    # https://cloud.google.com/trace/docs/reference/v2/rest/v2/projects.traces/batchWrite
    assert sent["name"] == f"projects/p/traces/{told[0]}/spans/{told[1]}"
    assert sent["spanId"] == told[1]
    assert sent["parentSpanId"] == job_traceparent(JOB)[36:52]
    assert sent["displayName"] == {"value": "work"}
    assert sent["startTime"].endswith("Z")
    assert sent["startTime"] <= sent["endTime"]
    assert sent["attributes"]["attributeMap"] == {
        "attempt": {"intValue": "2"},
        "stage": {"stringValue": {"value": "stitching"}},
    }


def test_a_cloud_trace_that_is_down_costs_no_work(cloud_trace: str) -> None:
    _Heard.status = 503
    with exported(cloud_trace).span("work", job_traceparent(JOB)):
        pass
    with exported("http://127.0.0.1:9").span("work", job_traceparent(JOB)) as span:
        span.set_attributes(reply="ack")


@pytest.mark.parametrize("function", TRACED, ids=lambda row: row.name)
def test_what_spans_are_made_with_is_pinned_for_every_function(function: Function) -> None:
    """It comes with Pub/Sub's client, and nobody asks for it by name."""
    assert "\nopentelemetry-sdk==" in requirements_file(function.name).read_text()


# --- the waterfall ------------------------------------------------------------------------------


def told(span: str, parent: str, name: str, begin: float, end: float, **more: Any) -> Any:
    return {
        "trace": "t", "span": span, "parent": parent, "name": name, "ok": True,
        "start": f"2026-01-01T00:00:{begin:09.6f}Z", "end": f"2026-01-01T00:00:{end:09.6f}Z",
        "attributes": more,
    }  # fmt: skip


def test_the_waterfall_shows_who_caused_whom_and_when() -> None:
    some = [
        told("2", "1", "work", 1.5, 3, attempt=2),
        told("1", "gone", "frame_extraction 0", 1, 4, reply="ack", job=JOB),
        told("3", "1", "stitching 0", 4, 5, reply="nack", job=JOB),
    ]
    assert [(bar.depth, bar.name, bar.start_s) for bar in build_bars(some)] == [
        (0, "frame_extraction 0", 0), (1, "work", 0.5), (1, "stitching 0", 3),
    ]  # fmt: skip
    lines = draw_waterfall(some, 120)
    assert lines[0] == "3 spans in 4.00 s"
    assert "attempt 2" in lines[2]
    assert lines[3].index("▒") > lines[2].index("▒")
    assert all(len(line) <= 120 for line in lines)


def test_a_job_is_found_by_the_beginning_of_its_id_and_never_confused(tmp_path: Path) -> None:
    traces = create_tracer("p", str(tmp_path))
    for job in (JOB, "a" * 19 + "c", OTHER):
        with traces.span("x", job_traceparent(job), job=job):
            pass
    (tmp_path / "9.jsonl").write_text('{"cut off')
    assert [one["attributes"]["job"] for one in find_spans(tmp_path, "b")] == [OTHER]
    with pytest.raises(SetupError, match="2 jobs"):
        find_spans(tmp_path, "aaa")
    assert find_spans(tmp_path, "z") == []
