"""The sweep of tasks: recordings first, a budget for each kind of task, owners in turn."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.flows.documents import CommitResult, Update
from shared.pipeline import FUNCTIONS, STALLED_S
from shared.tasks import sweep
from shared.tasks.task import Task
from tests.fakes.simulation_tasks.simulation import TASK_FUNCTIONS, TaskSimulation

LOST_FOR_S = STALLED_S + 1
"""After this time the sweeper announces a task whose message was lost."""


def add_lost(simulation: TaskSimulation, function: str, owner: str, count: int = 1) -> list[Task]:
    """Returns new tasks without a message."""
    return [simulation.add(function, owner, announce=False) for _ in range(count)]


def run_sweep(simulation: TaskSimulation) -> set[str]:
    """Runs one sweep. Returns the paths of the tasks that it announced."""
    before = Counter(simulation.published_counts)
    simulation.run(sweep.sweep_tasks(simulation.clock))
    return set(simulation.published_counts - before)


def test_deliveries_of_one_owner_do_not_delay_a_recording_and_an_erasure() -> None:
    simulation = TaskSimulation()
    add_lost(simulation, "webhook", "busy", 1000)
    simulation.advance_time(1)
    [recording] = add_lost(simulation, "recorder", "alice")
    [erasure] = add_lost(simulation, "personal_data", "bob")
    simulation.advance_time(LOST_FOR_S)

    announced = run_sweep(simulation)

    assert {recording.path, erasure.path} <= announced


def test_deliveries_of_one_owner_do_not_delay_those_of_another() -> None:
    simulation = TaskSimulation()
    add_lost(simulation, "webhook", "busy", 2000)
    simulation.advance_time(1)
    others = [
        add_lost(simulation, "webhook", owner)[0].path for owner in ("alice", "bob", "carol", "zoe")
    ]
    simulation.advance_time(LOST_FOR_S)

    announced = run_sweep(simulation)

    assert set(others) <= announced


def test_each_kind_of_task_is_swept_within_its_own_budget() -> None:
    simulation = TaskSimulation()
    for number in range(60):
        for function in TASK_FUNCTIONS:
            add_lost(simulation, function, f"owner{number:02d}", 20)
    simulation.advance_time(LOST_FOR_S)

    announced = run_sweep(simulation)

    counts = Counter(path.split("/")[0] for path in announced)
    assert counts == {
        FUNCTIONS[function].task_collection: budget.max_tasks
        for function, budget in sweep.BUDGETS.items()
    }


def test_next_sweep_continues_after_the_last_owner() -> None:
    """Even when the tasks of the first owners are due again before the last owner had a turn."""
    simulation = TaskSimulation()
    tasks: list[Task] = []
    for number in range(30):
        tasks += add_lost(simulation, "personal_data", f"owner{number:02d}", 20)
    announced: Counter[str] = Counter()
    for _ in range(12):
        simulation.advance_time(sweep.MAX_RECHECK_S + 1)
        announced.update(run_sweep(simulation))

    assert announced == {task.path: 2 for task in tasks}


def test_recordings_are_swept_first_and_every_kind_has_a_budget() -> None:
    assert next(iter(sweep.BUDGETS)) == "recorder"
    assert set(sweep.BUDGETS) == set(TASK_FUNCTIONS)


def test_kind_of_task_that_cannot_be_swept_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulation = TaskSimulation()
    add_lost(simulation, "recorder", "alice")
    [delivery] = add_lost(simulation, "webhook", "alice")
    simulation.advance_time(LOST_FOR_S)
    publish = simulation.publish

    def refuse_recordings(envelope: object) -> None:
        if envelope.stage == "recorder":  # type: ignore[attr-defined]
            raise ConnectionError
        publish(envelope)  # type: ignore[arg-type]

    monkeypatch.setattr(simulation, "publish", refuse_recordings)

    assert run_sweep(simulation) == {delivery.path}


def test_six_hour_backlog_publishes_few_copies() -> None:
    """Without an instance for it, the message of a waiting task is never delivered."""
    simulation = TaskSimulation()
    task = simulation.add("webhook", "alice")
    for _ in range(6 * 60):
        simulation.advance_time(60)
        run_sweep(simulation)

    assert 5 <= simulation.published_counts[task.path] <= 12


def test_dead_letters_of_a_six_hour_backlog_publish_few_copies() -> None:
    """Pub/Sub forwards each copy to `dead_letter` after about 40 minutes."""
    simulation = TaskSimulation()
    task = simulation.add("webhook", "alice")
    published_at = [0]
    outstanding = 1
    for minute in range(1, 6 * 60):
        simulation.advance_time(60)
        for _ in range(published_at.count(minute - 40)):
            simulation.deliver(0, to_dead_letter=True)
            simulation.run_workers()
        run_sweep(simulation)
        new = simulation.published_counts[task.path] - len(published_at)
        published_at += [minute] * new
        outstanding = max(outstanding, len(simulation.messages))

    assert len(published_at) <= 30
    assert outstanding <= 10


def test_announced_task_is_not_announced_again_while_its_message_may_be_queued() -> None:
    simulation = TaskSimulation()
    [task] = add_lost(simulation, "webhook", "alice")
    simulation.advance_time(LOST_FOR_S)
    assert run_sweep(simulation) == {task.path}
    simulation.advance_time(60)
    assert run_sweep(simulation) == set()
    simulation.advance_time(sweep.RECHECK_S)
    assert run_sweep(simulation) == {task.path}


def test_sweep_does_not_overwrite_a_claim() -> None:
    simulation = TaskSimulation()
    [task] = add_lost(simulation, "webhook", "alice")
    simulation.advance_time(LOST_FOR_S)
    simulation.sweep()
    while not simulation.messages:
        simulation.step(0)
    claimed = simulation.store.commit([Update(task.path, {"state": "done"}, task.version)])
    simulation.run_workers()

    assert claimed is CommitResult.OK
    assert simulation.task("webhook", task.id).has_ended
