"""An errand: work that belongs to a person and to no job's chain, such as a call to a server.

One document an errand, in the collection that its stage's row names. It says who holds it, how
often it was tried and when it is due; whatever else is in it is its stage's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.flows.documents import Create, Doc, Write
from shared.flows.envelope import Envelope
from shared.pipeline import STAGES, STALLED_S

ERRAND = "errand"
"""The part that an errand's envelope names; its job_id is the errand's own id."""


class ErrandState(StrEnum):
    """OPEN until it is due, LEASED while someone works on it; the other two are ends."""

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Errand:
    """`attempt` counts the claims since the last progress. `due_at` is when it may be worked on;
    `look_at` when the sweeper looks after it, None once it has ended."""

    stage: str
    id: str
    owner: str
    state: ErrandState
    attempt: int
    token: str
    lease_until: datetime
    due_at: datetime
    data: Mapping[str, Any] = field(repr=False)
    version: Any = field(compare=False)

    @classmethod
    def from_doc(cls, stage: str, doc: Doc) -> Errand:
        """Parse an errand's document."""
        data = doc.data
        return cls(
            stage=stage,
            id=doc.id,
            owner=data["owner"],
            state=ErrandState(data["state"]),
            attempt=data["attempt"],
            token=data["token"],
            lease_until=data["lease_until"],
            due_at=data["due_at"],
            data=data,
            version=doc.version,
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more will be done."""
        return self.state in (ErrandState.DONE, ErrandState.FAILED)

    @property
    def path(self) -> str:
        """Where its document stands."""
        return errand_path(self.stage, self.id)

    @property
    def envelope(self) -> Envelope:
        """The message that has it done."""
        return errand_envelope(self.stage, self.id)


@dataclass(frozen=True, slots=True)
class ErrandClaimed:
    """An errand that is ours for as long as `token` stands in its document."""

    errand: Errand
    token: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Settled:
    """It is done. `fields` go into its document, `writes` happen in the same batch."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It cannot be done."""

    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class Postponed:
    """It goes on in `wait_s` seconds. With `progress` the attempts are counted anew; without, the
    last one that the row allows ends it."""

    wait_s: float
    code: str = ""
    message: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    progress: bool = False


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The lease was lost: nothing of this may be recorded."""


ErrandOutcome = Settled | GivenUp | Postponed | Abandoned


def errand_path(stage: str, errand_id: str) -> str:
    """{the row's collection}/{errand}"""
    return f"{STAGES[stage].errands}/{errand_id}"


def errand_envelope(stage: str, errand_id: str) -> Envelope:
    """The message that has an errand done."""
    return Envelope(errand_id, stage, ERRAND)


def new_errand(
    stage: str, errand_id: str, owner: str, fields: Mapping[str, Any], now: datetime
) -> Create:
    """The write that makes an errand. Whoever commits it announces it; the sweeper, if not."""
    return Create(
        errand_path(stage, errand_id),
        {
            **fields,
            "owner": owner,
            "state": ErrandState.OPEN,
            "attempt": 0,
            "token": "",
            "lease_until": now,
            "due_at": now,
            "look_at": now + timedelta(seconds=STALLED_S),
            "error": None,
            "created_at": now,
            "finished_at": None,
        },
    )
