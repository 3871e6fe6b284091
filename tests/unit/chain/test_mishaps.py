"""Single mishaps, told one by one: what each costs, and that it costs no more."""

from __future__ import annotations

from shared.domain.job import Status, UnitState
from tests.unit.chain import promises
from tests.unit.chain.world import World


def run_out(world: World) -> None:
    """Let everything that is under way come to its end."""
    while world.workers:
        world.step(0)


def deliver_all(world: World) -> None:
    """Deliver everything, without a fault and without time passing."""
    for _ in range(50):
        world.deliver(0)
        run_out(world)
    assert not world.topic, f"refused again and again: {world.topic[0].envelope}"


def fail_first_part(world: World) -> None:
    """The upload is refused, so the job fails."""
    world.upload("video")
    world.deliver(0)
    while world.workers:
        world.step(0, "refused")


def test_an_answer_lost_to_a_claim_costs_neither_a_lease_nor_an_attempt() -> None:
    world = World(recipe="frames")
    world.upload("video")
    world.lose_answer()
    deliver_all(world)
    assert world.job.status is Status.DONE
    assert {unit.attempt for unit in world.units()} == {1}


def test_an_answer_lost_to_a_failure_still_has_it_told_at_once() -> None:
    world = World(recipe="frames")
    world.upload("video")
    world.deliver(0)
    while not world.refused:
        world.step(0, "refused")
    world.lose_answer()
    deliver_all(world)
    run_out(world)
    deliver_all(world)
    assert world.job.status is Status.FAILED
    assert world.sent["failed.e0"] == 1


def test_an_answer_lost_to_a_redrive_still_has_the_work_announced() -> None:
    world = World(recipe="frames")
    fail_first_part(world)
    deliver_all(world)
    world.lose_answer()
    world.call("redrive")
    run_out(world)
    deliver_all(world)
    promises.at_every_moment(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)
    assert {unit.state for unit in world.units()} == {UnitState.DONE}
