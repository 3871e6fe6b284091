"""Random schedules from a seed: quick to run by the thousand, and the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.unit.chain import promises
from tests.unit.chain.world import World

RECIPES = ("frames", "emotions", "still", "recap")


def run(seed: int, change: Callable[[World], None] | None = None) -> World:
    """Run one schedule to its rest. Raises AssertionError when a promise is broken."""
    rng = random.Random(seed)
    world = World(recipe=rng.choice(RECIPES), parts=rng.randint(1, 3))
    if change is not None:
        change(world)
    names = [one.name for one in world.job.inputs]
    harsh = rng.random() < 0.7
    for _ in range(rng.randint(20, 200)):
        act(world, rng, names, harsh=harsh)
        promises.at_every_moment(world)
    promises.settle(world)
    promises.at_rest(world)
    return world


def act(world: World, rng: random.Random, names: list[str], *, harsh: bool) -> None:
    """One thing happens."""
    who = rng.randrange(30)
    dice = rng.random()
    if dice < 0.45:
        for _ in range(rng.randint(1, 12)):
            world.step(who)
    elif dice < 0.72:
        world.deliver(who)
    elif dice < 0.78:
        world.upload(rng.choice(names))
    elif dice < 0.82:
        world.duplicate(who)
    elif dice < 0.86:
        world.crash(who)
    elif dice < 0.89:
        world.renew(who)
    elif dice < 0.94:
        world.pass_time(rng.choice([-5, 1, 10, 50, 100]))
    elif dice < 0.96:
        world.call("sweep")
    elif dice < 0.97:
        world.deliver(who, dead=True)
    elif harsh and dice < 0.98:
        world.step(who, rng.choice(["refused", "faltered"]))
    elif harsh and dice < 0.99:
        world.call("redrive")
    elif harsh and dice < 0.993:
        world.call(rng.choice(["cancel", "delete"]))
    elif dice >= 0.993:
        world.lose_answer()
