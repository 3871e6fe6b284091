"""Runs cells in the load simulation, each with a job of another owner beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

from shared.flows.documents import job_path
from shared.jobs.model import Job, Status
from shared.jobs.rules import outcome_part
from shared.jobs.stage import UnitState
from tests.chaos.matrix.cells import Cell
from tests.chaos.matrix.result import CellResult
from tests.fakes.load.cloud import Load
from tests.fakes.load.engine import Options
from tests.fakes.load.fault_plan import Dependency, Faults
from tests.fakes.load.fault_state import FaultState
from tests.fakes.load.faults import FaultSimulation

JOB, BYSTANDER = "a" * 20, "b" * 20
LOAD = Load(part_count=3, parts_in_flight=2)
"""One more part than is admitted at once, so that a DONE part admits another one."""
HORIZON_S = 4 * 3600
"""When a job that has not ended counts as stuck. The longest fault delays a message by 30 min."""
MAX_SLOWDOWN = 2.0
"""How much longer the job of the other owner may take than the slowest of ten without faults. The
time of work is random."""

Configure = Callable[[FaultSimulation], None]


def run_cell(cell: Cell, seed: int, configure: Configure | None = None) -> CellResult:
    """Runs a cell and checks both jobs."""
    faults = Faults(JOB, cell.stage, cell.point, cell.delivery, cell.dependency)
    simulation = run_jobs(cell.recipe, cell.options, cell.seed(seed), faults, configure)
    result = CellResult(cell)
    for job_id in (JOB, BYSTANDER):
        check_job(simulation, job_id, result)
    check_other_owner(simulation, cell, result)
    runs, messages, _ = measure_without_faults(cell.recipe, cell.options)
    result.extra_runs = count_runs(simulation, JOB) - runs
    result.extra_messages = count_messages(simulation, JOB) - messages
    names = [cell.point, cell.delivery]
    names += [cell.dependency] if cell.dependency is not Dependency.NONE else []
    result.not_injected = [str(name) for name in names if not simulation.state.injected[name]]
    return result


def run_jobs(
    recipe: str,
    options: Options,
    seed: int,
    faults: Faults | None,
    configure: Configure | None = None,
) -> FaultSimulation:
    """Runs a job with these options and one of another owner until nothing is left to do."""
    simulation = FaultSimulation(seed, LOAD, state=FaultState(faults))
    if configure is not None:
        configure(simulation)
    simulation.add_job(JOB, "a", recipe, options=options)
    simulation.add_job(BYSTANDER, "b", recipe, options=options)
    simulation.run(HORIZON_S)
    return simulation


@cache
def measure_without_faults(recipe: str, options: Options) -> tuple[float, float, float]:
    """Returns the units of work and the messages of a job without faults, as means of ten runs, and
    the longest time that it took."""
    runs = [run_jobs(recipe, options, seed, None) for seed in range(10)]
    return (
        sum(count_runs(run, JOB) for run in runs) / len(runs),
        sum(count_messages(run, JOB) for run in runs) / len(runs),
        max(max(run.ended.values()) for run in runs),
    )


def count_runs(simulation: FaultSimulation, job_id: str) -> int:
    """Returns how often work of a job was started."""
    return sum(count for key, count in simulation.started.items() if key[0] == job_id)


def count_messages(simulation: FaultSimulation, job_id: str) -> int:
    """Returns how many messages of a job were published, without the copies of a fault."""
    return sum(count for key, count in simulation.publishes.items() if key[0] == job_id)


def check_job(simulation: FaultSimulation, job_id: str, result: CellResult) -> None:
    """Adds what is lost, doubled or stuck of a job."""
    documents = simulation.store.documents
    (doc,) = simulation.store.read([job_path(job_id)])
    if doc is None:
        result.lost.append(f"{job_id[0]} has no document")
        return
    job = Job.from_doc(doc)
    units = {
        path.rpartition("/")[2]: data
        for path, (data, _) in documents.items()
        if path.startswith(f"{job_path(job_id)}/units/")
    }
    if not job.is_terminal:
        open_units = [name for name, data in units.items() if data["state"] != UnitState.DONE]
        result.stuck.append(f"{job_id[0]} is {job.status} with {open_units}")
    elif job.status is not Status.DONE:
        result.lost.append(f"{job_id[0]} is {job.status}: {job.error}")
    else:
        outcome = f"{job.recipe.outcome_stage}-{job.revision}-{outcome_part(job.status, job.epoch)}"
        if outcome not in units:
            result.lost.append(f"{job_id[0]} was not announced")
        result.lost += [
            f"{job_id[0]} is done without {name}, which is {data['state']}"
            for name, data in units.items()
            if data["state"] != UnitState.DONE
        ]
    left = sum(count for key, count in simulation.outstanding.items() if key[0] == job_id)
    if left:
        result.stuck.append(f"{left} messages of {job_id[0]} are not acknowledged")
    _check_doubled(simulation, job, units, result)


def _check_doubled(
    simulation: FaultSimulation, job: Job, units: dict[str, dict[str, object]], result: CellResult
) -> None:
    result.doubled += [
        f"{path} was done {times} times"
        for path, times in simulation.done_commits.items()
        if times > 1 and path.startswith(job_path(job.id))
    ]
    done = Counter(
        f"{data['stage']}-{data['revision']}"
        for data in units.values()
        if data["state"] == UnitState.DONE and data["part"] != "join"
        if data["stage"] != job.recipe.outcome_stage
    )
    counted: Counter[str] = Counter()
    for path, (data, _) in simulation.store.documents.items():
        if path.startswith(f"{job_path(job.id)}/stages/") and "shard" in data:
            counted[f"{data['stage']}-{data['revision']}"] += data["done"]
    if +counted != done:
        result.doubled.append(f"{job.id[0]} counts {dict(+counted)}, {dict(done)} are done")
    names = [artifact.name for artifact in job.artifacts]
    if len(names) != len(set(names)):
        result.doubled.append(f"{job.id[0]} has a result twice: {names}")
    for key, runs in simulation.started.items():
        allowed = 1 + simulation.state.interrupted[key]
        if key[0] == job.id and runs > allowed:
            result.doubled.append(f"{key[1:]} ran {runs} times, its faults explain {allowed}")


def check_other_owner(simulation: FaultSimulation, cell: Cell, result: CellResult) -> None:
    """Checks that the job of the other owner did not wait for the faults."""
    *_, longest_s = measure_without_faults(cell.recipe, cell.options)
    ended_s = simulation.ended.get(BYSTANDER, HORIZON_S)
    if ended_s > MAX_SLOWDOWN * longest_s:
        result.stuck.append(f"b ended after {ended_s:.0f} s, {longest_s:.0f} s without faults")
