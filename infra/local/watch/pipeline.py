"""Reads the state of the pipeline from the Firestore emulator, bypassing the security rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.local.client.http import request
from infra.local.suite.layout import PROJECT, SuiteLayout
from infra.local.suite.services import bucket_name
from shared.flows.documents import shard_path
from shared.flows.envelope import JOIN
from shared.jobs.model import TERMINAL, Status
from shared.jobs.stage import StageState, UnitState
from shared.pipeline import FUNCTIONS, Bucket, find_producer

_OWNER = {"Authorization": "Bearer owner"}
_OPEN_STATUSES = tuple(status for status in Status if status not in TERMINAL)
_TERMINAL_STATUSES = (Status.DONE, Status.FAILED, Status.CANCELLED)
_MAX_DOCUMENTS = 5000
"""Maximum number of documents per query. A local suite has fewer."""
_DOCUMENTS = f"projects/{PROJECT}/databases/(default)/documents"

UnitKey = tuple[str, str, int, str]
"""Job, stage, revision and part of a unit."""


@dataclass(frozen=True, slots=True)
class ActiveUnit:
    """A unit that is leased (`lease_until`), or that waits for its next attempt."""

    job: str
    stage: str
    part: str
    part_count: int | None
    attempt: int
    lease_until: datetime | None
    not_before: datetime | None
    progress: float
    """Share of the part that is done, 0 to 1, as of the last renewal of its lease."""
    error_code: str
    """Error code of the previous attempt, or ""."""
    service: str = ""
    """The service that the unit waits for, or ""."""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """Jobs by status, and for every stage the number of announced units without a lease. The parts
    of queued jobs, and those that are not admitted yet, are not announced."""

    jobs_by_status: Mapping[str, int]
    waiting_by_stage: Mapping[str, int]
    active_units: tuple[ActiveUnit, ...]


def read_pipeline_state(layout: SuiteLayout) -> PipelineState:
    """Returns the current state. Raises OSError when the emulator does not respond."""
    open_jobs = {
        row["__name__"]: row["status"]
        for row in _query(layout, "jobs", "status", _OPEN_STATUSES, "status")
    }
    jobs = Counter(open_jobs.values()) + Counter(
        {name: _count(layout, name) for name in _TERMINAL_STATUSES}
    )
    stages = _query(
        layout, "stages", "state", (StageState.QUEUED, StageState.RUNNING),
        "job", "stage", "revision", "state", "total", "shard_count",
    )  # fmt: skip
    units = _query(
        layout, "units", "state", (UnitState.LEASED, UnitState.FREE),
        "job", "stage", "revision", "part", "state", "attempt", "claimed_at", "lease_until",
        "not_before", "error", "waiting_for",
    )  # fmt: skip
    by_key = {_stage_key(row): row for row in stages}
    current_units = [row for row in units if _stage_key(row) in by_key]
    # A unit that was never claimed only waits.
    active_rows = [row for row in current_units if row["claimed_at"] is not None]
    progress = _read_progress(layout, [by_key[_stage_key(row)] for row in active_rows])
    active_units = [_to_active_unit(row, by_key[_stage_key(row)], progress) for row in active_rows]
    # Uploads that have arrived are announced, although the job still awaits them.
    awaiting_upload = Status.AWAITING_UPLOAD in open_jobs.values()
    announced_jobs = _uploaded_jobs(layout) if awaiting_upload else set()
    announced_jobs |= {
        name
        for name, status in open_jobs.items()
        if status in (Status.RUNNING, Status.AWAITING_REVIEW)
    }
    return PipelineState(jobs, _count_waiting(current_units, announced_jobs), tuple(active_units))


def _stage_key(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return (row["job"], row["stage"], row["revision"])


def _count_waiting(units: list[dict[str, Any]], announced_jobs: set[str]) -> Mapping[str, int]:
    """Returns for every stage the number of admitted units whose inputs exist and that no worker
    holds."""
    open_units: set[UnitKey] = {(*_stage_key(row), row["part"]) for row in units}
    incomplete = {key[:3] for key in open_units if key[3] != JOIN}
    waiting: Counter[str] = Counter()
    for unit in units:
        job, stage, revision = _stage_key(unit)
        if unit["state"] != UnitState.FREE:
            continue
        if job not in announced_jobs and not FUNCTIONS[stage].reports_outcome:
            continue
        producer = find_producer(stage)
        if unit["part"] == JOIN:
            is_ready = (job, stage, revision) not in incomplete
        else:
            is_ready = (job, producer, revision, unit["part"]) not in open_units
        waiting[stage] += is_ready
    return +waiting


def _read_progress(
    layout: SuiteLayout, stages: Iterable[Mapping[str, Any]]
) -> Mapping[UnitKey, float]:
    """Returns the progress of the parts of `stages`, from their shards."""
    paths = {
        shard_path(*_stage_key(stage), number)
        for stage in stages
        for number in range(stage["shard_count"] or 0)
    }
    if not paths:
        return {}
    names = [f"{_DOCUMENTS}/{path}" for path in sorted(paths)[:_MAX_DOCUMENTS]]
    rows = _call_firestore(layout, "batchGet", {"documents": names})
    shards = [_fields(row["found"]) for row in rows if "found" in row]
    return {
        (*_stage_key(shard), name.removeprefix("p")): float(value)
        for shard in shards
        for name, value in shard["progress"].items()
    }


def _to_active_unit(
    unit: Mapping[str, Any], stage: Mapping[str, Any], progress: Mapping[UnitKey, float]
) -> ActiveUnit:
    is_leased = unit["state"] == UnitState.LEASED
    part = str(unit["part"])
    return ActiveUnit(
        job=unit["job"],
        stage=unit["stage"],
        part=part,
        part_count=stage["total"],
        attempt=unit["attempt"],
        lease_until=unit["lease_until"] if is_leased else None,
        not_before=None if is_leased else unit["not_before"],
        progress=progress.get((*_stage_key(unit), part), 0),
        error_code=str((unit["error"] or {}).get("code", "")),
        service="" if is_leased else str((unit["waiting_for"] or {}).get("service", "")),
    )


def _uploaded_jobs(layout: SuiteLayout) -> set[str]:
    """Returns the jobs that received bytes since the gcs emulator started. Fault rules do not apply
    to its counters."""
    response = request("GET", layout.url("gcs") + "/_stats")
    bucket = bucket_name(Bucket.UPLOADS)
    return {
        name.split("/")[2]
        for name, counters in response.json()["objects"].items()
        if counters["bytes_in"] and name.startswith(f"{bucket}/") and name.count("/") > 2
    }


def _query(
    layout: SuiteLayout, collection: str, field: str, values: tuple[str, ...], *fields: str
) -> list[dict[str, Any]]:
    """Returns the documents with one of these values. Missing `fields` are None."""
    query = {
        "select": {"fields": [{"fieldPath": name} for name in fields]},
        "from": [{"collectionId": collection, "allDescendants": True}],
        "where": _in_filter(field, values),
        "limit": _MAX_DOCUMENTS,
    }
    rows = _call_firestore(layout, "runQuery", {"structuredQuery": query})
    documents = [row["document"] for row in rows if "document" in row]
    return [
        {
            "__name__": document["name"].rsplit("/", 1)[1],
            **dict.fromkeys(fields),
            **_fields(document),
        }
        for document in documents
    ]


def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: decode_value(value) for name, value in document.get("fields", {}).items()}


def _count(layout: SuiteLayout, status: str) -> int:
    query = {"from": [{"collectionId": "jobs"}], "where": _in_filter("status", (status,))}
    body = {"structuredQuery": query, "aggregations": [{"alias": "n", "count": {}}]}
    rows = _call_firestore(layout, "runAggregationQuery", {"structuredAggregationQuery": body})
    return sum(int(row["result"]["aggregateFields"]["n"]["integerValue"]) for row in rows)


def _in_filter(field: str, options: tuple[str, ...]) -> dict[str, Any]:
    values = [{"stringValue": str(option)} for option in options]
    value = {"arrayValue": {"values": values}}
    return {"fieldFilter": {"field": {"fieldPath": field}, "op": "IN", "value": value}}


def _call_firestore(
    layout: SuiteLayout, method: str, body: Mapping[str, Any]
) -> list[dict[str, Any]]:
    url = f"{layout.url('firestore')}/v1/{_DOCUMENTS}:{method}"
    response = request("POST", url, body, headers=_OWNER)
    if response.status != 200:
        raise OSError(f"Firestore responded with {response.status}")
    rows: list[dict[str, Any]] = response.json()
    return rows


def decode_value(typed_value: Mapping[str, Any]) -> Any:
    """Returns the Python value of a typed value of the Firestore REST API."""
    ((kind, value),) = typed_value.items()
    match kind:
        case "integerValue":
            return int(value)
        case "nullValue":
            return None
        case "timestampValue":
            return datetime.fromisoformat(value)
        case "mapValue":
            return {name: decode_value(item) for name, item in value.get("fields", {}).items()}
        case "arrayValue":
            return [decode_value(item) for item in value.get("values", [])]
        case _:
            return value
