"""Any order, any crash, any repetition: no lost job, no two results, no silent stop."""

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

from shared.pipeline import RECIPES
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation

pytestmark = pytest.mark.slow

WHO = st.integers(0, 30)


class Chain(RuleBasedStateMachine):
    """One job and everything that may befall it."""

    @initialize(
        recipe=st.sampled_from(["frames", "emotions", "still", "presentation", "recap"]),
        part_count=st.integers(1, 3),
        needs_review=st.booleans(),
    )
    def begin(self, recipe: str, part_count: int, needs_review: bool) -> None:
        self.world = Simulation(recipe=recipe, part_count=part_count, needs_review=needs_review)

    @rule(name=st.sampled_from(["video", "picture", "sound", "prompt"]))
    def upload(self, name: str) -> None:
        if name in {one.name for one in RECIPES[self.world.recipe].inputs}:
            self.world.upload_input(name)

    @rule(who=WHO)
    def deliver(self, who: int) -> None:
        self.world.deliver(who)

    @rule(who=WHO)
    def duplicate(self, who: int) -> None:
        self.world.duplicate_message(who)

    @rule(who=WHO, times=st.integers(1, 12))
    def step(self, who: int, times: int) -> None:
        for _ in range(times):
            self.world.step(who)

    @rule(who=WHO, outcome=st.sampled_from(["failed", "retry"]))
    def bad_step(self, who: int, outcome: str) -> None:
        self.world.step(who, outcome)

    @rule(who=WHO)
    def crash(self, who: int) -> None:
        self.world.crash_worker(who)

    @rule(who=WHO)
    def renew(self, who: int) -> None:
        self.world.renew_lease(who)

    @rule()
    def lose_answer(self) -> None:
        self.world.lose_response()

    @rule(seconds=st.sampled_from([-5, 1, 10, 50, 100, 1000]))
    def pass_time(self, seconds: int) -> None:
        self.world.advance_time(seconds)

    @rule(who=WHO)
    def dead_letter(self, who: int) -> None:
        self.world.deliver(who, to_dead_letter=True)

    @rule(days=st.sampled_from([1, 9, 31]))
    def pass_days(self, days: int) -> None:
        self.world.advance_time(days * 86_400)

    @rule(
        what=st.sampled_from(
            ["cancel", "redrive", "redrive", "delete", "sweep", "sweep", "cleanup"]
        )
    )
    def call(self, what: str) -> None:
        self.world.run_command(what)

    @rule(what=st.sampled_from(["edit", "edit and release", "release"]))
    def review(self, what: str) -> None:
        if self.world.job.recipe.deck_stage is not None:
            self.world.run_command(what)

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "world"):
            invariants.check_always(self.world)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            invariants.run_until_idle(self.world)
            invariants.check_final_state(self.world)


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Chain,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


def test_any_schedule_ends_every_job_once_and_tells_it() -> None:
    _run(100, 50)


@pytest.mark.sweep
def test_thousands_of_schedules_end_every_job_once_and_tell_it() -> None:
    _run(5000, 80)
