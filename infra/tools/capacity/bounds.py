"""Which limit binds: the shortest time in which each limit alone lets all uploads through.

This is the bottleneck law of queueing networks: with enough uploads, the rate of results is that of
the limit that needs the longest. A limit binds if it needs longer than the uploads take to arrive.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from infra.tools.capacity.limits import LIMITS, SIMULATED, Limit, LimitKind
from infra.tools.capacity.scenario import Scenario
from shared.pipeline import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Bound:
    """The demand of a scenario on one limit.

    Attributes:
        needed_s: The shortest time in which the limit lets all uploads through.
        demand: The total amount: instance seconds, vCPU seconds, requests, MB, job seconds.
    """

    limit: Limit
    value: float
    demand: float
    needed_s: float

    def binds(self, within_s: float) -> bool:
        """Whether the uploads arrive faster than the limit lets them through."""
        return self.needed_s > within_s

    def value_for(self, target_s: float) -> float:
        """Returns the value with which all uploads pass the limit within `target_s` seconds."""
        return self.demand / _capacity(self.limit, 1, target_s)


def find_bounds(scenario: Scenario) -> list[Bound]:
    """Returns the demand on every limit that the scenario uses, the longest first."""
    demands = _sum_demands(scenario)
    bounds = []
    for name in SIMULATED:
        if demands.get(name):
            limit, value = LIMITS[name], scenario.value(name)
            needed_s = _time_for(limit, value, demands[name])
            bounds.append(Bound(limit, value, demands[name], needed_s))
    return sorted(bounds, key=lambda bound: (-bound.needed_s, bound.limit.name))


def _sum_demands(scenario: Scenario) -> dict[str, float]:
    demands: defaultdict[str, float] = defaultdict(float)
    longest_s = 0.0
    for index, steps in enumerate(scenario.steps):
        jobs = scenario.count_jobs(index)
        for step in steps:
            row = FUNCTIONS[step.function]
            # Concurrent requests share an instance.
            instance_s = jobs * step.seconds / row.concurrency
            demands[f"instances:{step.function}"] += instance_s
            demands["region-cpu"] += instance_s * row.vcpu
            demands["region-memory"] += instance_s * row.memory_mb / 1024
            for name, amount in step.part_calls:
                demands[name] += jobs * step.parts * amount
            for name, amount in step.join_calls if step.join_s else ():
                demands[name] += jobs * amount
        # The outcome stage runs after the job has ended.
        duration_s = sum(step.duration_s(scenario.parts_in_flight) for step in steps[:-1])
        longest_s += jobs * duration_s
    mean_s = longest_s / scenario.uploads
    demands["running-jobs"] = mean_s * -(-scenario.uploads // scenario.owner_count)
    return demands


def _capacity(limit: Limit, value: float, seconds: float) -> float:
    """Returns how much passes the limit within `seconds`."""
    if limit.kind is not LimitKind.RATE or limit.growth == 1:
        return value * seconds / limit.per_s
    total, rate = 0.0, value / limit.per_s
    while seconds > limit.growth_s:
        total += rate * limit.growth_s
        rate *= limit.growth
        seconds -= limit.growth_s
    return total + rate * seconds


def _time_for(limit: Limit, value: float, demand: float) -> float:
    """Returns the seconds after which `demand` has passed the limit."""
    rate, elapsed_s = value / limit.per_s, 0.0
    while limit.growth > 1 and demand > rate * limit.growth_s:
        demand -= rate * limit.growth_s
        elapsed_s += limit.growth_s
        rate *= limit.growth
    return elapsed_s + demand / rate
