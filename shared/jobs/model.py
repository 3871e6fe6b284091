"""Jobs, stages and units: their states, their Firestore documents and their claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from shared.flows.documents import Create, Doc, Put, Write, event_path, job_path, stage_path
from shared.flows.envelope import Envelope
from shared.jobs.totals import totals_writes
from shared.pipeline import FUNCTIONS, RECIPES, Bucket, Recipe
from shared.recipes.stored_object import Artifact

SCHEMA = 1
HistoryEvent = Literal[
    "created", "upload_renewed", "stage_done", "redriven", "revised", "released", "notified"
]
"""The events of a job's history, besides the statuses that a job reaches."""


class Status(StrEnum):
    """The status of a job. DELETED is the tombstone, which is kept for eight days."""

    AWAITING_UPLOAD = "awaiting_upload"
    RUNNING = "running"
    AWAITING_REVIEW = "awaiting_review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


TERMINAL = frozenset({Status.DONE, Status.FAILED, Status.CANCELLED, Status.DELETED})


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
class JobInput:
    """An input of a job.

    Attributes:
        upload: Number of the upload, so that a bad upload can be repeated under a new name.
        source: "object#generation" of the object that it is a copy of; "" for an upload.
    """

    name: str
    object: str
    content_type: str
    size_bytes: int
    filename: str
    upload: int = 0
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Job:
    """jobs/{id}. `version` is for preconditions of writes."""

    id: str
    owner: str
    recipe_name: str
    title: str
    status: Status
    epoch: int
    revision: int
    options: Mapping[str, Any]
    inputs: tuple[JobInput, ...]
    stages: Mapping[str, str]
    artifacts: tuple[Artifact, ...]
    facts: Mapping[str, Any]
    warnings: tuple[str, ...]
    error: Mapping[str, Any] | None
    email: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    version: Any = field(compare=False)
    worked_ms: Mapping[str, int] = field(default_factory=dict)
    """The total working time of the units, by stage that is done."""

    @property
    def recipe(self) -> Recipe:
        """The row of its recipe."""
        return RECIPES[self.recipe_name]

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return self.status in TERMINAL

    @property
    def results(self) -> tuple[Artifact, ...]:
        """The artifacts that users may download; artifacts between stages are excluded."""
        return tuple(artifact for artifact in self.artifacts if artifact.bucket == Bucket.OUTPUTS)

    @classmethod
    def from_doc(cls, doc: Doc) -> Job:
        """Parses a job's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            recipe_name=data["recipe"],
            title=data["title"],
            status=Status(data["status"]),
            epoch=data["epoch"],
            revision=data["revision"],
            options=data["options"],
            inputs=tuple(JobInput(**row) for row in data["inputs"]),
            stages=data["stages"],
            artifacts=tuple(Artifact.from_dict(row) for row in data["artifacts"]),
            facts=data["facts"],
            warnings=tuple(data["warnings"]),
            error=data["error"],
            email=data["email"],
            created_at=data["created_at"],
            updated_at=data["updated_at"],
            expires_at=data["expires_at"],
            version=doc.version,
            worked_ms=data.get("worked_ms", {}),
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """jobs/{id}/stages/{stage}-{revision}. `total` is None until the stage is planned."""

    name: str
    revision: int
    state: StageState
    total: int | None
    done: int
    parts: tuple[Mapping[str, Any], ...]
    last_progress_at: datetime
    queued_at: datetime | None
    worked_ms: int = 0

    @classmethod
    def from_doc(cls, doc: Doc) -> Stage:
        """Parses a stage's document."""
        data = doc.data
        return cls(
            name=data["stage"],
            revision=data["revision"],
            state=StageState(data["state"]),
            total=data["total"],
            done=data["done"],
            parts=tuple(data["parts"]),
            last_progress_at=data["last_progress_at"],
            queued_at=data["queued_at"],
            worked_ms=data.get("worked_ms", 0),
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


@dataclass(frozen=True, slots=True)
class Unit:
    """jobs/{id}/units/{stage}-{revision}-{part}."""

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
    version: Any = field(compare=False)

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
            claimed_at=data.get("claimed_at"),
            version=doc.version,
        )


@dataclass(frozen=True, slots=True)
class UnitClaim:
    """A claimed unit. The claim is valid while its document holds `token`."""

    envelope: Envelope
    token: str
    attempt: int
    job: Job
    stage: Stage


def revision_of(stage: str, revision: int) -> int:
    """Returns the revision in a stage's paths. It is 0 for stages before the deck."""
    return revision if FUNCTIONS[stage].per_revision else 0


def blank_stage(job_id: str, owner: str, name: str, revision: int, now: datetime) -> dict[str, Any]:
    """Returns the document of a stage that is not planned yet."""
    return {
        "job": job_id,
        "owner": owner,
        "stage": name,
        "revision": revision,
        "state": StageState.WAITING,
        "total": None,
        "done": 0,
        "progress": {},
        "retries": 0,
        "worked_ms": 0,
        "parts": [],
        "last_progress_at": now,
        "queued_at": None,
        "started_at": None,
        "finished_at": None,
        "error": None,
    }


def new_job(
    *,
    job_id: str,
    owner: str,
    email: str,
    recipe: Recipe,
    title: str,
    options: Mapping[str, Any],
    inputs: tuple[JobInput, ...],
    now: datetime,
    expires_at: datetime,
) -> tuple[Write, ...]:
    """Returns the batch that creates a job: its document and one for each stage. It is committed
    before any upload URL exists."""
    first = recipe.stages[0]
    job: dict[str, Any] = {
        "schema": SCHEMA,
        "owner": owner,
        "email": email,
        "recipe": recipe.name,
        "title": title,
        "status": Status.AWAITING_UPLOAD,
        "epoch": 0,
        "revision": 0,
        "options": dict(options),
        "inputs": [job_input.to_dict() for job_input in inputs],
        "stages": {
            name: StageState.QUEUED if name == first else StageState.WAITING
            for name in recipe.stages
        },
        "artifacts": [],
        "facts": {},
        "warnings": [],
        "error": None,
        "stored_bytes": sum(job_input.size_bytes for job_input in inputs),
        "worked_ms": {},
        "created_at": now,
        "updated_at": now,
        "expires_at": expires_at,
    }
    writes: list[Write] = [Create(job_path(job_id), job)]
    for stage in recipe.stages:
        fields = blank_stage(job_id, owner, stage, 0, now)
        if stage == first:
            fields |= {
                "state": StageState.QUEUED,
                "total": len(inputs),
                "parts": [{"input": job_input.name} for job_input in inputs],
                "queued_at": now,
            }
        writes.append(Create(stage_path(job_id, stage, 0), fields))
    writes.append(history_event(job_id, now, "created", epoch=0))
    writes += totals_writes(owner, job_id, {}, job)
    return tuple(writes)


def history_event(
    job_id: str, at: datetime, name: HistoryEvent | Status, *, epoch: int, **details: Any
) -> Write:
    """Returns the write of an event of the job's history. The same event written twice is one
    document."""
    key = ".".join([str(epoch), name, *(str(value) for value in details.values())])[:200]
    return Put(
        event_path(job_id, key.replace("/", "_")),
        {"job": job_id, "at": at, "what": str(name), "epoch": epoch, **details},
    )
