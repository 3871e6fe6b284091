"""The result of a cell."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.chaos.matrix.cells import Cell


@dataclass
class CellResult:
    """What a cell's jobs showed.

    Attributes:
        cell: The cell.
        lost: Results, outcomes or jobs that are missing although nothing is left to do.
        doubled: Work that was recorded, counted, repeated or announced more often than its faults
            explain.
        stuck: Jobs that had not ended and messages that were not acknowledged at the end.
        extra_runs: Units of work beyond those of a run without faults.
        extra_messages: Messages published beyond those of a run without faults. None: not counted.
        not_injected: Faults of the cell that its run did not reach.
    """

    cell: Cell
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    extra_runs: float = 0
    extra_messages: float | None = 0
    not_injected: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """All problems, each with its kind."""
        return [
            f"{kind}: {text}"
            for kind in ("lost", "doubled", "stuck")
            for text in getattr(self, kind)
        ]
