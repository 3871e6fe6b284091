"""Random schedules from a seed: quick to run by the thousand, and the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import World

RECIPES = ("frames", "emotions", "still", "recap", "presentation", "recap")

PERSON = ("redrive", "redrive", "edit", "edit and release", "release", "release")


def run(seed: int, change: Callable[[World], None] | None = None) -> World:
    """Run one schedule to its rest. Raises AssertionError when a promise is broken."""
    rng = random.Random(seed)
    recipe = rng.choice(RECIPES)
    world = World(recipe=recipe, parts=rng.randint(1, 3), review=rng.random() < 0.5)
    if change is not None:
        change(world)
    names = [one.name for one in world.job.inputs]
    harsh = rng.random() < 0.7
    if rng.random() < 0.7:
        reach_deck(world)
    for _ in range(rng.randint(20, 200)):
        act(world, rng, names, harsh=harsh)
        invariants.at_every_moment(world)
    invariants.settle(world)
    invariants.at_rest(world)
    return world


def reach_deck(world: World) -> None:
    """Go on without a mishap until the deck is there, so that much can befall what follows."""
    deck_stage = world.job.recipe.deck_stage
    if deck_stage is None:
        return
    for one in world.job.inputs:
        world.upload(one.name)
    while world.stage(deck_stage)["state"] != "done":
        world.deliver(0)
        while world.workers:
            world.step(0)
        invariants.at_every_moment(world)


def act(world: World, rng: random.Random, names: list[str], *, harsh: bool) -> None:
    """One thing happens."""
    who = rng.randrange(30)
    dice = rng.random()
    if harsh and dice < 0.3 and (world.job.terminal or world.job.status == "awaiting_review"):
        # A person looks at what came of it.
        world.call(rng.choice(PERSON if world.job.recipe.deck_stage is not None else PERSON[:2]))
    elif dice < 0.42:
        for _ in range(rng.randint(1, 12)):
            world.step(who)
    elif dice < 0.70:
        world.deliver(who)
    elif dice < 0.77:
        world.upload(rng.choice(names))
    elif dice < 0.80:
        world.duplicate(who)
    elif dice < 0.83:
        world.crash(who)
    elif dice < 0.86:
        world.renew(who)
    elif dice < 0.91:
        world.pass_time(rng.choice([-5, 1, 10, 50, 100]))
    elif dice < 0.93:
        world.call("sweep")
    elif dice < 0.94:
        world.deliver(who, dead=True)
    elif dice < 0.947:
        world.lose_answer()
    elif harsh and dice < 0.97:
        world.spoiled = rng.choice(["refused", "faltered"])
    elif harsh and dice < 0.972:
        world.call(rng.choice(["cancel", "delete"]))
    elif harsh and dice < 0.985 and world.job.recipe.deck_stage is not None:
        world.call(rng.choice(["edit", "edit and release", "release"]))
