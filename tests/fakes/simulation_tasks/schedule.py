"""Random schedules of the task simulation, reproducible from a seed, and their invariants."""

from __future__ import annotations

import random
from collections.abc import Callable

from shared.flows.effects import Failed, Later
from shared.pipeline import FUNCTIONS
from shared.tasks.task import NO_SLOT, TaskClaim, TaskDone, TaskOutcome, TaskState
from tests.fakes.simulation_tasks.simulation import TASK_FUNCTIONS, TaskSimulation

OWNERS = ("alice", "bob", "carol")
BUSY_OWNER = "busy"
OWNER_SLOTS = 2
MAX_PUBLISHED = 100
"""Messages of one task in a schedule of hours, in which 40 tasks share two slots and messages are
delivered in any order. The mean is below three."""


def run_schedule(
    seed: int, configure: Callable[[TaskSimulation], None] | None = None
) -> TaskSimulation:
    """Runs one schedule until nothing is left to do. Raises AssertionError when an invariant is
    violated."""
    rng = random.Random(seed)

    def handle(claim: TaskClaim) -> TaskOutcome:
        return _random_outcome(rng, claim)

    simulation = TaskSimulation(handler=handle, owner_slots=OWNER_SLOTS)
    if configure is not None:
        configure(simulation)
    for _ in range(rng.randint(5, 40)):
        simulation.add("webhook", BUSY_OWNER, announce=rng.random() < 0.8)
    for _ in range(rng.randint(60, 300)):
        random_step(simulation, rng)
        check_always(simulation)
    run_until_idle(simulation)
    check_final_state(simulation)
    return simulation


def random_step(simulation: TaskSimulation, rng: random.Random) -> None:
    """Runs one random event."""
    index, dice = rng.randrange(100), rng.random()
    if dice < 0.06:
        owner = rng.choice((*OWNERS, BUSY_OWNER))
        simulation.add(rng.choice(TASK_FUNCTIONS), owner, announce=rng.random() < 0.8)
    elif dice < 0.45:
        for _ in range(rng.randint(1, 12)):
            simulation.step(index)
            check_always(simulation)
    elif dice < 0.75:
        simulation.deliver(index)
    elif dice < 0.79:
        simulation.duplicate_message(index)
    elif dice < 0.82:
        simulation.crash(index)
    elif dice < 0.84:
        simulation.lose_message(index)
    elif dice < 0.87:
        simulation.renew_leases()
    elif dice < 0.92:
        simulation.advance_time(rng.choice([-5, 1, 10, 50, 100, 700]))
    elif dice < 0.95:
        simulation.sweep()
    elif dice < 0.97:
        simulation.deliver(index, to_dead_letter=True)
    else:
        simulation.lose_next_response = True


def check_always(simulation: TaskSimulation) -> None:
    """Checks that no owner has more tasks in flight than the function has slots for one."""
    for (function, owner), count in simulation.max_in_flight.items():
        has_limit = FUNCTIONS[function].owner_slots > 0
        assert not has_limit or count <= OWNER_SLOTS, (
            f"{owner} has {count} tasks of {function} in flight"
        )


def run_until_idle(simulation: TaskSimulation, max_rounds: int = 400) -> None:
    """Runs without new faults until every task has ended."""
    for _ in range(max_rounds):
        simulation.run_workers()
        check_always(simulation)
        if simulation.messages:
            for _ in range(len(simulation.messages)):
                simulation.deliver(0)
                simulation.run_workers()
        elif all(task.has_ended for task in simulation.tasks()):
            return
        else:
            simulation.advance_time(100)
            simulation.sweep()
    open_tasks = [task.path for task in simulation.tasks() if not task.has_ended]
    raise AssertionError(f"not idle after {max_rounds} rounds: {open_tasks[:5]}")


def check_final_state(simulation: TaskSimulation) -> None:
    """Checks that every task has run and ended, and that its messages did not multiply."""
    for task in simulation.tasks():
        runs = simulation.run_counts[task.path]
        assert task.has_ended
        is_exhausted = task.attempt >= FUNCTIONS[task.function].max_attempts
        assert runs or is_exhausted, f"{task.path} ended without having run"
        if task.state is TaskState.FAILED:
            code = task.data["error"]["code"]
            assert is_exhausted or code == "refused", f"{task.path} failed: {code}"
        published = simulation.published_counts[task.path]
        assert published <= MAX_PUBLISHED, f"{task.path} was published {published} times"


def _random_outcome(rng: random.Random, claim: TaskClaim) -> TaskOutcome:
    dice = rng.random()
    if dice < 0.15:
        return Later(rng.choice([0, 5, 60, 300]), "status-503", "It answered 503.")
    if dice < 0.25 and claim.task.slot != NO_SLOT:
        return Later(rng.choice([0, 60]), progress=True)
    if dice < 0.3:
        return Failed("refused", "It cannot be done.")
    return TaskDone()
