"""Injects the faults of a cell into a local suite, for one job."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from shared.flows.documents import CommitResult, Update
from shared.jobs.queries import units_of
from shared.jobs.stage import UnitState
from shared.pipeline import FUNCTIONS, RESULTS_PREFIX
from shared.runtime.services import Services
from tests.chaos.matrix.cells import Cell
from tests.chaos.matrix.suite.grpc_proxy import CallFault, GrpcProxy
from tests.fakes.load.fault_plan import Delivery, Dependency

POLL_S = 0.05
OUTAGE_S = 8
MODELS = {"text_to_speech": "tts", "slide_generation": "gemini", "speech_recognition": "stt"}
"""The emulator of the model that a stage calls."""
DELIVERIES: dict[Delivery, dict[str, Any]] = {
    Delivery.DUPLICATED: {"action": {"repeat": 2}},
    Delivery.REORDERED: {"action": {"stall_s": 3}, "rate": 0.4, "seed": 1},
    Delivery.LATE: {"action": {"repeat": 2, "repeat_interval_s": 20}},
}
"""The rules for the messages to all functions. Late: another copy arrives 20 s later."""


@dataclass
class Injector:
    """Injects faults into the stages of single jobs.

    Attributes:
        suite: The suite.
        services: Its Firestore.
        firestore: The proxy between the functions and Firestore.
        pubsub: The proxy between the functions and Pub/Sub.
    """

    suite: SuiteHandle
    services: Services
    firestore: GrpcProxy
    pubsub: GrpcProxy

    @contextlib.contextmanager
    def deliver(self, delivery: Delivery) -> Iterator[None]:
        """Delivers all messages in this way."""
        if delivery in DELIVERIES:
            rule = dict(DELIVERIES[delivery])
            self.suite.add_message_fault("messages", rule.pop("action"), **rule)
        try:
            yield
        finally:
            self.suite.clear_message_faults()

    def inject(self, cell: Cell, job_id: str, email: str) -> Callable[[], bool]:
        """Arranges the fault of a service. Returns a function that tells whether it happened."""
        about = (job_id.encode(), cell.stage.encode())
        match cell.dependency:
            case Dependency.STORAGE_429:
                return self._fail_storage(cell, job_id, {"status": 429, "retry_after_s": 2}, 2)
            case Dependency.STORAGE_503:
                return self._fail_storage(cell, job_id, {"status": 503}, 4)
            case Dependency.STORAGE_SLOW:
                return self._fail_storage(cell, job_id, {"stall_s": 3}, 3)
            case Dependency.FIRESTORE_ABORTED:
                fault = CallFault("/Commit", about, grpc.StatusCode.ABORTED, 4)
                self.firestore.add(fault)
            case Dependency.FIRESTORE_UNAVAILABLE:
                fault = CallFault("/Commit", about, grpc.StatusCode.UNAVAILABLE, 1, True, OUTAGE_S)
                self.firestore.add(fault)
            case Dependency.PUBLISH_FAILURE:
                # Its client retries every status that may be transient for ten minutes.
                fault = CallFault("/Publish", about, grpc.StatusCode.PERMISSION_DENIED, 2)
                self.pubsub.add(fault)
            case Dependency.OVERLOADED:
                return self._overload(cell.stage, email)
            case Dependency.WORKER_KILLED | Dependency.LEASE_LOST:
                return self._disturb_work(cell, job_id)
            case _:
                return lambda: True
        return lambda: fault.fired_count > 0

    def _fail_storage(
        self, cell: Cell, job_id: str, action: dict[str, Any], count: int
    ) -> Callable[[], bool]:
        """Fails calls of functions about the objects that the stage writes, or the uploads."""
        prefixes = {prefix for _, prefix in FUNCTIONS[cell.stage].writes} - {RESULTS_PREFIX}
        names = "|".join(sorted(prefix.strip("/") for prefix in prefixes)) or "uploads"
        pattern = f"^/(storage|upload)/.*({names}).*{job_id}"
        rule = {"match": {"path_regex": pattern}, "action": action, "count": count}
        self.suite.add_storage_fault(rule)
        return lambda: any(
            row["fired_count"] > 0
            for row in self.suite.list_faults()
            if row.get("match", {}).get("path_regex") == pattern
        )

    def _overload(self, stage: str, email: str) -> Callable[[], bool]:
        if FUNCTIONS[stage].reports_outcome:
            self.suite.refuse_emails("451 4.3.0 Try later", count=2, to=email)
            return lambda: True
        faults = self.suite.url(MODELS[stage]) + "/_faults"
        action = {"status": 429, "retry_after_s": 2}
        request("POST", faults, {"match": {"method": "POST"}, "action": action, "count": 2})
        return lambda: True

    def _disturb_work(self, cell: Cell, job_id: str) -> Callable[[], bool]:
        """Kills the process or takes the lease as soon as a unit of the stage is claimed."""
        has_happened = threading.Event()

        def watch() -> None:
            deadline = time.monotonic() + 240
            while time.monotonic() < deadline and not has_happened.is_set():
                for doc in self.services.store.run_query(units_of(job_id)):
                    if doc.data["stage"] != cell.stage or doc.data["state"] != UnitState.LEASED:
                        continue
                    if cell.dependency is Dependency.LEASE_LOST:
                        # As if another worker had claimed it and ended.
                        lost = {"token": "another", "lease_until": datetime.now(UTC)}
                        write = Update(doc.path, lost, doc.version)
                        is_done = self.services.store.commit([write]) is CommitResult.OK
                    else:
                        is_done = self._kill(cell.stage)
                    if is_done:
                        has_happened.set()
                        break
                time.sleep(POLL_S)

        threading.Thread(target=watch, daemon=True).start()
        return has_happened.is_set

    def _kill(self, stage: str) -> bool:
        """Kills the process of a stage and its workers. Returns False when it is restarting."""
        try:
            os.killpg(self.suite.pid(stage), signal.SIGKILL)
        except (ProcessLookupError, TypeError):
            return False
        return True


def is_supported(cell: Cell) -> bool:
    """Whether a suite can inject the faults of a cell: the e-mails of a notification are not in
    storage, and some stages call no other service than Google's infrastructure."""
    reports_outcome = FUNCTIONS[cell.stage].reports_outcome
    match cell.dependency:
        case Dependency.STORAGE_429 | Dependency.STORAGE_503 | Dependency.STORAGE_SLOW:
            return not reports_outcome
        case Dependency.OVERLOADED:
            return reports_outcome or cell.stage in MODELS
    return True
