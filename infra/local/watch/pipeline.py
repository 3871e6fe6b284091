"""What the ledger says about the chain, read from the Firestore emulator past the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.local.suite.http import request
from infra.local.suite.layout import PROJECT, SuiteLayout
from infra.local.suite.services import bucket_name
from shared.flows.envelope import JOIN
from shared.jobs.model import StageState, Status, UnitState
from shared.pipeline import Bucket

_OWNER = {"Authorization": "Bearer owner"}
_LIVING = (Status.AWAITING_UPLOAD, Status.RUNNING, Status.AWAITING_REVIEW)
_ENDED = (Status.DONE, Status.FAILED, Status.CANCELLED)
_MOST = 5000
"""Documents of a kind that are read at most; a laptop's suite has fewer."""


@dataclass(frozen=True, slots=True)
class ActiveUnit:
    """A unit that somebody holds (`lease_until`), or that waits for its next attempt."""

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
    """Why the attempt before failed, or ""."""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """Jobs by status; for every stage the units that are announced and that nobody holds."""

    jobs_by_status: Mapping[str, int]
    waiting_by_stage: Mapping[str, int]
    active_units: tuple[ActiveUnit, ...]


def read_pipeline_state(layout: SuiteLayout) -> PipelineState:
    """All of it as it is now. Raises OSError when the emulator does not answer."""
    living = {
        one["__name__"]: one["status"]
        for one in _query(layout, "jobs", "status", _LIVING, "status")
    }
    jobs = Counter(living.values()) + Counter({name: _count(layout, name) for name in _ENDED})
    stages = _query(
        layout, "stages", "state", (StageState.QUEUED, StageState.RUNNING),
        "job", "stage", "revision", "state", "total", "done", "progress",
    )  # fmt: skip
    units = _query(
        layout, "units", "state", (UnitState.LEASED, UnitState.FREE),
        "job", "stage", "revision", "part", "state", "attempt", "lease_until", "not_before",
        "error",
    )  # fmt: skip
    by_key = {(one["job"], one["stage"], one["revision"]): one for one in stages}
    here = [one for one in units if (one["job"], one["stage"], one["revision"]) in by_key]
    work = [_work(one, by_key[one["job"], one["stage"], one["revision"]]) for one in here]
    # The first stage counts as queued from the start; its message comes with the upload.
    awaited = {name for name, status in living.items() if status == Status.AWAITING_UPLOAD}
    if awaited:
        awaited -= _uploaded(layout)
    return PipelineState(jobs, _waiting(stages, work, awaited), tuple(work))


def _waiting(
    stages: list[dict[str, Any]], work: list[ActiveUnit], awaited: set[str]
) -> Mapping[str, int]:
    waiting: Counter[str] = Counter()
    for one in stages:
        if one["job"] in awaited or one["total"] is None:
            continue
        left = one["total"] - one["done"]
        waiting[one["stage"]] += left if left > 0 else 1  # all parts done: its join is left
    waiting.subtract(one.stage for one in work if one.lease_until is not None)
    return +waiting


def _work(unit: Mapping[str, Any], stage: Mapping[str, Any]) -> ActiveUnit:
    leased = unit["state"] == UnitState.LEASED
    part = str(unit["part"])
    return ActiveUnit(
        job=unit["job"],
        stage=unit["stage"],
        part=part,
        part_count=stage["total"],
        attempt=unit["attempt"],
        lease_until=unit["lease_until"] if leased else None,
        not_before=None if leased else unit["not_before"],
        progress=0 if part == JOIN else float((stage["progress"] or {}).get(f"p{part}", 0)),
        error_code=str((unit["error"] or {}).get("code", "")),
    )


def _uploaded(place: SuiteLayout) -> set[str]:
    """Jobs for which bytes came since Cloud Storage was started; its counters meet no fault."""
    answer = request("GET", place.url("gcs") + "/_stats", timeout_s=5)
    bucket = bucket_name(Bucket.UPLOADS)
    return {
        name.split("/")[2]
        for name, moved in answer.json()["objects"].items()
        if moved["bytes_in"] and name.startswith(f"{bucket}/") and name.count("/") > 2
    }


def _query(
    place: SuiteLayout, collection: str, field: str, wanted: tuple[str, ...], *fields: str
) -> list[dict[str, Any]]:
    """The documents with one of these values, with these fields (None where one is missing)."""
    query = {
        "select": {"fields": [{"fieldPath": name} for name in fields]},
        "from": [{"collectionId": collection, "allDescendants": True}],
        "where": _one_of(field, wanted),
        "limit": _MOST,
    }
    rows = _ask(place, "runQuery", {"structuredQuery": query})
    found = [row["document"] for row in rows if "document" in row]
    return [
        {
            "__name__": doc["name"].rsplit("/", 1)[1],
            **dict.fromkeys(fields),
            **{name: _plain(value) for name, value in doc.get("fields", {}).items()},
        }
        for doc in found
    ]


def _count(place: SuiteLayout, status: str) -> int:
    query = {"from": [{"collectionId": "jobs"}], "where": _one_of("status", (status,))}
    body = {"structuredQuery": query, "aggregations": [{"alias": "n", "count": {}}]}
    rows = _ask(place, "runAggregationQuery", {"structuredAggregationQuery": body})
    return sum(int(row["result"]["aggregateFields"]["n"]["integerValue"]) for row in rows)


def _one_of(field: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    values = [{"stringValue": str(one)} for one in wanted]
    value = {"arrayValue": {"values": values}}
    return {"fieldFilter": {"field": {"fieldPath": field}, "op": "IN", "value": value}}


def _ask(place: SuiteLayout, act: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    root = f"{place.url('firestore')}/v1/projects/{PROJECT}/databases/(default)/documents"
    answer = request("POST", f"{root}:{act}", body, headers=_OWNER, timeout_s=5)
    if answer.status != 200:
        raise OSError(f"the ledger answered {answer.status}")
    rows: list[dict[str, Any]] = answer.json()
    return rows


def _plain(typed: Mapping[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "integerValue":
            return int(value)
        case "nullValue":
            return None
        case "timestampValue":
            return datetime.fromisoformat(value)
        case "mapValue":
            return {name: _plain(one) for name, one in value.get("fields", {}).items()}
        case "arrayValue":
            return [_plain(one) for one in value.get("values", [])]
        case _:
            return value
