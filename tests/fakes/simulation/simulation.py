"""The simulation: runs flows step by step, so that a test orders steps, crashes and repetitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from shared.errors import NotFound, WrongState
from shared.flows import effects
from shared.flows.documents import CommitResult, Doc, Query, Update, Write
from shared.flows.envelope import Envelope, ObjectRef
from shared.jobs.commands import cancel, deck_review, delete, redrive
from shared.jobs.maintenance import cleanup, dead_letter, sweep
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.jobs.units import deliver
from shared.jobs.units.lease import renew as renew_unit
from shared.jobs.webhooks.deliveries import WEBHOOK
from shared.jobs.webhooks.events import EVENT, JOB_AWAITING_REVIEW, JOB_STARTED, deliver_event
from shared.tasks import run
from shared.tasks.lease import renew as renew_task
from shared.tasks.task import SWEEP_PAGE_SIZE, TaskClaim, TaskDone
from tests.fakes.simulation.handlers import call_webhook, run_unit
from tests.fakes.simulation.state import (
    JOB,
    QueuedMessage,
    SimulatedState,
    SimulatedWorker,
    counter_key,
    is_guarded,
)

_EVENTS = {Status.RUNNING: JOB_STARTED, Status.AWAITING_REVIEW: JOB_AWAITING_REVIEW}
"""The events of a job by the status that it enters."""


@dataclass
class Simulation(SimulatedState):
    """Events and the steps of flows on the state of one job."""

    # --- events ------------------------------------------------------------------------------

    def upload_input(self, name: str) -> None:
        if name not in self.uploads and not self.is_deleted:
            self.uploads.add(name)
            ref = ObjectRef("uploads", f"jobs/{JOB}/{name}.0", 1)
            self.publish(Envelope(JOB, "upload_trigger", name, upload=0, source=ref))

    def duplicate_message(self, index: int) -> None:
        if self.messages:
            self.publish(self.messages[index % len(self.messages)].envelope)

    def deliver(self, index: int, *, to_dead_letter: bool = False) -> None:
        waiting = [message for message in self.messages if not message.in_flight]
        if not waiting:
            return
        message = waiting[index % len(waiting)]
        message.in_flight = True
        envelope, clock = message.envelope, self.clock_and_ids
        flow: effects.Flow[effects.Reply]
        if to_dead_letter:
            flow = dead_letter.dead_letter(envelope, clock, message.published_at)
        elif envelope.stage == WEBHOOK:
            flow = run.run(envelope, clock)
        else:
            flow = deliver.deliver(envelope, clock)
        self._start(flow, message, envelope.stage)

    def run_command(self, name: str) -> None:
        flow: effects.Flow[Any]
        if name == "redrive":
            flow = redrive.redrive(JOB, self.clock_and_ids, 30)
        elif name == "release":
            flow = deck_review.release(JOB, self.clock_and_ids)
        elif name in ("edit", "edit and release"):
            flow = self._edit(release=name != "edit")
        elif name == "cleanup":
            flow = cleanup.clean_up(self.clock_and_ids)
        else:
            commands: dict[str, Callable[..., effects.Flow[Any]]] = {
                "cancel": cancel.cancel,
                "delete": delete.delete,
                "sweep": sweep.sweep,
            }
            flow = commands[name](*([] if name == "sweep" else [JOB]), self.clock_and_ids)
        self._start(flow, None, name)

    def _edit(self, *, release: bool) -> effects.Flow[Any]:
        self.edit_count += 1
        spec = {"deck": f"edit {self.edit_count}", "review": not release}
        return deck_review.open_revision(
            JOB,
            self.clock_and_ids,
            base_revision=self.job.revision,
            spec=spec,
            options={},
            retention_days=30,
        )

    def step(self, index: int, outcome: str = "done") -> None:
        if self.workers:
            self._step(self.workers[index % len(self.workers)], outcome)

    def crash_worker(self, index: int) -> None:
        workers = [worker for worker in self.workers if self._may_crash(worker)]
        if workers:
            self._end(workers[index % len(workers)], acked=False)

    def _may_crash(self, worker: SimulatedWorker) -> bool:
        """Whether a crash of the worker can be healed. Only the sweeper resumes an interrupted
        command, which has no message, and announces the units of a job that was just started."""
        return self.sweeper_enabled or (worker.message is not None and not worker.has_started_job)

    def lose_response(self) -> None:
        """Commits the next guarded batch and answers CONFLICT, as the client's retry would."""
        self.lost_response_count = 1

    def renew_lease(self, index: int) -> None:
        running = [
            worker
            for worker in self.workers
            if isinstance(worker.effect, effects.RunUnit | effects.RunTask)
        ]
        if running:
            worker = running[index % len(running)]
            renewal: effects.Flow[bool]
            if isinstance(worker.effect, effects.RunTask):
                renewal = renew_task(worker.effect.claim, self.clock_and_ids)
            else:
                assert isinstance(worker.effect, effects.RunUnit)
                renewal = renew_unit(worker.effect.claim, self.clock_and_ids)
            if self.run(renewal) is False:
                worker.lease_lost = True

    def advance_time(self, seconds: float) -> None:
        """Advances the clock and ends workers that run for longer than a function may."""
        self.now += timedelta(seconds=seconds)
        for worker in list(self.workers):
            is_over = self.now - worker.started_at > timedelta(seconds=600)
            if is_over and (self.sweeper_enabled or not worker.has_started_job):
                self._end(worker, acked=False)

    # --- running flows -----------------------------------------------------------------------

    def run(self, flow: effects.Flow[Any]) -> Any:
        try:
            effect = next(flow)
            while True:
                effect = flow.send(self._perform(effect, None, "done"))
        except StopIteration as end:
            return end.value

    def _start(self, flow: effects.Flow[Any], message: QueuedMessage | None, name: str) -> None:
        worker = SimulatedWorker(flow, None, message, name, self.now)
        self.workers.append(worker)
        self._advance(worker, None, first=True)

    def _step(self, worker: SimulatedWorker, outcome: str) -> None:
        assert worker.effect is not None
        if self.next_outcome and isinstance(worker.effect, effects.RunUnit):
            outcome, self.next_outcome = self.next_outcome, ""
        result = self._perform(worker.effect, worker, outcome)
        if isinstance(worker.effect, effects.Publish):
            worker.has_started_job = False
        elif isinstance(worker.effect, effects.Commit) and result is CommitResult.OK:
            worker.has_started_job |= any(
                getattr(write, "fields", {}).get("status") is Status.RUNNING
                for write in worker.effect.writes
            )
        self._advance(worker, result)

    def _advance(self, worker: SimulatedWorker, value: Any, *, first: bool = False) -> None:
        try:
            worker.effect = next(worker.flow) if first else worker.flow.send(value)
        except StopIteration as end:
            self._end(worker, acked=end.value is not effects.Reply.NACK)
        except (NotFound, WrongState):
            self._end(worker, acked=True)

    def _end(self, worker: SimulatedWorker, *, acked: bool) -> None:
        self.workers.remove(worker)
        worker.flow.close()
        if worker.message is not None:
            worker.message.in_flight = False
            if acked:
                self.messages.remove(worker.message)

    def _perform(self, effect: effects.Effect, worker: SimulatedWorker | None, outcome: str) -> Any:
        match effect:
            case effects.Read(paths):
                return self.store.read(paths)
            case effects.RunQuery(query):
                return self._run_query(query)
            case effects.Commit(writes):
                return self._commit(writes)
            case effects.Publish(envelopes):
                for envelope in envelopes:
                    self.published_count += 1
                    self.publish(envelope)
            case effects.RunUnit(claim):
                assert worker is not None
                return run_unit(self, claim, worker, outcome)
            case effects.DeleteObject(source):
                self.objects.pop(source.name, None)
                self.uploads = {name for name in self.uploads if f"/{name}." not in source.name}
            case effects.PurgeJob(job_id):
                if job_id == JOB:
                    self.objects.clear()
                    self.uploads.clear()
                self.prefixes.discard(job_id)
                self.store.purge_job(job_id)
            case effects.InputsUploaded(job):
                return frozenset(self.uploads) if job.id == JOB else frozenset()
            case effects.RunTask(claim):
                assert worker is not None
                if claim.task.data["kind"] == EVENT:
                    return self._deliver_event(claim, worker)
                return call_webhook(self, claim, worker, outcome)
            case effects.ListPrefixes(_, _, after, limit):
                names = sorted(self.prefixes, key=lambda name: f"{name}/")
                return tuple(name for name in names if f"{name}/" > f"{after}/" or not after)[
                    :limit
                ]
            case _:
                return None
        return None

    def _deliver_event(self, claim: TaskClaim, worker: SimulatedWorker) -> TaskDone:
        """Stands for the handler of an event, which is not interrupted."""
        flow = deliver_event(claim.task, self.clock_and_ids)
        effect = next(flow, None)
        while effect is not None:
            try:
                effect = flow.send(self._perform(effect, worker, ""))
            except StopIteration:
                effect = None
        return TaskDone()

    def _run_query(self, query: Query) -> tuple[Doc, ...]:
        if query.order_by in ("next_check_at", "owner") and not self.sweeper_enabled:
            return ()
        if query.limit == SWEEP_PAGE_SIZE:
            query = replace(query, limit=self.page_size)
        return self.store.run_query(query)

    def _commit(self, writes: tuple[Write, ...]) -> CommitResult:
        before = self.job.status if f"jobs/{JOB}" in self.store.documents else None
        takeovers = [write for write in writes if self.takes_over(write)]
        result = self.store.commit(writes)
        if result is CommitResult.OK:
            self.lease_takeovers.update(counter_key(write.path) for write in takeovers)
            for write in writes:
                if "/units/" in write.path and isinstance(write, Update):
                    self.done_commit_counts[write.path] += (
                        write.fields.get("state") == UnitState.DONE
                    )
            exists = f"jobs/{JOB}" in self.store.documents
            if exists and self.job.status is not before and self.job.status in _EVENTS:
                self.event_counts[_EVENTS[self.job.status]] += 1
            if exists and self.job.status is not before and self.job.is_terminal:
                self.terminal_states.append(
                    f"{self.job.status}.e{self.job.epoch}.r{self.job.revision}"
                )
            if self.lost_response_count and any(is_guarded(write) for write in writes):
                self.lost_response_count = 0
                return CommitResult.CONFLICT
        return result
