"""Random schedules of several owners, reproducible from a seed, and the invariants of a run."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial

from shared.jobs.commands import cancel, deck_review, delete, redrive
from shared.jobs.model import Job, Status
from shared.jobs.rules import outcome_part
from shared.jobs.stage import UnitState
from shared.pipeline import FUNCTIONS, RECIPES
from tests.fakes.load.cloud import Load
from tests.fakes.load.engine import LoadSimulation

RECIPE_NAMES = ("frames", "emotions", "presentation", "still")
HORIZON_S = 100_000
RELEASES_S = (3_000, 9_000, 20_000)
"""When a user releases every deck that waits for a review."""
REDRIVES_S = (5_000, 12_000, 24_000)
LOST_LEASES = 2
"""How many workers may go on for a moment after their unit was released by a command."""


def random_load(rng: random.Random, *, sweeper_enabled: bool = True) -> Load:
    """Returns random limits and faults."""
    instances = rng.choice((1, 2, 2, 4, 8))
    return Load(
        instances=instances,
        jobs_per_owner=rng.choice((1, 1, 2)),
        parts_in_flight=rng.choice((1, 2, 3)),
        part_count=rng.randint(1, 6),
        work_s=rng.choice((1.0, 20.0)),
        latency_s=rng.choice((0.03, 0.03, 1.0)),
        write_interval_s=rng.choice((0, 0, 0, 1.0)),
        crash=rng.choice((0, 0, 0.002, 0.01)) if sweeper_enabled else 0,
        duplicate=rng.choice((0, 0.01, 0.1)),
        slow=rng.choice((0, 0, 0.02)),
        lost_event=rng.choice((0, 0, 0.05)) if sweeper_enabled else 0,
        failure=rng.choice((0, 0, 0.02)),
        overload=rng.choice((0, 0, 0.5)),
        sweeper_enabled=sweeper_enabled,
        needs_review=rng.random() < 0.3,
    )


def run_schedule(
    seed: int,
    configure: Callable[[LoadSimulation], None] | None = None,
    *,
    sweeper_enabled: bool = True,
) -> LoadSimulation:
    """Runs one schedule to its end. Raises AssertionError when an invariant is violated."""
    rng = random.Random(seed)
    simulation = LoadSimulation(seed, random_load(rng, sweeper_enabled=sweeper_enabled))
    if configure is not None:
        configure(simulation)
    jobs = [
        (f"{'abc'[owner]}{number:019d}", "abc"[owner], rng.choice(RECIPE_NAMES))
        for owner in range(rng.randint(1, 3))
        for number in range(rng.randint(1, 4))
    ]
    for job_id, owner, recipe in jobs:
        # Every second job that may have an optional stage has it.
        rows = RECIPES[recipe].optional_stages if int(job_id[1:]) % 2 else ()
        options = [(row.option, row.values[0]) for row in rows]
        simulation.add_job(job_id, owner, recipe, at_s=rng.uniform(0, 60), options=options)
    has_commands = rng.random() < 0.4
    if has_commands:
        for _ in range(rng.randint(1, 4)):
            schedule_command(simulation, rng, rng.choice(jobs))
    clock = simulation.clock
    for job_id, _, recipe in jobs:
        if simulation.load.needs_review and RECIPES[recipe].deck_stage is not None:
            for at_s in RELEASES_S:
                simulation.command(at_s, partial(deck_review.release, job_id, clock))
        if simulation.load.failure:
            for at_s in REDRIVES_S:
                simulation.command(at_s, partial(redrive.redrive, job_id, clock, 30))
    simulation.run(HORIZON_S)
    check(simulation, jobs, has_commands=has_commands)
    return simulation


def schedule_command(
    simulation: LoadSimulation, rng: random.Random, job: tuple[str, str, str]
) -> None:
    """Schedules a command of a user on a job."""
    job_id, _, recipe = job
    clock = simulation.clock
    kinds = ["cancel", "delete"] + (["edit"] * 3 if recipe == "presentation" else [])
    at_s = rng.uniform(60, 600)
    match rng.choice(kinds):
        case "cancel":
            simulation.command(at_s, lambda: cancel.cancel(job_id, clock))
        case "delete":
            simulation.command(at_s, lambda: delete.delete(job_id, clock))
        case _:
            spec = {"deck": f"edit at {at_s}", "review": False}

            def edit() -> object:
                data = simulation.store.documents[f"jobs/{job_id}"][0]
                return deck_review.open_revision(
                    job_id,
                    clock,
                    base_revision=data["revision"],
                    spec=spec,
                    options={},
                    retention_days=30,
                )

            simulation.command(at_s, edit)  # type: ignore[arg-type]


def check(
    simulation: LoadSimulation, jobs: list[tuple[str, str, str]], *, has_commands: bool
) -> None:
    """Checks that every job has ended and was announced, that nothing was done twice, and that no
    owner had more in flight than allowed."""
    load = simulation.load
    assert not simulation.open_jobs, f"stuck: {describe(simulation)}"
    simulation.run(simulation.elapsed_s)
    twice = [path for path, times in simulation.done_commits.items() if times > 1]
    assert not twice, f"done twice: {twice}"
    for owner, count in simulation.most_running.items():
        assert count <= load.jobs_per_owner, f"{count} jobs of {owner} were running"
    slack = LOST_LEASES if has_commands or load.crash or load.failure else 0
    for (owner, function), count in simulation.most_working.items():
        inputs = max(len(RECIPES[recipe].inputs) for _, name, recipe in jobs if name == owner)
        per_job = inputs if function == "upload_trigger" else load.parts_in_flight
        allowed = load.jobs_per_owner * per_job + slack
        assert count <= allowed, f"{count} units of {owner} in {function}, {allowed} allowed"
    for job_id, _, _ in jobs:
        check_job(simulation, job_id)


def check_job(simulation: LoadSimulation, job_id: str) -> None:
    """Checks that a job failed for a reason only and that its counts are exact."""
    (doc,) = simulation.store.read([f"jobs/{job_id}"])
    if doc is None or doc.data["status"] == Status.DELETED:
        return
    job = Job.from_doc(doc)
    documents = simulation.store.documents
    units = {
        path: data
        for path, (data, _) in documents.items()
        if path.startswith(f"jobs/{job_id}/units/")
    }
    if job.status is Status.FAILED:
        exhausted = any(
            data["state"] == UnitState.FAILED
            and data["attempt"] >= FUNCTIONS[data["stage"]].max_attempts
            for data in units.values()
        )
        is_explained = simulation.load.failure or (simulation.load.crash and exhausted)
        assert is_explained, f"a healthy job failed: {job.error}"
    done = Counter(
        f"{data['stage']}-{data['revision']}"
        for data in units.values()
        if data["state"] == UnitState.DONE and data["part"] != "join"
        if data["stage"] != job.recipe.outcome_stage
    )
    counted: Counter[str] = Counter()
    for path, (data, _) in documents.items():
        if path.startswith(f"jobs/{job_id}/stages/") and "shard" in data:
            counted[f"{data['stage']}-{data['revision']}"] += data["done"]
    assert +counted == done, f"counted {counted}, done {done}"
    outcome = f"{job.recipe.outcome_stage}-{job.revision}-{outcome_part(job.status, job.epoch)}"
    assert f"jobs/{job_id}/units/{outcome}" in units, f"{outcome} was not admitted"


def describe(simulation: LoadSimulation) -> str:
    """Returns the state of the jobs that have not ended."""
    lines = []
    for job_id in sorted(simulation.open_jobs):
        data = simulation.store.documents[f"jobs/{job_id}"][0]
        stages = {name: str(state) for name, state in data["stages"].items()}
        lines.append(f"{job_id[:2]} {data['recipe']} {data['status']} {stages}")
    return "; ".join(lines)
