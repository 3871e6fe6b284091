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
from infra.local.suite.layout import Place
from infra.local.watch.pipeline import Ledger, read_ledger
from infra.local.watch.problems import Complaint, Complaints
from shared.pipeline import STAGES


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that wakes a function. `per_s` is None until two moments can be compared."""

    stage: str
    waiting: int
    in_work: int
    pushed: int
    in_flight: int
    refused: int
    per_s: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A suite at one moment. `ledger` is None while the ledger does not answer."""

    base: int
    at: datetime
    started_at: datetime | None
    ready: bool
    services: Mapping[str, Mapping[str, Any]]
    topics: tuple[Topic, ...]
    ledger: Ledger | None
    faults: tuple[tuple[str, Mapping[str, Any]], ...]
    complaints: tuple[Complaint, ...]


class Gathering:
    """Takes snapshots of one suite, one after the other."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._complaints = Complaints(place.logs)
        self._before: tuple[float, dict[str, int]] | None = None

    def take(self) -> Snapshot | None:
        """The suite as it is now, or None when none is up."""
        told = suite_client.status_of(self._place)
        if told is None:
            self._before = None
            return None
        try:
            ledger = read_ledger(self._place) if told["ready"] else None
        except (OSError, http.client.HTTPException, ValueError):
            ledger = None
        began = (self._place.read_state() or {}).get("started_at")
        return Snapshot(
            base=self._place.base,
            at=datetime.now(UTC),
            started_at=datetime.fromtimestamp(began, UTC) if began else None,
            ready=told["ready"],
            services=told["services"],
            topics=self._topics(told["services"], ledger),
            ledger=ledger,
            faults=tuple(fault.listed(self._place, told["services"])),
            complaints=tuple(self._complaints.read()),
        )

    def _topics(self, services: Mapping[str, Any], ledger: Ledger | None) -> tuple[Topic, ...]:
        traffic = self._traffic()
        rates = self._rates({name: one["pushed"] for name, one in traffic.items()})
        none = {"pushed": 0, "in_flight": 0, "refused": 0}
        return tuple(
            Topic(
                stage=name,
                waiting=ledger.waiting.get(name, 0) if ledger else 0,
                in_work=sum(
                    one.stage == name and one.lease_until is not None for one in ledger.work
                )
                if ledger
                else 0,
                pushed=traffic.get(name, none)["pushed"],
                in_flight=traffic.get(name, none)["in_flight"],
                refused=traffic.get(name, none)["refused"],
                per_s=rates.get(name, 0.0) if rates is not None else None,
            )
            for name, row in STAGES.items()
            if name in services and row.event_driven
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
