"""Random schedules of the simulation, reproducible from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from shared.pipeline import RECIPES as RECIPE_ROWS
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation

RECIPES = ("frames", "emotions", "still", "recap", "presentation", "recap")

USER_COMMANDS = ("redrive", "redrive", "edit", "edit and release", "release", "release")


def run_schedule(seed: int, configure: Callable[[Simulation], None] | None = None) -> Simulation:
    """Runs one schedule until nothing is left to do. Raises AssertionError when an invariant is
    violated."""
    rng = random.Random(seed)
    recipe = rng.choice(RECIPES)
    simulation = Simulation(
        recipe=recipe,
        part_count=rng.randint(1, 3),
        needs_review=rng.random() < 0.5,
        # Half of the jobs that may have an optional stage have it.
        options={
            row.option: row.values[0]
            for row in RECIPE_ROWS[recipe].optional_stages
            if seed % 2 == 1
        },
    )
    if configure is not None:
        configure(simulation)
    names = [job_input.name for job_input in simulation.job.inputs]
    with_failures = rng.random() < 0.7
    if rng.random() < 0.7:
        run_to_deck(simulation)
    for _ in range(rng.randint(20, 200)):
        random_step(simulation, rng, names, with_failures=with_failures)
        invariants.check_always(simulation)
    invariants.run_until_idle(simulation)
    invariants.check_final_state(simulation)
    return simulation


def run_to_deck(simulation: Simulation) -> None:
    """Runs without faults until the deck is done, so that the random steps affect later stages."""
    deck_stage = simulation.job.recipe.deck_stage
    if deck_stage is None:
        return
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    while simulation.stage(deck_stage)["state"] != "done":
        simulation.deliver(0)
        while simulation.workers:
            simulation.step(0)
        invariants.check_always(simulation)


def random_step(
    simulation: Simulation, rng: random.Random, input_names: list[str], *, with_failures: bool
) -> None:
    """Runs one random event."""
    index = rng.randrange(30)
    dice = rng.random()
    if (
        with_failures
        and dice < 0.3
        and (simulation.job.is_terminal or simulation.job.status == "awaiting_review")
    ):
        # The user reacts to the result.
        simulation.run_command(
            rng.choice(
                USER_COMMANDS if simulation.job.recipe.deck_stage is not None else USER_COMMANDS[:2]
            )
        )
    elif dice < 0.42:
        for _ in range(rng.randint(1, 12)):
            simulation.step(index)
    elif dice < 0.70:
        simulation.deliver(index)
    elif dice < 0.77:
        simulation.upload_input(rng.choice(input_names))
    elif dice < 0.80:
        simulation.duplicate_message(index)
    elif dice < 0.83:
        simulation.crash_worker(index)
    elif dice < 0.86:
        simulation.renew_lease(index)
    elif dice < 0.91:
        simulation.advance_time(rng.choice([-5, 1, 10, 50, 100]))
    elif dice < 0.93:
        simulation.run_command("sweep")
    elif dice < 0.94:
        simulation.deliver(index, to_dead_letter=True)
    elif dice < 0.947:
        simulation.lose_response()
    elif with_failures and dice < 0.97:
        simulation.next_outcome = rng.choice(["failed", "retry", "unavailable"])
    elif with_failures and dice < 0.972:
        simulation.run_command(rng.choice(["cancel", "delete"]))
    elif with_failures and dice < 0.985 and simulation.job.recipe.deck_stage is not None:
        simulation.run_command(rng.choice(["edit", "edit and release", "release"]))
