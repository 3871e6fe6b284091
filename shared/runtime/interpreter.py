"""The interpreter: performs the effects of flows against the real services."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from shared.flows import effects
from shared.flows.envelope import Envelope
from shared.jobs.model import Job
from shared.jobs.stage import UnitClaim
from shared.jobs.units.outcomes import UnitDone, UnitOutcome
from shared.pipeline import FUNCTIONS
from shared.runtime.leases import UnitLease
from shared.runtime.services import Services
from shared.runtime.tracing import NoOpTracer, Tracer
from shared.runtime.uploads import delete_superseded_uploads, ensure_upload
from shared.runtime.work import TaskHandler, UnitHandler, run_task, run_unit
from shared.tasks.task import TaskClaim, TaskOutcome

T = TypeVar("T")


class Interpreter:
    """Performs effects one after the other. One interpreter serves one delivery or request."""

    def __init__(
        self,
        services: Services,
        *,
        unit_handler: UnitHandler | None = None,
        task_handler: TaskHandler | None = None,
        traceparent: str = "",
        tracer: Tracer | None = None,
    ) -> None:
        self._services = services
        self._unit_handler = unit_handler
        self._task_handler = task_handler
        self._traceparent = traceparent
        self._tracer = tracer or NoOpTracer()

    def run(self, flow: effects.Flow[T]) -> T:
        """Runs a flow to its end and returns its result. Errors of services are raised inside the
        flow."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = self._perform(effect)
                except Exception as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as end:
            result: T = end.value
            return result

    def _perform(self, effect: effects.Effect) -> Any:
        services = self._services
        match effect:
            case effects.Read(paths):
                return services.store.read(paths)
            case effects.RunQuery(query):
                return services.store.run_query(query)
            case effects.Commit(writes):
                return services.store.commit(writes)
            case effects.Publish(envelopes):
                return services.publisher.publish(map(self._with_trace, envelopes))
            case effects.Wait(seconds):
                return services.clock.sleep(seconds)
            case effects.RunUnit(claim):
                return self._run_unit(claim)
            case effects.RunTask(claim):
                return self._run_task(claim)
            case effects.LogEvent(name, fields):
                return services.log(name, **fields)
            case effects.ListPrefixes(bucket, prefix, after, limit):
                return services.objects.list_prefixes(bucket, prefix, after=after, limit=limit)
            case effects.InputsUploaded(job):
                return self._uploaded_inputs(job)
            case effects.Quarantine(source):
                services.log("object.quarantined", severity="WARNING", object=source.name)
                return services.objects.quarantine(source)
            case effects.DeleteObject(source):
                return services.objects.delete_ref(source)
            case effects.PurgeJob(job_id):
                return self._purge_job(job_id)
            case effects.CrashPoint(name, envelope):
                return self._crash_if_requested(name, envelope)

    def _run_unit(self, claim: UnitClaim) -> UnitOutcome:
        handler = self._unit_handler
        if handler is None:
            raise TypeError("a flow without a unit handler yielded RunUnit")

        def handle_in_span(lease: UnitLease) -> UnitDone:
            with self._tracer.span("work", self._traceparent, attempt=claim.attempt):
                return handler(lease)

        return run_unit(claim, handle_in_span, self._services, self.run)

    def _run_task(self, claim: TaskClaim) -> TaskOutcome:
        if self._task_handler is None:
            raise TypeError("a flow without a task handler yielded RunTask")
        return run_task(claim, self._task_handler, self._services, self.run)

    def _with_trace(self, envelope: Envelope) -> Envelope:
        return replace(envelope, traceparent=self._traceparent) if self._traceparent else envelope

    def _uploaded_inputs(self, job: Job) -> frozenset[str]:
        objects = self._services.objects
        for job_input in job.inputs:
            # The API deletes them when it declares the next one, but may have been interrupted.
            delete_superseded_uploads(objects, job_input)
        return frozenset(item.name for item in job.inputs if ensure_upload(objects, item))

    def _purge_job(self, job_id: str) -> None:
        self._services.store.purge_job(job_id)
        prefixes = {written for row in FUNCTIONS.values() for written in row.writes}
        for bucket, prefix in sorted(prefixes):
            self._services.objects.delete_prefix(bucket, f"{prefix}{job_id}/")

    def _crash_if_requested(self, name: str, envelope: Envelope) -> None:
        """Local only: ends the process when a file for this crash point exists, and deletes the
        file before."""
        if not self._services.crash_dir:
            return
        request = Path(self._services.crash_dir) / f"{name}.{envelope.stage}.{envelope.job_id}"
        try:
            request.unlink()
        except FileNotFoundError:
            return
        os._exit(137)
