"""The discrete-event simulation of one scenario.

It uses a heap of events and not a simulation library: 100,000 uploads are a million units, and six
runs of them have to take about a minute. A library such as SimPy needs a generator and several
events per unit. Time is simulated; nothing sleeps.

Model: an owner's jobs are admitted in order of arrival while fewer run than allowed. The stages of
a job run one after the other: parts with a bounded number in flight, then the join. A unit waits in
its function's queue until an instance has a free slot, and for a new instance until the region has
vCPU and memory for it; what becomes free goes to the waiting functions in turn. Calls over a rate
limit wait and keep the instance. The result exists when the last stage before the outcome stage is
done.
"""

from __future__ import annotations

import heapq
import random
from collections import deque

from infra.tools.capacity.resources import FunctionState, Rates, Region
from infra.tools.capacity.result import QueueSamples, Result
from infra.tools.capacity.scenario import Scenario
from shared.pipeline import PIPELINE_STAGES

ADMISSION = "admission"
"""The name of the queue of jobs that wait because their owner runs as many as allowed."""
VARIATION = 0.3
"""Sigma of the log-normal factor, with mean 1, by which the work of a job's stage varies: an
estimate. It depends on the job and not on when it runs, so that scenarios can be compared."""
_FACTORS = 8191
_STRIDE = 16
"""More than a recipe has stages. _FACTORS is prime, so all factors are used."""
_Calls = tuple[tuple[int, float], ...]
_Step = tuple[FunctionState, int, float, float, _Calls, _Calls]


def draw_factors(random_source: random.Random) -> list[float]:
    """Returns the factors by which work varies."""
    mu = -(VARIATION**2) / 2
    return [random_source.lognormvariate(mu, VARIATION) for _ in range(_FACTORS)]


def draw_arrivals(random_source: random.Random, scenario: Scenario) -> list[float]:
    """Returns the times of the uploads, ascending."""
    return sorted(random_source.random() * scenario.within_s for _ in range(scenario.uploads))


class Simulation:
    """One run. `factors` replaces the random variation of the work in tests."""

    def __init__(self, scenario: Scenario, factors: list[float] | None = None) -> None:
        source = random.Random(scenario.seed)  # noqa: S311 - a model, nothing secret
        self.scenario = scenario
        self.arrivals = draw_arrivals(source, scenario)
        self.factors = factors or draw_factors(source)
        self.rates = Rates(scenario)
        used = {step.function for steps in scenario.steps for step in steps}
        names = tuple(name for name in PIPELINE_STAGES if name in used)
        self.functions = {name: FunctionState.of(name, scenario) for name in names}
        self.in_turn = deque(self.functions.values())
        self.region = Region(scenario, list(self.in_turn))
        self.steps: list[list[_Step]] = [
            [
                (self.functions[step.function], step.parts, step.part_s, step.join_s,
                 self.rates.compile(step.part_calls), self.rates.compile(step.join_calls))
                for step in steps
            ]
            for steps in scenario.steps
        ]  # fmt: skip
        self.steps_of = [self.steps[n % len(self.steps)] for n in range(scenario.uploads)]
        source.shuffle(self.steps_of)
        self.position = [0] * scenario.uploads
        self.unannounced = [0] * scenario.uploads
        self.not_done = [0] * scenario.uploads
        owners = scenario.owner_count
        self.owners = [n % owners for n in range(scenario.uploads)]
        self.running = [0] * owners
        self.queued: list[deque[int]] = [deque() for _ in range(owners)]
        self.queued_count = 0
        self.admission_wait_s = 0.0
        self.latencies_s: list[float] = []
        self.units = 0
        self.events: list[tuple[float, int, int, bool]] = []
        self.samples = QueueSamples((ADMISSION, *names), max(1.0, scenario.within_s / 64))

    def run(self) -> Result:
        """Runs until every unit has ended."""
        events, arrivals = self.events, self.arrivals
        arrived, now = 0, 0.0
        while events or arrived < len(arrivals):
            is_arrival = arrived < len(arrivals) and (
                not events or arrivals[arrived] <= events[0][0]
            )
            now = arrivals[arrived] if is_arrival else events[0][0]
            if now >= self.samples.next_s:
                self.samples.record(now, self._read_queues)
            if is_arrival:
                self._arrive(arrived, now)
                arrived += 1
            else:
                _, _, job, is_join = heapq.heappop(events)
                self._finish(job, is_join, now)
        rate_waits_s = dict(zip(self.rates.names, self.rates.waited_s, strict=True))
        return Result(
            sorted(self.latencies_s), now, self.units, self.functions, rate_waits_s,
            self.admission_wait_s, self.samples,
        )  # fmt: skip

    def _read_queues(self) -> list[int]:
        return [self.queued_count, *(len(row.queue) for row in self.functions.values())]

    def _arrive(self, job: int, now: float) -> None:
        owner = self.owners[job]
        if self.running[owner] < self.scenario.value("running-jobs"):
            self.running[owner] += 1
            self._announce(job, now)
        else:
            self.queued[owner].append(job)
            self.queued_count += 1

    def _end_job(self, job: int, now: float) -> None:
        """The result exists: the owner's next job starts."""
        self.latencies_s.append(now - self.arrivals[job])
        owner = self.owners[job]
        if self.queued[owner]:
            following = self.queued[owner].popleft()
            self.queued_count -= 1
            self.admission_wait_s += now - self.arrivals[following]
            self._announce(following, now)
        else:
            self.running[owner] -= 1

    def _step(self, job: int) -> _Step:
        return self.steps_of[job][self.position[job]]

    def _announce(self, job: int, now: float) -> None:
        """Starts the job's current stage."""
        function, parts, *_ = self._step(job)
        first = min(parts, self.scenario.parts_in_flight)
        self.not_done[job], self.unannounced[job] = parts, parts - first
        function.queue.extend([(now, job, False)] * first)
        self._start(function, now)

    def _finish(self, job: int, is_join: bool, now: float) -> None:
        function, _, _, join_s, _, _ = self._step(job)
        function.busy -= 1
        if self.region.is_scarce and function.needs_instance:
            self.region.give_back(function)
        if not is_join:
            self.not_done[job] -= 1
            if self.unannounced[job]:
                self.unannounced[job] -= 1
                function.queue.append((now, job, False))
            if not self.not_done[job] and join_s:
                function.queue.append((now, job, True))
        if is_join or not (self.not_done[job] or join_s):
            self._next_stage(job, now)
        self._start(function, now)

    def _next_stage(self, job: int, now: float) -> None:
        steps = self.steps_of[job]
        self.position[job] += 1
        if self.position[job] == len(steps) - 1:
            self._end_job(job, now)
        if self.position[job] < len(steps):
            self._announce(job, now)

    def _start(self, function: FunctionState, now: float) -> None:
        """Starts what can start, of this function or, when the region is scarce, of all in turn."""
        if not self.region.is_scarce:
            while function.can_start:
                self._start_unit(function, now)
            return
        passed = 0
        while passed < len(self.in_turn):
            candidate = self.in_turn[0]
            self.in_turn.rotate(-1)
            if candidate.can_start and self.region.fits(candidate):
                if candidate.needs_instance:
                    self.region.take(candidate)
                self._start_unit(candidate, now)
                passed = 0
            else:
                passed += 1

    def _start_unit(self, function: FunctionState, now: float) -> None:
        ready_s, job, is_join = function.queue.popleft()
        _, _, part_s, join_s, part_calls, join_calls = self._step(job)
        delay_s = self.rates.take(now, join_calls if is_join else part_calls)
        instance = function.busy // function.concurrency
        if instance >= function.started_instances:
            function.started_instances = instance + 1
            delay_s += self.scenario.cold_start_s
        function.busy += 1
        function.units += 1
        function.waited_s += now - ready_s
        function.delayed_s += delay_s
        factor = self.factors[(job * _STRIDE + self.position[job]) % len(self.factors)]
        seconds = delay_s + (join_s if is_join else part_s) * factor
        function.over_timeout += seconds > function.timeout_s
        self.units += 1
        heapq.heappush(self.events, (now + seconds, self.units, job, is_join))


def simulate(scenario: Scenario) -> Result:
    """Returns the outcome of one scenario. The same scenario gives the same outcome."""
    return Simulation(scenario).run()
