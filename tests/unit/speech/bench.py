"""Runs a stage's handlers by hand: real objects on the storage stand-in, a ledger in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.adapters.objects import CloudObjects
from shared.adapters.signing import key_signer
from shared.config import Settings
from shared.domain.documents import Create, unit_path
from shared.domain.effects import Claimed, Finished
from shared.domain.job import Job, JobInput, StageDoc, StageState, Status
from shared.domain.message import JOIN, Envelope
from shared.domain.pipeline import Bucket
from shared.domain.stored_object import Artefact, StoredObject
from shared.driver import Hold, Neighbours, SystemClock
from shared.stage import Task
from tests.contract.gcs.standin import PROJECT, StandIn
from tests.unit.chain.memory import MemoryLedger

NOW = datetime(2026, 11, 1, tzinfo=UTC)
Handle = Callable[[Task], Finished]


class Quiet:
    """Publishes and logs nothing; remembers what was logged."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []

    def publish(self, envelopes: Any) -> None:  # noqa: ARG002
        raise AssertionError("a handler publishes nothing")

    def __call__(self, event: str, /, **details: Any) -> None:
        self.said.append((event, details))


@dataclass
class Bench:
    """One store; jobs come and go on it."""

    stand_in: StandIn
    objects: CloudObjects
    buckets: Mapping[Bucket, str]
    log: Quiet = field(default_factory=Quiet)

    @classmethod
    def on(cls, stand_in: StandIn) -> Bench:
        client = stand_in.client()
        buckets = {role: f"bench-{role}-{time.monotonic_ns()}" for role in Bucket}
        for name in buckets.values():
            client.create_bucket(name)
        signer = key_signer(str(stand_in.folder / "signer.json"))
        return cls(stand_in, CloudObjects(client, buckets, signer), buckets)

    def put(self, bucket: Bucket, name: str, data: bytes, content_type: str) -> StoredObject:
        """An object that somebody else wrote."""
        with self.objects.create(bucket, name, content_type=content_type, spec="test") as writer:
            writer.write(data)
        return writer.stored

    def get(self, artefact: Artefact) -> bytes:
        """What an artefact holds."""
        read = self.objects.read_at(Bucket(artefact.bucket), artefact.object, artefact.generation)
        return read(0, artefact.size_bytes)

    def names(self, bucket: Bucket) -> list[str]:
        """Every object's name in a bucket."""
        return [blob.name for blob in self.stand_in.client().list_blobs(self.buckets[bucket])]

    def run(
        self,
        stage: str,
        part: Handle,
        join: Handle,
        specs: tuple[Mapping[str, Any], ...],
        job: Job,
    ) -> Finished:
        """All parts, then the join; → what the join returns."""
        store = MemoryLedger()
        plan = StageDoc(stage, 0, StageState.RUNNING, len(specs), 0, specs, NOW, NOW)
        for key in plan.part_ids:
            done = part(self.task(stage, key, plan, job, store))
            store.commit([Create(unit_path(job.id, stage, 0, key), _unit(stage, key, done))])
        return join(self.task(stage, JOIN, plan, job, store))

    def task(self, stage: str, part: str, plan: StageDoc, job: Job, store: MemoryLedger) -> Task:
        """One unit that is claimed."""
        claimed = Claimed(Envelope(job.id, stage, part), "token", 1, job, plan)
        world = Neighbours(
            store=store,  # handlers only read documents
            objects=self.objects,
            publisher=Quiet(),
            clock=SystemClock(),
            log=self.log,
            new_token=lambda: "token",
        )
        settings = Settings(PROJECT, self.buckets, "https://example.org", local=True)
        return Task(Hold(claimed, time.monotonic() + 3600), world, settings)


def a_job(recipe: str, *, owner: str = "anna", number: int = 1, **fields: Any) -> Job:
    """A running job."""
    values: dict[str, Any] = {
        "id": f"{number:020d}",
        "owner": owner,
        "recipe_name": recipe,
        "title": "Leaves",
        "status": Status.RUNNING,
        "epoch": 0,
        "revision": 0,
        "options": {},
        "inputs": (),
        "stages": {},
        "artefacts": (),
        "facts": {},
        "warnings": (),
        "error": None,
        "email": "",
        "created_at": NOW,
        "updated_at": NOW,
        "expires_at": NOW,
        "version": 1,
        **fields,
    }
    return Job(**values)


def an_input(name: str, stored: StoredObject, filename: str) -> JobInput:
    """A declared input that has arrived."""
    return JobInput(name, stored.name, stored.content_type, stored.size_bytes, filename)


def _unit(stage: str, part: str, done: Finished) -> dict[str, Any]:
    return {
        "stage": stage, "revision": 0, "part": part, "state": "done", "token": "token",
        "lease_until": NOW, "not_before": NOW, "attempt": 1, "error": None,
        "artefacts": [one.to_dict() for one in done.artefacts], "facts": dict(done.facts or {}),
    }  # fmt: skip
