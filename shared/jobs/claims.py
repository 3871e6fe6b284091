"""A claimed unit, the outcome of its work, and the effects that are about a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from shared.flows.effects import Failed, Flow, InputsUploaded, Lost, Retry, RunUnit
from shared.flows.envelope import Envelope
from shared.jobs.model import Job, Stage
from shared.recipes.stored_object import Artifact


@dataclass(frozen=True, slots=True)
class UnitClaim:
    """A unit that is ours for as long as `token` stands in its document."""

    envelope: Envelope
    token: str
    attempt: int
    job: Job
    stage: Stage


@dataclass(frozen=True, slots=True)
class UnitDone:
    """The work is done. `plan` gives the specs of the parts of stages that may now start;
    `adopted` says that an earlier attempt's objects were found and taken over; `review` that what
    was planned shall not start before a person has looked at the result; `replaces` names results
    of an earlier revision that go even if no new one takes their place."""

    artifacts: tuple[Artifact, ...] = ()
    facts: Mapping[str, Any] | None = None
    plan: Mapping[str, tuple[Mapping[str, Any], ...]] | None = None
    warnings: tuple[str, ...] = ()
    adopted: bool = False
    review: bool = False
    replaced_names: tuple[str, ...] = ()


UnitOutcome = UnitDone | Failed | Retry | Lost


def run_unit(claim: UnitClaim) -> Flow[UnitOutcome]:
    """Typed Work."""
    return cast("UnitOutcome", (yield RunUnit(claim)))


def inputs_uploaded(job: Job) -> Flow[frozenset[str]]:
    """Typed Arrived."""
    return cast("frozenset[str]", (yield InputsUploaded(job)))
