"""What must hold of a job, at every moment and after everything has come to rest."""

from __future__ import annotations

from collections import Counter

from shared.errors import AttemptsExhausted, UploadAbandoned
from shared.flows.envelope import JOIN
from shared.jobs.model import Status, UnitState, revision_of
from shared.jobs.rules import outcome_part
from shared.jobs.webhooks import WEBHOOK, event_id
from shared.pipeline import RECIPES, STAGES
from shared.tasks.task import ErrandState
from tests.fakes.simulation.world import JOB, World


def at_every_moment(world: World) -> None:
    """Counts are exact, nothing is done twice, and an end is an end."""
    if world.deleted:
        return
    units, job = world.units(), world.job
    revision = job.revision
    parts_done = Counter(
        unit.stage
        for unit in units
        if unit.state is UnitState.DONE and unit.part != JOIN
        if unit.revision == revision_of(unit.stage, revision)
    )
    for name in job.recipe.media_stages:
        counted = world.stage(name)["done"]
        assert counted == parts_done[name], f"{name} counts {counted}, {parts_done[name]} are done"
    _work_is_counted_once(world)
    twice = [path for path, times in world.done_commits.items() if times > 1]
    assert not twice, f"done twice: {twice}"
    ends = [one for one in world.ends if not one.startswith("deleted")]
    epochs = Counter(one.split(".", 1)[1] for one in ends)
    assert all(times == 1 for times in epochs.values()), f"ended more than once: {ends}"
    if job.status is Status.DONE:
        for name in job.recipe.media_stages:
            assert world.stage(name)["state"] == "done", f"done without {name}"
    if job.status is Status.AWAITING_REVIEW:
        ahead = [one for one in units if one.stage in job.recipe.after_deck]
        begun = [one for one in ahead if one.revision == revision]
        assert not begun, f"begun before the deck was reviewed: {begun}"


def _work_is_counted_once(world: World) -> None:
    """What the work took is that of every DONE unit, however often it was delivered or begun."""
    job = world.job
    took_ms: Counter[tuple[str, bool]] = Counter()
    for path, (data, _) in world.ledger.docs.items():
        if path.startswith(f"jobs/{JOB}/units/") and data["state"] == UnitState.DONE:
            seconds = (data["done_at"] - data["claimed_at"]).total_seconds()
            took_ms[data["stage"], data["part"] == JOIN] += max(0, round(seconds * 1000))
    for name in job.recipe.media_stages:
        of_parts = took_ms[name, False]
        assert world.stage(name)["worked_ms"] == of_parts, f"{name} counts another time"
        if world.stage(name)["state"] == "done":
            assert job.worked_ms[name] == of_parts + took_ms[name, True]


def settle(world: World, rounds: int = 120) -> None:
    """Let the world run fairly, without new faults, until nothing is left to do."""
    world.spoiled = ""
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
            rested = world.published == before and not world.topic and round_ > 12
            if rested and not world.deleted and world.job.status is Status.AWAITING_REVIEW:
                world.call("release")
                while world.workers:
                    world.step(0)
                    at_every_moment(world)
            elif rested and (world.deleted or not world.calling or not world.sweeps):
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
        assert not world.deliveries(), "calls are left that tell of a deleted job"
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
        films = {name for name in names if name.startswith("stitching/")}
        wanted = {f"stitching/{job.revision}/{JOIN}"} if films else set()
        assert wanted <= films, f"the film is not that of revision {job.revision}: {films}"
    outcome = f"{job.status}.e{job.epoch}"
    final = f"{job.revision}-{outcome}"
    told = world.sent[final]
    here = [one for one in world.units() if (one.revision, one.part) == (job.revision, outcome)]
    unit = next(iter(here), None)
    worn = unit is not None and unit.state is UnitState.FAILED
    assert told >= 1 or worn, f"{final} was never told"
    for part, copies in world.sent.items():
        # One more for each holder that crashed or was too slow between sending and recording.
        allowed = 1 + world.takeovers[part]
        assert copies <= allowed, f"{part} was told {copies} times, {allowed} allowed"
    every_call_is_made(world)
    assert world.published < 3000, f"{world.published} messages for one job"


def every_call_is_made(world: World) -> None:
    """Whatever was told by mail was told to every server, as one event, and no oftener than a
    crash, a slow worker or the server's own refusal explains."""
    made = world.deliveries()
    told = [unit for unit in world.units() if unit.stage == "notification"]
    events = {event_id(JOB, unit.revision, unit.part) for unit in told}
    strange = {one["event_id"] for one in made.values()} - events
    assert not strange, f"events that never happened: {strange}"
    for unit in told:
        if unit.state is not UnitState.DONE:
            continue
        for hook in world.servers:
            key = event_id(JOB, unit.revision, unit.part)
            here = [
                number
                for number, one in made.items()
                if (one["event_id"], one["webhook"]) == (key, hook)
            ]
            assert len(here) == 1, f"{unit.part} makes {len(here)} deliveries to {hook[0]}"
    current = event_id(JOB, world.job.revision, outcome_part(world.job))
    for number, one in made.items():
        if one["event_id"] != current and not world.sweeps:
            # A redrive or an edit came before its message did: the sweeper alone looks after it.
            continue
        worn = one["attempt"] >= STAGES[WEBHOOK].attempts
        ended = one["state"] == ErrandState.DONE or (one["state"] == ErrandState.FAILED and worn)
        assert ended, f"a call was lost: {one['event']} is {one['state']}"
        if one["state"] == ErrandState.DONE:
            assert world.calls[number] >= 1, "a call was said to be made and was not"
        allowed = 1 + world.takeovers[number] + world.excused[number]
        assert world.calls[number] <= allowed, f"{world.calls[number]} calls, {allowed} allowed"
