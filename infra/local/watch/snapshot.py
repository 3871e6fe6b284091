"""Everything that a picture shows, gathered at one moment."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.cli import fault
from infra.local.suite import suite_client
from infra.local.suite.http import request
from infra.local.suite.layout import SuiteLayout
from infra.local.watch.pipeline import PipelineState, read_pipeline_state
from infra.local.watch.problems import Problem, ProblemLog
from shared.pipeline import FUNCTIONS


@dataclass(frozen=True, slots=True)
class TopicStats:
    """A topic that wakes a function. `per_s` is None until two moments can be compared."""

    function: str
    waiting_count: int
    leased_count: int
    pushed_count: int
    in_flight_count: int
    refused_count: int
    pushes_per_s: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A suite at one moment. `ledger` is None while the ledger does not answer."""

    base: int
    taken_at: datetime
    started_at: datetime | None
    ready: bool
    services: Mapping[str, Mapping[str, Any]]
    topics: tuple[TopicStats, ...]
    pipeline: PipelineState | None
    faults: tuple[tuple[str, Mapping[str, Any]], ...]
    problems: tuple[Problem, ...]


class SnapshotReader:
    """Takes snapshots of one suite, one after the other."""

    def __init__(self, layout: SuiteLayout) -> None:
        self._place = layout
        self._complaints = ProblemLog(layout.logs)
        self._before: tuple[float, dict[str, int]] | None = None

    def read(self) -> Snapshot | None:
        """The suite as it is now, or None when none is up."""
        told = suite_client.read_status(self._place)
        if told is None:
            self._before = None
            return None
        try:
            store = read_pipeline_state(self._place) if told["ready"] else None
        except (OSError, http.client.HTTPException, ValueError):
            store = None
        began = (self._place.read_state() or {}).get("started_at")
        return Snapshot(
            base=self._place.base,
            taken_at=datetime.now(UTC),
            started_at=datetime.fromtimestamp(began, UTC) if began else None,
            ready=told["ready"],
            services=told["services"],
            topics=self._topics(told["services"], store),
            pipeline=store,
            faults=tuple(fault.list_rules(self._place, told["services"])),
            problems=tuple(self._complaints.read()),
        )

    def _topics(
        self, services: Mapping[str, Any], store: PipelineState | None
    ) -> tuple[TopicStats, ...]:
        traffic = self._traffic()
        rates = self._rates({name: one["pushed"] for name, one in traffic.items()})
        none = {"pushed": 0, "in_flight": 0, "refused": 0}
        return tuple(
            TopicStats(
                function=name,
                waiting_count=store.waiting_by_stage.get(name, 0) if store else 0,
                leased_count=sum(
                    one.stage == name and one.lease_until is not None for one in store.active_units
                )
                if store
                else 0,
                pushed_count=traffic.get(name, none)["pushed"],
                in_flight_count=traffic.get(name, none)["in_flight"],
                refused_count=traffic.get(name, none)["refused"],
                pushes_per_s=rates.get(name, 0.0) if rates is not None else None,
            )
            for name, row in FUNCTIONS.items()
            if name in services and row.is_event_driven
        )

    def _traffic(self) -> dict[str, dict[str, int]]:
        try:
            told = request("GET", self._place.url("push") + "/_stats", timeout_s=2).json()
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        return dict(told)

    def _rates(self, pushed: dict[str, int]) -> dict[str, float] | None:
        now, before = time.monotonic(), self._before
        self._before = (now, pushed)
        if before is None or now <= before[0]:
            return None
        # Fewer than before: the hop was started again and counts anew.
        return {
            name: max(0, count - before[1].get(name, 0)) / (now - before[0])
            for name, count in pushed.items()
        }
