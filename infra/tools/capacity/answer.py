"""The answer for one scenario: latencies, limits by need, what raising them buys, the cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from infra.tools import costs
from infra.tools.capacity.bounds import Bound, find_bounds
from infra.tools.capacity.result import Result
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.simulate import ADMISSION, simulate
from infra.tools.capacity.work import find_work
from infra.tools.costs import Cost
from shared.pipeline import FUNCTIONS
from shared.pricing import prices

RAISED_LIMITS = 3
"""The limit that binds first, and the next two."""
FACTOR = 2
"""By how much a limit is raised to show what that buys."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from upload to result: percentiles of the jobs, and when the last unit ended."""

    p50_s: float
    p95_s: float
    p99_s: float
    last_s: float

    @classmethod
    def of(cls, result: Result) -> Latency:
        """Returns the latencies of a simulation."""
        p50, p95, p99 = (result.percentile(percent) for percent in (50, 95, 99))
        return cls(p50, p95, p99, result.end_s)


@dataclass(frozen=True, slots=True)
class Raised:
    """The scenario simulated again with a limit raised.

    Attributes:
        alone: With only this limit raised.
        together: With this limit and all that bind before it raised.
    """

    limit: str
    value: float
    alone: Latency
    together: Latency


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer. `bounds` are sorted: the limit that binds first, then the next ones."""

    scenario: Scenario
    result: Result
    latency: Latency
    bounds: list[Bound]
    raised: list[Raised]
    cost: Cost
    waiting_cost: float

    @property
    def binding(self) -> Bound | None:
        """The limit that binds first, or None when the uploads arrive no faster than it allows."""
        first = self.bounds[0]
        return first if first.binds(self.scenario.within_s) else None

    @property
    def total_cost(self) -> float:
        """Dollars, with what instances cost while they start and wait for rates."""
        return self.cost.total + self.waiting_cost

    def mean_wait_s(self, queue: str) -> float:
        """Returns how long a unit (of admission: a job) waited in a queue on average."""
        if queue == ADMISSION:
            return self.result.admission_wait_s / self.scenario.uploads
        function = self.result.functions[queue]
        return function.waited_s / function.units

    def to_dict(self) -> dict[str, Any]:
        """Returns the answer as JSON values. Times are in seconds, costs in US dollars."""
        queues = self.result.queues
        return {
            "uploads": self.scenario.uploads,
            "within_s": self.scenario.within_s,
            "recipes": list(self.scenario.recipes),
            "owners": self.scenario.owner_count,
            "seed": self.scenario.seed,
            "latency": asdict(self.latency),
            "first_limit": self.binding.limit.name if self.binding else None,
            "limits": [
                {
                    "name": bound.limit.name,
                    "title": bound.limit.title,
                    "value": bound.value,
                    "unit": bound.limit.unit,
                    "source": bound.limit.source,
                    "verified": bound.limit.verified,
                    "needed_s": bound.needed_s,
                    "binds": bound.binds(self.scenario.within_s),
                    "waited_s": self.result.rate_waits_s.get(bound.limit.name),
                }
                for bound in self.bounds
            ],
            "raised": [asdict(row) for row in self.raised],
            "queues": {
                "interval_s": queues.interval_s,
                "lengths": {name: queues.column(name) for name in queues.names},
                "mean_wait_s": {name: self.mean_wait_s(name) for name in queues.names},
            },
            "cost": {**asdict(self.cost), "waiting": self.waiting_cost, "total": self.total_cost},
        }


def find_answer(scenario: Scenario, raised_limits: int = RAISED_LIMITS) -> Answer:
    """Simulates the scenario, and again with each of the first `raised_limits` limits doubled."""
    result, bounds = simulate(scenario), find_bounds(scenario)
    names = [bound.limit.name for bound in bounds[:raised_limits]]
    raised = []
    for position, name in enumerate(names):
        alone = Latency.of(simulate(scenario.with_factor((name,), FACTOR)))
        together = alone
        if position:
            first = tuple(names[: position + 1])
            together = Latency.of(simulate(scenario.with_factor(first, FACTOR)))
        raised.append(Raised(name, scenario.value(name) * FACTOR, alone, together))
    latency = Latency.of(result)
    return Answer(
        scenario, result, latency, bounds, raised, _sum_cost(scenario), _waiting_cost(result)
    )


def _sum_cost(scenario: Scenario) -> Cost:
    rows = [
        (costs.estimate_cost(find_work(name)), scenario.count_jobs(index) / costs.JOB_COUNT)
        for index, name in enumerate(scenario.recipes)
    ]
    return Cost(
        sum(cost.compute * hundreds for cost, hundreds in rows),
        sum(cost.requests * hundreds for cost, hundreds in rows),
        sum(cost.objects * hundreds for cost, hundreds in rows),
    )


def _waiting_cost(result: Result) -> float:
    return sum(
        state.delayed_s
        * (
            FUNCTIONS[name].vcpu * prices.VCPU_SECOND.usd
            + FUNCTIONS[name].memory_mb / 1024 * prices.GIB_SECOND.usd
        )
        for name, state in result.functions.items()
    )
