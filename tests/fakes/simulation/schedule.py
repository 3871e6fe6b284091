"""Random schedules from a seed: quick to run by the thousand, and the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation

RECIPES = ("frames", "emotions", "still", "recap", "presentation", "recap")

USER_COMMANDS = ("redrive", "redrive", "edit", "edit and release", "release", "release")


def run_schedule(seed: int, configure: Callable[[Simulation], None] | None = None) -> Simulation:
    """Run one schedule to its rest. Raises AssertionError when a promise is broken."""
    rng = random.Random(seed)
    recipe = rng.choice(RECIPES)
    world = Simulation(recipe=recipe, part_count=rng.randint(1, 3), needs_review=rng.random() < 0.5)
    if configure is not None:
        configure(world)
    names = [one.name for one in world.job.inputs]
    harsh = rng.random() < 0.7
    if rng.random() < 0.7:
        run_to_deck(world)
    for _ in range(rng.randint(20, 200)):
        random_step(world, rng, names, with_failures=harsh)
        invariants.check_always(world)
    invariants.run_until_idle(world)
    invariants.check_final_state(world)
    return world


def run_to_deck(simulation: Simulation) -> None:
    """Go on without a mishap until the deck is there, so that much can befall what follows."""
    deck_stage = simulation.job.recipe.deck_stage
    if deck_stage is None:
        return
    for one in simulation.job.inputs:
        simulation.upload_input(one.name)
    while simulation.stage(deck_stage)["state"] != "done":
        simulation.deliver(0)
        while simulation.workers:
            simulation.step(0)
        invariants.check_always(simulation)


def random_step(
    simulation: Simulation, rng: random.Random, input_names: list[str], *, with_failures: bool
) -> None:
    """One thing happens."""
    who = rng.randrange(30)
    dice = rng.random()
    if (
        with_failures
        and dice < 0.3
        and (simulation.job.is_terminal or simulation.job.status == "awaiting_review")
    ):
        # A person looks at what came of it.
        simulation.run_command(
            rng.choice(
                USER_COMMANDS if simulation.job.recipe.deck_stage is not None else USER_COMMANDS[:2]
            )
        )
    elif dice < 0.42:
        for _ in range(rng.randint(1, 12)):
            simulation.step(who)
    elif dice < 0.70:
        simulation.deliver(who)
    elif dice < 0.77:
        simulation.upload_input(rng.choice(input_names))
    elif dice < 0.80:
        simulation.duplicate_message(who)
    elif dice < 0.83:
        simulation.crash_worker(who)
    elif dice < 0.86:
        simulation.renew_lease(who)
    elif dice < 0.91:
        simulation.advance_time(rng.choice([-5, 1, 10, 50, 100]))
    elif dice < 0.93:
        simulation.run_command("sweep")
    elif dice < 0.94:
        simulation.deliver(who, to_dead_letter=True)
    elif dice < 0.947:
        simulation.lose_response()
    elif with_failures and dice < 0.97:
        simulation.next_outcome = rng.choice(["failed", "retry"])
    elif with_failures and dice < 0.972:
        simulation.run_command(rng.choice(["cancel", "delete"]))
    elif with_failures and dice < 0.985 and simulation.job.recipe.deck_stage is not None:
        simulation.run_command(rng.choice(["edit", "edit and release", "release"]))
