"""What must hold of a job, at every moment and after everything has come to rest."""

from __future__ import annotations

from collections import Counter

from shared.domain.job import Status, UnitState
from shared.domain.message import JOIN
from shared.domain.pipeline import RECIPES, STAGES
from shared.errors import AttemptsExhausted, UploadAbandoned
from tests.unit.chain.world import JOB, World


def at_every_moment(world: World) -> None:
    """Counts are exact, nothing is done twice, and an end is an end."""
    if world.deleted:
        return
    parts_done = Counter(
        unit.stage for unit in world.units() if unit.state is UnitState.DONE and unit.part != JOIN
    )
    for name in world.job.recipe.media_stages:
        counted = world.stage(name)["done"]
        assert counted == parts_done[name], f"{name} counts {counted}, {parts_done[name]} are done"
    twice = [path for path, times in world.done_commits.items() if times > 1]
    assert not twice, f"done twice: {twice}"
    ends = [one for one in world.ends if not one.startswith("deleted")]
    epochs = Counter(one.split(".")[1] for one in ends)
    assert all(times == 1 for times in epochs.values()), f"ended more than once: {ends}"
    if world.job.status is Status.DONE:
        for name in world.job.recipe.media_stages:
            assert world.stage(name)["state"] == "done", f"done without {name}"


def settle(world: World, rounds: int = 120) -> None:
    """Let the world run fairly, without new faults, until nothing is left to do."""
    for name in (one.name for one in RECIPES[world.recipe].inputs):
        world.upload(name)
    for round_ in range(rounds):
        while world.workers:
            world.step(0)
            at_every_moment(world)
        if not world.topic:
            world.pass_time(100)
            before = world.published
            world.call("sweep")
            while world.workers:
                world.step(0)
                at_every_moment(world)
            if world.published == before and not world.topic and round_ > 12:
                return
            continue
        for _ in range(len(world.topic)):
            world.deliver(0)
            while world.workers:
                world.step(len(world.workers) - 1)
                at_every_moment(world)
        world.pass_time(20)
    raise AssertionError(
        f"no rest after {rounds} rounds: {world.job.status}, "
        f"{[mail.envelope for mail in world.topic[:5]]}"
    )


def at_rest(world: World) -> None:
    """No lost job, no silent stop, no two results, no healthy job failed, every end told."""
    if world.deleted:
        world.pass_time(3600)
        world.call("sweep")
        while world.workers:
            world.step(0)
        left = [path for path in world.ledger.docs if path.startswith(f"jobs/{JOB}/")]
        assert not left, f"left of a deleted job: {left}"
        assert not world.objects, f"objects left of a deleted job: {world.objects}"
        assert world.deleted
        return
    job = world.job
    assert job.terminal, f"the job stopped silently: {job.status} {dict(job.stages)}"
    if job.status is Status.FAILED:
        worn_out = any(
            unit.attempt >= STAGES[unit.stage].attempts
            for unit in world.units()
            if unit.state is UnitState.FAILED
        )
        code = job.error["code"] if job.error else ""
        late = world.overslept and code in (UploadAbandoned.code, AttemptsExhausted.code)
        assert world.refused or worn_out or late, f"a healthy job failed: {job.error}"
    if job.status is Status.DONE:
        names = [one.name for one in job.artefacts]
        assert len(names) == len(set(names)), f"two results: {names}"
    final = f"{job.status}.e{job.epoch}"
    told = world.sent[final]
    unit = next((one for one in world.units() if one.part == final), None)
    worn = unit is not None and unit.state is UnitState.FAILED
    assert told >= 1 or worn, f"{final} was never told"
    for part, copies in world.sent.items():
        # One more for each holder that crashed or was too slow between sending and recording.
        allowed = 1 + world.takeovers[part]
        assert copies <= allowed, f"{part} was told {copies} times, {allowed} allowed"
    assert world.published < 3000, f"{world.published} messages for one job"
