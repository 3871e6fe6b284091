"""Hypothesis schedules: with any order, crash or repetition every job ends once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.jobs.webhooks.bodies import EVENTS
from shared.jobs.webhooks.events import WEBHOOK_EVENTS
from shared.pipeline import RECIPES
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation

pytestmark = pytest.mark.slow

INDEX = st.integers(0, 30)


class JobMachine(RuleBasedStateMachine):
    """One job and all events that can affect it."""

    @initialize(
        recipe=st.sampled_from(["frames", "emotions", "still", "presentation", "recap"]),
        part_count=st.integers(1, 3),
        needs_review=st.booleans(),
        webhook_events=st.sampled_from([tuple(EVENTS.values()), WEBHOOK_EVENTS]),
    )
    def begin(
        self,
        recipe: str,
        part_count: int,
        needs_review: bool,
        webhook_events: tuple[str, ...],
    ) -> None:
        self.simulation = Simulation(
            recipe=recipe,
            part_count=part_count,
            needs_review=needs_review,
            webhook_events=webhook_events,
        )

    @rule(name=st.sampled_from(["video", "picture", "sound", "prompt"]))
    def upload(self, name: str) -> None:
        if name in {row.name for row in RECIPES[self.simulation.recipe].inputs}:
            self.simulation.upload_input(name)

    @rule(index=INDEX)
    def deliver(self, index: int) -> None:
        self.simulation.deliver(index)

    @rule(index=INDEX)
    def duplicate(self, index: int) -> None:
        self.simulation.duplicate_message(index)

    @rule(index=INDEX, times=st.integers(1, 12))
    def step(self, index: int, times: int) -> None:
        for _ in range(times):
            self.simulation.step(index)

    @rule(index=INDEX, outcome=st.sampled_from(["failed", "retry"]))
    def failing_step(self, index: int, outcome: str) -> None:
        self.simulation.step(index, outcome)

    @rule(index=INDEX)
    def crash(self, index: int) -> None:
        self.simulation.crash_worker(index)

    @rule(index=INDEX)
    def renew(self, index: int) -> None:
        self.simulation.renew_lease(index)

    @rule()
    def lose_response(self) -> None:
        self.simulation.lose_response()

    @rule(seconds=st.sampled_from([-5, 1, 10, 50, 100, 1000]))
    def pass_time(self, seconds: int) -> None:
        self.simulation.advance_time(seconds)

    @rule(index=INDEX)
    def dead_letter(self, index: int) -> None:
        self.simulation.deliver(index, to_dead_letter=True)

    @rule(days=st.sampled_from([1, 9, 31]))
    def pass_days(self, days: int) -> None:
        self.simulation.advance_time(days * 86_400)

    @rule(
        command=st.sampled_from(
            ["cancel", "redrive", "redrive", "delete", "sweep", "sweep", "cleanup"]
        )
    )
    def run_command(self, command: str) -> None:
        self.simulation.run_command(command)

    @rule(command=st.sampled_from(["edit", "edit and release", "release"]))
    def review(self, command: str) -> None:
        if self.simulation.job.recipe.deck_stage is not None:
            self.simulation.run_command(command)

    @invariant()
    def invariants_hold(self) -> None:
        if hasattr(self, "simulation"):
            invariants.check_always(self.simulation)

    def teardown(self) -> None:
        if hasattr(self, "simulation"):
            invariants.run_until_idle(self.simulation)
            invariants.check_final_state(self.simulation)


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        JobMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


def test_any_schedule_ends_the_job_and_announces_it_once() -> None:
    _run(100, 50)


@pytest.mark.sweep
def test_thousands_of_schedules_end_the_job_and_announce_it_once() -> None:
    _run(5000, 80)
