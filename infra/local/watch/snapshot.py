"""Collects the state of a suite at one moment."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.cli import fault
from infra.local.client.http import request
from infra.local.suite import suite_client
from infra.local.suite.layout import SuiteLayout
from infra.local.watch.pipeline import PipelineState, read_pipeline_state
from infra.local.watch.problems import Problem, ProblemLog
from shared.pipeline import FUNCTIONS


@dataclass(frozen=True, slots=True)
class TopicStats:
    """Counters of a function's topic. `pushes_per_s` is None before the second snapshot."""

    function: str
    waiting_count: int
    leased_count: int
    pushed_count: int
    in_flight_count: int
    refused_count: int
    pushes_per_s: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A suite at one moment. `pipeline` is None while Firestore does not respond."""

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
        self._layout = layout
        self._problem_log = ProblemLog(layout.logs)
        self._last_push_counts: tuple[float, dict[str, int]] | None = None

    def read(self) -> Snapshot | None:
        """Returns the current state of the suite, or None when it is not running."""
        status = suite_client.read_status(self._layout)
        if status is None:
            self._last_push_counts = None
            return None
        try:
            pipeline = read_pipeline_state(self._layout) if status["ready"] else None
        except (OSError, http.client.HTTPException, ValueError):
            pipeline = None
        started_at = (self._layout.read_state() or {}).get("started_at")
        return Snapshot(
            base=self._layout.base,
            taken_at=datetime.now(UTC),
            started_at=datetime.fromtimestamp(started_at, UTC) if started_at else None,
            ready=status["ready"],
            services=status["services"],
            topics=self._topic_stats(status["services"], pipeline),
            pipeline=pipeline,
            faults=tuple(fault.list_rules(self._layout, status["services"])),
            problems=tuple(self._problem_log.read()),
        )

    def _topic_stats(
        self, services: Mapping[str, Any], pipeline: PipelineState | None
    ) -> tuple[TopicStats, ...]:
        traffic = self._read_push_stats()
        rates = self._push_rates({name: counts["pushed"] for name, counts in traffic.items()})
        no_counts = {"pushed": 0, "in_flight": 0, "refused": 0}
        return tuple(
            TopicStats(
                function=name,
                waiting_count=pipeline.waiting_by_stage.get(name, 0) if pipeline else 0,
                leased_count=sum(
                    unit.stage == name and unit.lease_until is not None
                    for unit in pipeline.active_units
                )
                if pipeline
                else 0,
                pushed_count=traffic.get(name, no_counts)["pushed"],
                in_flight_count=traffic.get(name, no_counts)["in_flight"],
                refused_count=traffic.get(name, no_counts)["refused"],
                pushes_per_s=rates.get(name, 0.0) if rates is not None else None,
            )
            for name, row in FUNCTIONS.items()
            if name in services and row.is_event_driven
        )

    def _read_push_stats(self) -> dict[str, dict[str, int]]:
        try:
            stats = request("GET", self._layout.url("push") + "/_stats").json()
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        return dict(stats)

    def _push_rates(self, pushed: dict[str, int]) -> dict[str, float] | None:
        now, before = time.monotonic(), self._last_push_counts
        self._last_push_counts = (now, pushed)
        if before is None or now <= before[0]:
            return None
        # A lower count than before: the push emulator has restarted and counts from zero.
        return {
            name: max(0, count - before[1].get(name, 0)) / (now - before[0])
            for name, count in pushed.items()
        }
