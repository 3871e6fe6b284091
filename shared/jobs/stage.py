"""Stages and units: their states, their Firestore documents and the claims of units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.flows.documents import Doc, shard_path
from shared.flows.envelope import JOIN, Envelope
from shared.jobs.model import Job
from shared.pipeline import FUNCTIONS
from shared.recipes.stored_object import Artifact


class StageState(StrEnum):
    """WAITING until its parts are planned, QUEUED, RUNNING since the first claim, then an end.

    STOPPED means that the job ended in another stage, or that its deck was edited."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class UnitState(StrEnum):
    """FREE after a release, LEASED while a worker holds it, DONE finally, FAILED until a
    redrive."""

    FREE = "free"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stage:
    """jobs/{id}/stages/{stage}-{revision}, with the sums of its shards.

    Attributes:
        total: The number of parts; None until the stage is planned.
        done: The number of parts that are DONE. 0 when the shards were not read.
        parts_in_flight: How many parts are admitted at once.
        shard_count: The number of shards.
        worked_ms: The working time of the parts that are DONE. 0 when the shards were not read.
        earlier_ms: The working time of units that failed and of earlier revisions.
    """

    name: str
    revision: int
    state: StageState
    total: int | None
    done: int
    parts: tuple[Mapping[str, Any], ...]
    queued_at: datetime | None
    parts_in_flight: int
    shard_count: int
    worked_ms: int = 0
    earlier_ms: int = 0
    version: Any = field(compare=False, default=None)

    @classmethod
    def from_doc(cls, doc: Doc, shards: Iterable[Doc] = ()) -> Stage:
        """Parses a stage's document and its shards."""
        data, shards = doc.data, tuple(shards)
        return cls(
            name=data["stage"],
            revision=data["revision"],
            state=StageState(data["state"]),
            total=data["total"],
            done=sum(shard.data["done"] for shard in shards),
            parts=tuple(data["parts"]),
            queued_at=data["queued_at"],
            parts_in_flight=data["parts_in_flight"],
            shard_count=data["shard_count"],
            worked_ms=sum(shard.data["worked_ms"] for shard in shards),
            earlier_ms=data.get("earlier_ms", 0),
            version=doc.version,
        )

    @property
    def part_ids(self) -> tuple[str, ...]:
        """The keys of the parts: the name of an input where the spec has one, else a number."""
        return tuple(str(spec.get("input", i)) for i, spec in enumerate(self.parts))

    def spec(self, part: str) -> Mapping[str, Any]:
        """Returns the spec of `part`. Raises KeyError for a part that was never planned."""
        return dict(zip(self.part_ids, self.parts, strict=True))[part]

    @property
    def is_complete(self) -> bool:
        """Whether every part is done and the join may run."""
        return self.total is not None and self.done >= self.total

    def shard_paths(self, job_id: str) -> tuple[str, ...]:
        """Returns the paths of its shards."""
        key = (job_id, self.name, self.revision)
        return tuple(shard_path(*key, number) for number in range(self.shard_count))

    def progress_field(self, job_id: str, part: str) -> tuple[str, str] | None:
        """Returns where the progress of a part or of the join is stored: the path of a shard and
        the name of a field. None for another part, and for a stage without shards."""
        if part == JOIN and self.shard_count:
            return self.shard_paths(job_id)[0], "join_progress"
        if part in self.part_ids:
            return self.shard_of(job_id, part), f"progress.p{part}"
        return None

    def shard_of(self, job_id: str, part: str) -> str:
        """Returns the path of the shard that counts `part`."""
        number = self.part_ids.index(part) % self.shard_count
        return shard_path(job_id, self.name, self.revision, number)


@dataclass(frozen=True, slots=True)
class Unit:
    """jobs/{id}/units/{stage}-{revision}-{part}. A part without a document is not admitted.

    Attributes:
        admitted_at: When the document was created or, by a redrive, reset.
        announced_at: When the sweeper or dead_letter published its message the last time.
        successor: The part that was admitted when this one was DONE; "" for none.
        repeated_at: When a repeated delivery announced what follows; None for never.
        lost_ms: The working time of the attempts that ended without a result.
    """

    stage: str
    revision: int
    part: str
    state: UnitState
    token: str
    lease_until: datetime
    not_before: datetime
    attempt: int
    artifacts: tuple[Artifact, ...]
    facts: Mapping[str, Any]
    error: Mapping[str, Any] | None
    claimed_at: datetime | None
    admitted_at: datetime
    announced_at: datetime | None
    successor: str
    repeated_at: datetime | None
    version: Any = field(compare=False)
    waits: int = 0
    """How often a service refused it since `waiting_since`: see `shared.jobs.units.waiting`."""
    waiting_since: datetime | None = None
    waiting_for: Mapping[str, Any] | None = None
    lost_ms: int = 0
    progress: float = 0.0
    """The highest progress of all its attempts, 0 to 1."""

    @classmethod
    def from_doc(cls, doc: Doc) -> Unit:
        """Parses a unit's document."""
        data = doc.data
        return cls(
            stage=data["stage"],
            revision=data["revision"],
            part=data["part"],
            state=UnitState(data["state"]),
            token=data["token"],
            lease_until=data["lease_until"],
            not_before=data["not_before"],
            attempt=data["attempt"],
            artifacts=tuple(Artifact.from_dict(row) for row in data["artifacts"]),
            facts=data["facts"],
            error=data["error"],
            claimed_at=data["claimed_at"],
            admitted_at=data["admitted_at"],
            announced_at=data["announced_at"],
            successor=data["successor"],
            repeated_at=data["repeated_at"],
            version=doc.version,
            waits=data["waits"],
            waiting_since=data["waiting_since"],
            waiting_for=data["waiting_for"],
            lost_ms=data.get("lost_ms", 0),
            progress=data.get("progress", 0.0),
        )

    def spent_ms(self, until: datetime) -> int:
        """Returns the working time of all its attempts. A claimed unit works since its claim, until
        `until` or, when its worker crashed, until the end of its lease."""
        if self.state is not UnitState.LEASED or self.claimed_at is None:
            return self.lost_ms
        # Not negative when the clock was set back.
        return self.lost_ms + max(0, round((until - self.claimed_at).total_seconds() * 1000))


@dataclass(frozen=True, slots=True)
class UnitClaim:
    """A claimed unit. The claim is valid while its document holds `token`."""

    envelope: Envelope
    token: str
    attempt: int
    job: Job
    stage: Stage
    waiting_since: datetime | None = None
    """When a service refused the unit for the first time."""


def revision_of(stage: str, revision: int) -> int:
    """Returns the revision in a stage's paths. It is 0 for stages before the deck."""
    return revision if FUNCTIONS[stage].per_revision else 0
