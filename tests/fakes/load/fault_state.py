"""Which faults of a plan happen now, and which have happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from shared.flows import effects
from shared.flows.documents import Update, Write
from shared.flows.envelope import Envelope
from shared.jobs.stage import UnitState
from tests.fakes.load.cloud import unit_key
from tests.fakes.load.fault_plan import Dependency, Faults

AFTER_DONE = ("after_commit", "after_publish")
COUNTS = {
    Dependency.STORAGE_429: 2,
    Dependency.STORAGE_503: 2,
    Dependency.STORAGE_SLOW: 2,
    Dependency.FIRESTORE_ABORTED: 4,
    Dependency.FIRESTORE_UNAVAILABLE: 1,
    Dependency.PUBLISH_FAILURE: 2,
    Dependency.WORKER_KILLED: 2,
    Dependency.LEASE_LOST: 1,
    Dependency.OVERLOADED: 2,
}
"""How often each fault is injected. Fewer than a unit has attempts, with the crash."""


REPEATS_WORK = (Dependency.STORAGE_503, Dependency.WORKER_KILLED, Dependency.LEASE_LOST)
"""The faults after which work that was started runs again."""


@dataclass
class FaultState:
    """The state of the faults of a run.

    Attributes:
        plan: The plan. None: nothing fails.
        injected: How often each fault was injected: the crash point, the delivery, the dependency.
        interrupted: How often work of a unit was lost, so that it must run again.
    """

    plan: Faults | None = None
    injected: Counter[str] = field(default_factory=Counter)
    interrupted: Counter[tuple[str, str, int, str]] = field(default_factory=Counter)

    def meets(self, dependency: Dependency, envelope: Envelope) -> bool:
        """Whether this fault is injected now into the flow or the work of this unit."""
        plan = self.plan
        if plan is None or plan.dependency is not dependency or not self.is_target(envelope):
            return False
        if self.injected[dependency] >= COUNTS[dependency]:
            return False
        self.injected[dependency] += 1
        self.interrupted[unit_key(envelope)] += dependency in REPEATS_WORK
        return True

    def is_target(self, envelope: Envelope) -> bool:
        """Whether a message is of the stage and the job of the plan."""
        plan = self.plan
        return plan is not None and (plan.job_id, plan.stage) == (
            envelope.job_id,
            envelope.stage,
        )

    def ends_at(self, effect: effects.Effect) -> bool:
        """Whether the process ends at this effect: once, at the crash point of the plan."""
        match effect:
            case effects.CrashPoint(name, envelope) if (
                self.plan is not None and name == self.plan.at and self.is_target(envelope)
            ):
                if not self.injected[name]:
                    self.injected[name] += 1
                    self.interrupted[unit_key(envelope)] += name == "after_work"
                    return True
        return False

    def may_lose_response(self, writes: tuple[Write, ...]) -> bool:
        """Whether Firestore fails with this batch: DONE, or the claim when the process ends after
        DONE, so that both faults are met."""
        plan = self.plan
        return plan is not None and (is_done_commit(writes) or plan.at in AFTER_DONE)


def is_done_commit(writes: tuple[Write, ...]) -> bool:
    """Whether a batch marks a unit DONE."""
    return any(
        isinstance(write, Update) and write.fields.get("state") == UnitState.DONE
        for write in writes
        if "/units/" in write.path
    )
