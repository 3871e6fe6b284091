"""What units of work wait for: instances of a function, the region's quotas, rates of calls."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from infra.tools.capacity.limits import LIMITS, SIMULATED, LimitKind, instances_limit
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.work import Calls
from shared.pipeline import FUNCTIONS

_MAX_GROWTH_STEPS = 64


class Rates:
    """The rate limits. Each gives the earliest time for the next call (virtual scheduling)."""

    def __init__(self, scenario: Scenario) -> None:
        self.names = tuple(name for name in SIMULATED if LIMITS[name].kind is LimitKind.RATE)
        self._index = {name: n for n, name in enumerate(self.names)}
        self._per_second = [scenario.rate(name) for name in self.names]
        self._growth = [(LIMITS[name].growth, LIMITS[name].growth_s) for name in self.names]
        self._free_at = [0.0] * len(self.names)
        self.waited_s = [0.0] * len(self.names)

    def compile(self, calls: Calls) -> tuple[tuple[int, float], ...]:
        """Returns the calls of a unit with the positions of their limits."""
        return tuple((self._index[name], amount) for name, amount in calls)

    def take(self, now_s: float, calls: tuple[tuple[int, float], ...]) -> float:
        """Takes the calls of a unit that starts now. Returns the seconds that they wait."""
        longest_s, slowest = 0.0, -1
        for index, amount in calls:
            start_s = self._free_at[index]
            if start_s < now_s:
                start_s = now_s
            elif start_s - now_s > longest_s:
                longest_s, slowest = start_s - now_s, index
            rate = self._per_second[index]
            growth, period_s = self._growth[index]
            if growth > 1:
                rate *= growth ** min(start_s // period_s, _MAX_GROWTH_STEPS)
            self._free_at[index] = start_s + amount / rate
        if slowest >= 0:
            self.waited_s[slowest] += longest_s
        return longest_s


@dataclass(slots=True)
class FunctionState:
    """The instances and the queue of one function. `queue` holds (time, job, is_join)."""

    name: str
    concurrency: int
    slots: int
    timeout_s: int
    vcpu: float
    memory_gib: float
    queue: deque[tuple[float, int, bool]] = field(default_factory=deque)
    busy: int = 0
    started_instances: int = 0
    units: int = 0
    waited_s: float = 0.0
    delayed_s: float = 0.0
    """Seconds in which instances waited for rates or started, besides the work."""
    over_timeout: int = 0
    """Units that took longer than the function's timeout. In the cloud they are repeated."""

    @classmethod
    def of(cls, name: str, scenario: Scenario) -> FunctionState:
        """Returns the idle function."""
        row = FUNCTIONS[name]
        slots = int(scenario.value(instances_limit(name)) * row.concurrency)
        return cls(name, row.concurrency, slots, row.timeout_s, row.vcpu, row.memory_mb / 1024)

    @property
    def can_start(self) -> bool:
        """Whether a unit waits and the function may serve one more."""
        return bool(self.queue) and self.busy < self.slots

    @property
    def needs_instance(self) -> bool:
        """Whether the next unit needs one more instance. Instances are filled one by one, and a
        unit that ends always leaves the last one, so that idle instances are given back."""
        return self.busy % self.concurrency == 0


class Region:
    """The region's vCPU and memory for the running instances of all functions."""

    def __init__(self, scenario: Scenario, functions: list[FunctionState]) -> None:
        self.free_vcpu = scenario.value("region-cpu")
        self.free_gib = scenario.value("region-memory")
        all_vcpu = sum(-(-row.slots // row.concurrency) * row.vcpu for row in functions)
        all_gib = sum(-(-row.slots // row.concurrency) * row.memory_gib for row in functions)
        self.is_scarce = all_vcpu > self.free_vcpu or all_gib > self.free_gib

    def fits(self, function: FunctionState) -> bool:
        """Whether the next unit of the function can start."""
        return not function.needs_instance or (
            function.vcpu <= self.free_vcpu + 1e-9 and function.memory_gib <= self.free_gib + 1e-9
        )

    def take(self, function: FunctionState) -> None:
        """Takes an instance of the function."""
        self.free_vcpu -= function.vcpu
        self.free_gib -= function.memory_gib

    def give_back(self, function: FunctionState) -> None:
        """Gives an instance of the function back."""
        self.free_vcpu += function.vcpu
        self.free_gib += function.memory_gib
