"""What must hold of a job, at every moment and after everything has come to rest."""

from __future__ import annotations

from collections import Counter

from shared.errors import AttemptsExhausted, UploadAbandoned
from shared.flows.envelope import JOIN
from shared.jobs.model import Status, UnitState, revision_of
from shared.jobs.rules import outcome_part
from shared.jobs.webhooks import WEBHOOK, event_id
from shared.pipeline import FUNCTIONS, RECIPES
from shared.tasks.task import TaskState
from tests.fakes.simulation.simulation import JOB, Simulation


def check_always(simulation: Simulation) -> None:
    """Counts are exact, nothing is done twice, and an end is an end."""
    if simulation.is_deleted:
        return
    units, job = simulation.units(), simulation.job
    revision = job.revision
    parts_done = Counter(
        unit.stage
        for unit in units
        if unit.state is UnitState.DONE and unit.part != JOIN
        if unit.revision == revision_of(unit.stage, revision)
    )
    for name in job.recipe.result_stages:
        counted = simulation.stage(name)["done"]
        assert counted == parts_done[name], f"{name} counts {counted}, {parts_done[name]} are done"
    _work_is_counted_once(simulation)
    twice = [path for path, times in simulation.done_commit_counts.items() if times > 1]
    assert not twice, f"done twice: {twice}"
    ends = [one for one in simulation.terminal_states if not one.startswith("deleted")]
    epochs = Counter(one.split(".", 1)[1] for one in ends)
    assert all(times == 1 for times in epochs.values()), f"ended more than once: {ends}"
    if job.status is Status.DONE:
        for name in job.recipe.result_stages:
            assert simulation.stage(name)["state"] == "done", f"done without {name}"
    if job.status is Status.AWAITING_REVIEW:
        ahead = [one for one in units if one.stage in job.recipe.stages_after_deck]
        begun = [one for one in ahead if one.revision == revision]
        assert not begun, f"begun before the deck was reviewed: {begun}"


def _work_is_counted_once(world: Simulation) -> None:
    """What the work took is that of every DONE unit, however often it was delivered or begun."""
    job = world.job
    took_ms: Counter[tuple[str, bool]] = Counter()
    for path, (data, _) in world.store.documents.items():
        if path.startswith(f"jobs/{JOB}/units/") and data["state"] == UnitState.DONE:
            seconds = (data["done_at"] - data["claimed_at"]).total_seconds()
            took_ms[data["stage"], data["part"] == JOIN] += max(0, round(seconds * 1000))
    for name in job.recipe.result_stages:
        of_parts = took_ms[name, False]
        assert world.stage(name)["worked_ms"] == of_parts, f"{name} counts another time"
        if world.stage(name)["state"] == "done":
            assert job.worked_ms[name] == of_parts + took_ms[name, True]


def run_until_idle(simulation: Simulation, max_rounds: int = 120) -> None:
    """Let the world run fairly, without new faults, until nothing is left to do."""
    simulation.next_outcome = ""
    for name in (one.name for one in RECIPES[simulation.recipe].inputs):
        simulation.upload_input(name)
    for round_ in range(max_rounds):
        while simulation.workers:
            simulation.step(0)
            check_always(simulation)
        if not simulation.messages:
            simulation.advance_time(100)
            before = simulation.published_count
            simulation.run_command("sweep")
            while simulation.workers:
                simulation.step(0)
                check_always(simulation)
            rested = (
                simulation.published_count == before and not simulation.messages and round_ > 12
            )
            if (
                rested
                and not simulation.is_deleted
                and simulation.job.status is Status.AWAITING_REVIEW
            ):
                simulation.run_command("release")
                while simulation.workers:
                    simulation.step(0)
                    check_always(simulation)
            elif rested and (
                simulation.is_deleted
                or not simulation.has_open_deliveries
                or not simulation.sweeper_enabled
            ):
                return
            continue
        for _ in range(len(simulation.messages)):
            simulation.deliver(0)
            while simulation.workers:
                simulation.step(len(simulation.workers) - 1)
                check_always(simulation)
        simulation.advance_time(20)
    raise AssertionError(
        f"no rest after {max_rounds} rounds: {simulation.job.status}, "
        f"{[mail.envelope for mail in simulation.messages[:5]]}"
    )


def check_final_state(simulation: Simulation) -> None:
    """No lost job, no silent stop, no two results, no healthy job failed, every end told."""
    if simulation.is_deleted:
        simulation.advance_time(3600)
        simulation.run_command("sweep")
        while simulation.workers:
            simulation.step(0)
        left = [path for path in simulation.store.documents if path.startswith(f"jobs/{JOB}/")]
        assert not left, f"left of a deleted job: {left}"
        assert not simulation.objects, f"objects left of a deleted job: {simulation.objects}"
        assert not simulation.deliveries(), "calls are left that tell of a deleted job"
        assert simulation.is_deleted
        return
    job = simulation.job
    assert job.is_terminal, f"the job stopped silently: {job.status} {dict(job.stages)}"
    if job.status is Status.FAILED:
        worn_out = any(
            unit.attempt >= FUNCTIONS[unit.stage].max_attempts
            for unit in simulation.units()
            if unit.state is UnitState.FAILED
        )
        code = job.error["code"] if job.error else ""
        late = simulation.has_exceeded_give_up and code in (
            UploadAbandoned.code,
            AttemptsExhausted.code,
        )
        assert simulation.has_permanent_error or worn_out or late, (
            f"a healthy job failed: {job.error}"
        )
    if job.status is Status.DONE:
        names = [one.name for one in job.artifacts]
        assert len(names) == len(set(names)), f"two results: {names}"
        films = {name for name in names if name.startswith("stitching/")}
        wanted = {f"stitching/{job.revision}/{JOIN}"} if films else set()
        assert wanted <= films, f"the film is not that of revision {job.revision}: {films}"
    outcome = f"{job.status}.e{job.epoch}"
    final = f"{job.revision}-{outcome}"
    told = simulation.notifications_sent[final]
    here = [
        one for one in simulation.units() if (one.revision, one.part) == (job.revision, outcome)
    ]
    unit = next(iter(here), None)
    worn = unit is not None and unit.state is UnitState.FAILED
    assert told >= 1 or worn, f"{final} was never told"
    for part, copies in simulation.notifications_sent.items():
        # One more for each holder that crashed or was too slow between sending and recording.
        allowed = 1 + simulation.lease_takeovers[part]
        assert copies <= allowed, f"{part} was told {copies} times, {allowed} allowed"
    check_webhook_calls(simulation)
    assert simulation.published_count < 3000, f"{simulation.published_count} messages for one job"


def check_webhook_calls(simulation: Simulation) -> None:
    """Whatever was told by mail was told to every server, as one event, and no oftener than a
    crash, a slow worker or the server's own refusal explains."""
    made = simulation.deliveries()
    told = [unit for unit in simulation.units() if unit.stage == "notification"]
    events = {event_id(JOB, unit.revision, unit.part) for unit in told}
    strange = {one["event_id"] for one in made.values()} - events
    assert not strange, f"events that never happened: {strange}"
    for unit in told:
        if unit.state is not UnitState.DONE:
            continue
        for hook in simulation.webhooks:
            key = event_id(JOB, unit.revision, unit.part)
            here = [
                number
                for number, one in made.items()
                if (one["event_id"], one["webhook"]) == (key, hook)
            ]
            assert len(here) == 1, f"{unit.part} makes {len(here)} deliveries to {hook[0]}"
    current = event_id(JOB, simulation.job.revision, outcome_part(simulation.job))
    for number, one in made.items():
        if one["event_id"] != current and not simulation.sweeper_enabled:
            # A redrive or an edit came before its message did: the sweeper alone looks after it.
            continue
        worn = one["attempt"] >= FUNCTIONS[WEBHOOK].max_attempts
        ended = one["state"] == TaskState.DONE or (one["state"] == TaskState.FAILED and worn)
        assert ended, f"a call was lost: {one['event']} is {one['state']}"
        if one["state"] == TaskState.DONE:
            assert simulation.webhook_calls[number] >= 1, "a call was said to be made and was not"
        allowed = 1 + simulation.lease_takeovers[number] + simulation.allowed_repeats[number]
        assert simulation.webhook_calls[number] <= allowed, (
            f"{simulation.webhook_calls[number]} calls, {allowed} allowed"
        )
