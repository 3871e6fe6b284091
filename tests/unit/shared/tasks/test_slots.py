"""Slots: the tasks of one owner that run at the same time are limited."""

from __future__ import annotations

import re
from datetime import timedelta

from infra.local.suite.layout import ROOT
from shared.cameras.camera import Camera, new_camera
from shared.cameras.recorder_tasks import new_recorder_task
from shared.cameras.source import parse_source
from shared.flows.documents import Create, Doc
from shared.flows.effects import ClockAndIds, CrashPoint, RunTask
from shared.pipeline import FUNCTIONS
from shared.tasks.slots import TASK_SLOTS, slot_path
from shared.tasks.task import NO_SLOT, new_task
from tests.fakes.application import SETTINGS
from tests.fakes.secret_keys import encrypt_camera
from tests.fakes.simulation_tasks.simulation import START, TaskSimulation

SLOTS = FUNCTIONS["webhook"].owner_slots


def start_all(simulation: TaskSimulation) -> None:
    """Delivers all messages, and steps every worker until its handler runs or it has ended."""
    while any(not message.in_flight for message in simulation.messages):
        simulation.deliver(0)
    while any(not isinstance(row.effect, RunTask) for row in simulation.workers):
        for index, worker in enumerate(simulation.workers):
            if not isinstance(worker.effect, RunTask):
                simulation.step(index)
                break


def test_slow_endpoints_of_one_owner_leave_instances_to_another() -> None:
    simulation = TaskSimulation()
    for _ in range(200):
        simulation.add("webhook", "busy")
    other = simulation.add("webhook", "alice")

    start_all(simulation)

    running = {row.effect.claim.task.path for row in simulation.workers}  # type: ignore[union-attr]
    assert other.path in running
    assert len(running) == SLOTS + 1
    assert simulation.messages == [row.message for row in simulation.workers]


def test_waiting_deliveries_run_without_the_sweeper() -> None:
    simulation = TaskSimulation(sweeper_enabled=False)
    tasks = [simulation.add("webhook", "busy") for _ in range(200)]
    start_all(simulation)
    while simulation.messages:
        simulation.run_workers()
        simulation.deliver(0)

    assert all(task.has_ended for task in simulation.tasks())
    assert all(simulation.run_counts[task.path] == 1 for task in tasks)
    assert max(simulation.published_counts.values()) <= 2
    assert simulation.max_in_flight["webhook", "busy"] <= SLOTS


def test_slot_of_a_crashed_worker_is_taken_over() -> None:
    simulation = TaskSimulation()
    task = simulation.add("webhook", "alice")
    start_all(simulation)
    simulation.crash(0)
    simulation.advance_time(FUNCTIONS["webhook"].lease_s + 1)

    simulation.deliver(0)
    simulation.run_workers()

    assert simulation.task("webhook", task.id).has_ended


def test_slot_of_a_lost_task_is_free_after_the_timeout() -> None:
    simulation = TaskSimulation()
    tasks = [simulation.add("webhook", "alice", announce=False) for _ in range(100)]
    first, second = [task for task in tasks if task.slot == 0][:2]
    simulation.publish(first.envelope)
    start_all(simulation)
    simulation.crash(0)
    simulation.messages.clear()
    simulation.publish(second.envelope)
    simulation.deliver(0)
    simulation.run_workers()
    assert not simulation.task("webhook", second.id).has_ended

    simulation.advance_time(FUNCTIONS["webhook"].timeout_s)
    simulation.publish(second.envelope)
    simulation.deliver(0)
    simulation.run_workers()
    assert simulation.task("webhook", second.id).has_ended


def test_crash_before_the_next_task_is_announced_is_healed_by_the_sweeper() -> None:
    simulation = TaskSimulation()
    tasks = [simulation.add("webhook", "alice") for _ in range(30)]
    start_all(simulation)
    while simulation.workers:
        index = 0
        effect = simulation.workers[index].effect
        if isinstance(effect, CrashPoint) and effect.name == "after_commit":
            simulation.workers[index].message.in_flight = False  # type: ignore[union-attr]
            simulation.messages.remove(simulation.workers[index].message)  # type: ignore[arg-type]
            simulation.workers[index].message = None
            simulation.crash(index)
        else:
            simulation.step(index)
    assert not simulation.messages
    simulation.advance_time(700)
    simulation.sweep()
    simulation.run_workers()
    while simulation.messages:
        simulation.deliver(0)
        simulation.run_workers()

    assert all(simulation.task("webhook", task.id).has_ended for task in tasks)


def test_one_owner_holds_at_most_half_of_the_instances() -> None:
    variables = (ROOT / "infra" / "terraform" / "variables.tf").read_text()
    match = re.search(r'variable "max_instances" \{[^}]*default *= *([0-9]+)', variables)
    assert match is not None
    for row in FUNCTIONS.values():
        # A recorder instance holds one camera.
        cameras = SETTINGS.max_watched_cameras if row.name == "recorder" else 0
        capacity = row.concurrency * int(match[1])
        assert row.owner_slots + cameras <= capacity / 2, row.name


def test_camera_sessions_and_data_requests_need_no_slot() -> None:
    """A handover of a camera must not wait; an owner has few data requests."""
    source = parse_source("rtsp://cam.example.org/live")
    create = new_camera("alice", "Door", source, encrypt_camera, START)[0]
    assert isinstance(create, Create)
    camera = Camera.from_doc(Doc(create.path, create.data, None))
    clock = ClockAndIds(lambda: START, lambda: "0123456789abcdef")
    task, _ = new_recorder_task(camera, clock)

    assert task.data["slot"] == NO_SLOT
    assert new_task("personal_data", "p" * 20, "alice", {}, START).data["slot"] == NO_SLOT
    assert new_task("recorder", "r" * 20, "alice", {}, START).data["slot"] != NO_SLOT


def test_documents_of_slots_name_their_owner_and_expire() -> None:
    simulation = TaskSimulation()
    task = simulation.add("webhook", "alice")
    simulation.deliver(0)
    simulation.run_workers()

    path = slot_path("webhook", "alice", task.slot)
    data, _ = simulation.store.documents[path]
    assert path.startswith(f"{TASK_SLOTS}/")
    assert "alice" not in path
    assert data["owner"] == "alice"
    assert data["taken_until"] == simulation.now
    assert data["expires_at"] > simulation.now + timedelta(hours=12)
