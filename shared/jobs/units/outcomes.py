"""The outcomes of a unit's work, and the effects that take a unit or a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from shared.flows.effects import (
    Failed,
    Flow,
    InputsUploaded,
    Lost,
    Retry,
    RunUnit,
    Unavailable,
)
from shared.jobs.model import Job
from shared.jobs.stage import UnitClaim
from shared.recipes.stored_object import Artifact


@dataclass(frozen=True, slots=True)
class UnitDone:
    """The unit is done.

    Attributes:
        artifacts: Objects under the names of the job's results.
        facts: The typed result for later stages, as a mapping.
        plan: Specs of the parts of the stages that may now start, by stage.
        warnings: Messages for the user.
        adopted: Whether the objects of an earlier attempt were adopted.
        review: Whether the planned stages wait until the user has reviewed the result.
        replaced_names: Results of an earlier revision to remove, even without a new result of the
            same name.
    """

    artifacts: tuple[Artifact, ...] = ()
    facts: Mapping[str, Any] | None = None
    plan: Mapping[str, tuple[Mapping[str, Any], ...]] | None = None
    warnings: tuple[str, ...] = ()
    adopted: bool = False
    review: bool = False
    replaced_names: tuple[str, ...] = ()


UnitOutcome = UnitDone | Failed | Retry | Unavailable | Lost


def run_unit(claim: UnitClaim) -> Flow[UnitOutcome]:
    """Yields RunUnit with a typed result."""
    return cast("UnitOutcome", (yield RunUnit(claim)))


def inputs_uploaded(job: Job) -> Flow[frozenset[str]]:
    """Yields InputsUploaded with a typed result."""
    return cast("frozenset[str]", (yield InputsUploaded(job)))
