"""The outcome of a simulation: latencies of the jobs, and queue lengths in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.tools.capacity.resources import FunctionState

MAX_SAMPLES = 128


class QueueSamples:
    """Queue lengths at equal intervals. The end is not known in advance: when there are
    MAX_SAMPLES rows, every second one is dropped and the interval doubles."""

    def __init__(self, names: tuple[str, ...], interval_s: float) -> None:
        self.names = names
        self.interval_s = interval_s
        self.rows: list[list[int]] = []
        self.next_s = 0.0

    def record(self, now_s: float, read: Callable[[], list[int]]) -> None:
        """Adds samples up to `now_s`. `read` returns the lengths that held since the last event."""
        while self.next_s <= now_s:
            self.rows.append(read())
            self.next_s += self.interval_s
            if len(self.rows) == MAX_SAMPLES:
                self.rows = self.rows[::2]
                self.interval_s *= 2

    def column(self, name: str) -> list[int]:
        """Returns the lengths of one queue."""
        index = self.names.index(name)
        return [row[index] for row in self.rows]

    @property
    def end_s(self) -> float:
        """The time of the last sample."""
        return max(0, len(self.rows) - 1) * self.interval_s


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a simulation.

    Attributes:
        latencies_s: Seconds from upload to result of every job, ascending.
        end_s: When the last unit ended, in seconds after the first possible upload.
        units: How many units ran.
        functions: The functions, with what waited for them.
        rate_waits_s: Seconds that units waited for each rate limit.
        admission_wait_s: Seconds that jobs waited for admission.
        queues: Queue lengths over time.
    """

    latencies_s: list[float]
    end_s: float
    units: int
    functions: dict[str, FunctionState]
    rate_waits_s: dict[str, float]
    admission_wait_s: float
    queues: QueueSamples

    def percentile(self, percent: float) -> float:
        """Returns the latency that `percent` of the jobs do not exceed (nearest rank)."""
        rank = -(-len(self.latencies_s) * percent // 100)
        return self.latencies_s[max(0, int(rank) - 1)]
