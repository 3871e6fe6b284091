"""Invariants of a job: after every step, and when nothing is left to do."""

from __future__ import annotations

from collections import Counter

from shared.errors import UploadAbandoned
from shared.flows.documents import owned_documents
from shared.flows.envelope import JOIN
from shared.jobs.model import Status
from shared.jobs.rules import outcome_part
from shared.jobs.stage import UnitState, revision_of
from shared.jobs.totals import TOTALS, job_share, read_totals
from shared.jobs.webhooks.deliveries import WEBHOOK, event_id
from shared.jobs.webhooks.events import JOB_STARTED
from shared.pipeline import FUNCTIONS, RECIPES
from shared.tasks.errors import WaitedTooLong
from shared.tasks.task import TaskState
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB, OWNER


def check_always(simulation: Simulation) -> None:
    """Checks that counts are exact, no unit is DONE twice and terminal states are final."""
    _check_totals(simulation)
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
        count = simulation.stage_count(name, "done")
        assert count == parts_done[name], f"{name} counts {count}, {parts_done[name]} are done"
    _check_worked_ms(simulation)
    attempts = [unit.attempt for unit in units]
    assert all(attempt >= 0 for attempt in attempts), f"attempts given back twice: {attempts}"
    twice = [path for path, times in simulation.done_commit_counts.items() if times > 1]
    assert not twice, f"done twice: {twice}"
    ends = [state for state in simulation.terminal_states if not state.startswith("deleted")]
    epochs = Counter(state.split(".", 1)[1] for state in ends)
    assert all(times == 1 for times in epochs.values()), f"ended more than once: {ends}"
    if job.status is Status.DONE:
        for name in job.recipe.result_stages:
            assert simulation.stage(name)["state"] == "done", f"done without {name}"
    if job.status is Status.AWAITING_REVIEW:
        started = [
            unit
            for unit in units
            if unit.stage in job.recipe.stages_after_deck and unit.revision == revision
            if unit.state is not UnitState.FREE
        ]
        assert not started, f"started before the deck was reviewed: {started}"


def _check_totals(simulation: Simulation) -> None:
    """Checks that the totals of the owner are those of the jobs, however often they changed."""
    jobs: Counter[str] = Counter()
    for path, (data, _) in simulation.store.documents.items():
        if path.startswith("jobs/") and path.count("/") == 1:
            jobs.update(job_share(data))
    totals = read_totals(simulation.store.run_query(owned_documents(TOTALS, OWNER)))
    assert +totals == +jobs, f"the totals are {totals}, the jobs are {jobs}"
    assert not -totals, f"negative totals: {totals}"


def _check_worked_ms(simulation: Simulation) -> None:
    """Checks that the working time is that of the attempts of the DONE units, however often they
    were delivered, and, for a stage that is done, of all others that its stage has counted."""
    job = simulation.job
    worked_ms: Counter[tuple[str, bool]] = Counter()
    for path, (data, _) in simulation.store.documents.items():
        is_unit = path.startswith(f"jobs/{JOB}/units/")
        if (
            is_unit
            and data["state"] == UnitState.DONE
            and data["revision"] == revision_of(data["stage"], job.revision)
        ):
            seconds = (data["done_at"] - data["claimed_at"]).total_seconds()
            spent_ms = data["lost_ms"] + max(0, round(seconds * 1000))
            worked_ms[data["stage"], data["part"] == JOIN] += spent_ms
    for name in job.recipe.result_stages:
        parts_ms = worked_ms[name, False]
        assert simulation.stage_count(name, "worked_ms") == parts_ms, f"{name} counts another time"
        stage = simulation.stage(name)
        if stage["state"] == "done":
            assert job.worked_ms[name] == stage["earlier_ms"] + parts_ms + worked_ms[name, True]


def run_until_idle(simulation: Simulation, max_rounds: int = 120) -> None:
    """Runs in a fair order and without new faults until nothing is left to do."""
    simulation.next_outcome = ""
    for job_input in RECIPES[simulation.recipe].inputs:
        simulation.upload_input(job_input.name)
    quiet_sweeps = 0
    for _ in range(max_rounds):
        while simulation.workers:
            simulation.step(0)
            check_always(simulation)
        if not simulation.messages:
            # The sweeper checks a unit after at most an hour.
            simulation.advance_time(3700 if quiet_sweeps else 100)
            before = simulation.published_count
            simulation.run_command("sweep")
            while simulation.workers:
                simulation.step(0)
                check_always(simulation)
            is_quiet = simulation.published_count == before and not simulation.messages
            quiet_sweeps = quiet_sweeps + 1 if is_quiet else 0
            is_idle = quiet_sweeps > 3
            if (
                is_idle
                and not simulation.is_deleted
                and simulation.job.status is Status.AWAITING_REVIEW
            ):
                simulation.run_command("release")
                while simulation.workers:
                    simulation.step(0)
                    check_always(simulation)
            elif is_idle and (
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
        f"not idle after {max_rounds} rounds: {simulation.job.status}, "
        f"{[message.envelope for message in simulation.messages[:5]]}"
    )


def check_final_state(simulation: Simulation) -> None:
    """Checks that the job has ended, that it failed only for a reason, that every result exists
    once and that every outcome was announced."""
    if simulation.is_deleted:
        simulation.advance_time(3600)
        simulation.run_command("sweep")
        while simulation.workers:
            simulation.step(0)
        paths = [path for path in simulation.store.documents if path.startswith(f"jobs/{JOB}/")]
        assert not paths, f"documents left of a deleted job: {paths}"
        assert not simulation.objects, f"objects left of a deleted job: {simulation.objects}"
        assert not simulation.deliveries(), "deliveries are left of a deleted job"
        assert simulation.is_deleted
        return
    job = simulation.job
    assert job.is_terminal, f"the job stopped silently: {job.status} {dict(job.stages)}"
    if job.status is Status.FAILED:
        is_exhausted = any(
            unit.attempt >= FUNCTIONS[unit.stage].max_attempts
            for unit in simulation.units()
            if unit.state is UnitState.FAILED
        )
        code = job.error["code"] if job.error else ""
        is_late = code in (UploadAbandoned.code, WaitedTooLong.code)
        assert simulation.has_permanent_error or is_exhausted or is_late, (
            f"a healthy job failed: {job.error}"
        )
    if job.status is Status.DONE:
        names = [artifact.name for artifact in job.artifacts]
        assert len(names) == len(set(names)), f"two results: {names}"
        films = {name for name in names if name.startswith("stitching/")}
        expected = {f"stitching/{job.revision}/{JOIN}"} if films else set()
        assert expected <= films, f"the film is not that of revision {job.revision}: {films}"
    outcome = f"{job.status}.e{job.epoch}"
    final = f"{job.revision}-{outcome}"
    key = (job.revision, outcome)
    notification = next(
        (unit for unit in simulation.units() if (unit.revision, unit.part) == key), None
    )
    has_failed = notification is not None and notification.state is UnitState.FAILED
    assert simulation.notifications_sent[final] >= 1 or has_failed, f"{final} was never sent"
    for part, copies in simulation.notifications_sent.items():
        # One more for each holder that crashed or was too slow between sending and recording.
        allowed = 1 + simulation.lease_takeovers[part]
        assert copies <= allowed, f"{part} was sent {copies} times, {allowed} allowed"
    check_webhook_calls(simulation)
    assert simulation.published_count < 3000, f"{simulation.published_count} messages for one job"


def check_webhook_calls(simulation: Simulation) -> None:
    """Checks that every outcome sent by email was sent to every webhook, as one event, as was every
    other event of the job, and that repeated calls are explained by a crash, a slow worker or a
    refusal of the server."""
    deliveries, event_tasks = simulation.deliveries(), simulation.event_tasks().values()
    counts = Counter(task["event"] for task in event_tasks)
    expected = Counter(
        {
            event: count
            for event, count in simulation.event_counts.items()
            # The start of a job has no event unless a webhook receives the event.
            if event != JOB_STARTED or (simulation.webhooks and event in simulation.webhook_events)
        }
    )
    assert counts == expected, f"{counts} events, but {expected} happened"
    notifications = [unit for unit in simulation.units() if unit.stage == "notification"]
    events = {event_id(JOB, unit.revision, unit.part) for unit in notifications}
    events |= {task["event_id"] for task in event_tasks}
    unknown = {delivery["event_id"] for delivery in deliveries.values()} - events
    assert not unknown, f"events that never happened: {unknown}"
    for unit in notifications:
        if unit.state is not UnitState.DONE:
            continue
        for webhook_id in simulation.webhooks:
            key = (event_id(JOB, unit.revision, unit.part), webhook_id)
            count = sum(
                (delivery["event_id"], delivery["webhook"]) == key
                for delivery in deliveries.values()
            )
            assert count == 1, f"{unit.part} has {count} deliveries to {webhook_id[0]}"
    for task in event_tasks:
        if task["state"] != TaskState.DONE:
            assert not simulation.sweeper_enabled, f"the event {task['event']} was lost"
            continue
        receivers = sorted(
            row["webhook"] for row in deliveries.values() if row["event_id"] == task["event_id"]
        )
        is_received = task["event"] in simulation.webhook_events
        expected_webhooks = sorted(simulation.webhooks) if is_received else []
        assert receivers == expected_webhooks, f"{task['event']} was delivered to {receivers}"
    current = event_id(
        JOB, simulation.job.revision, outcome_part(simulation.job.status, simulation.job.epoch)
    )
    for task_id, delivery in deliveries.items():
        if delivery["event_id"] != current and not simulation.sweeper_enabled:
            # A redrive or an edit preceded its message: only the sweeper announces it again.
            continue
        state = delivery["state"]
        is_exhausted = delivery["attempt"] >= FUNCTIONS[WEBHOOK].max_attempts
        has_ended = state == TaskState.DONE or (state == TaskState.FAILED and is_exhausted)
        assert has_ended, f"a call was lost: {delivery['event']} is {state}"
        calls = simulation.webhook_calls[task_id]
        if state == TaskState.DONE:
            assert calls >= 1, "a delivery is DONE without a call"
        allowed = 1 + simulation.lease_takeovers[task_id] + simulation.allowed_repeats[task_id]
        assert calls <= allowed, f"{calls} calls, {allowed} allowed"
