"""What a delivery of a unit's or a task's message leads to."""

from __future__ import annotations

from enum import Enum


class Decision(Enum):
    """How to handle a delivery. Only units are repeated, only tasks are handled later."""

    GO = "go"
    """Claim the unit or task and run it."""
    REPEAT = "repeat"
    """The unit is DONE: announce again what follows it."""
    BUSY = "busy"
    """Another worker holds it, or it is not due yet: wait, then reject the delivery."""
    DROP = "drop"
    """The message is out of date: acknowledge it."""
    LATER = "later"
    """The task is due later: acknowledge the message; the sweeper announces the task again."""
    EXHAUSTED = "exhausted"
    """All attempts are used: fail the unit or task."""
