"""Delivers the results of a job, one after the other.

A result that is delivered is recorded and not sent again. After an error that may pass, or at the
end of this run's time, the next run continues. A result that cannot be delivered, now or at all,
does not stop the others.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from functions.result_delivery.destinations import OpenDestination, open_destination
from functions.result_delivery.errors import DeliveryTimeout, ResultMissing
from functions.result_delivery.outcome import end_delivery, fail_pending
from shared.entrypoints.task import TaskContext
from shared.errors import OverloadedError, PermanentError, StorageUnavailable
from shared.flows.documents import CommitResult, Update, job_path
from shared.flows.effects import Failed, Later
from shared.jobs.model import Job
from shared.jobs.result_deliveries.delivery import DeliveredFile, FileState, ResultDelivery
from shared.pipeline import FUNCTIONS
from shared.ports.url_reader import UrlUnavailable
from shared.tasks.errors import DeadlineNear, LeaseLost
from shared.tasks.task import TaskOutcome, TaskState

MAX_RETRY_AFTER_S = 600
INTERVAL_S = 5
"""Between two writes of the progress."""


def deliver_results(context: TaskContext) -> TaskOutcome:
    """Delivers the results of a job, or continues to.

    The last attempt only records the failure, also that of a worker that crashed in every attempt.
    Attempts count since the last result that was delivered.
    """
    delivery = ResultDelivery.from_task(context.task)
    run, max_attempts = _Run(context, delivery), FUNCTIONS[context.task.function].max_attempts
    if context.attempt >= max_attempts:
        return run.end(*context.task.last_error())
    try:
        later = run.deliver()
    except PermanentError as error:
        return run.end(error.code, str(error))
    if later is None:
        return run.end()
    if context.attempt < max_attempts - 1 or later.progress:
        return later
    # Nothing is gained by waiting for the last attempt.
    return run.give_up(later)


class _Run:
    """One run of a delivery."""

    def __init__(self, context: TaskContext, delivery: ResultDelivery) -> None:
        self._context = context
        self._delivery = delivery
        self._files: list[DeliveredFile] = list(delivery.files)
        self._has_progress = False
        self._retries: dict[int, Later] = {}
        """By the position of its file: what a server that was not available makes of the run."""
        self._copy: dict[str, str] | None = None
        self._recorded_at = time.monotonic()

    def deliver(self) -> Later | None:
        """Sends what is pending, each result once. Returns the outcome with which another run
        continues, or None at the end. Raises the errors of `check_binding`, LeaseLost, and
        transient errors of our services."""
        destination = None
        for position, row in enumerate(self._files):
            if row.state is not FileState.PENDING:
                continue
            if row.artifact is None:
                self._files[position] = row.failed(*_describe(ResultMissing()))
                continue
            destination = destination or open_destination(self._context, self._delivery)
            later = self._send(position, row, destination)
            if later is not None:
                return later
            self._record()
        return self._longest_wait()

    def give_up(self, later: Later) -> TaskOutcome:
        """Returns the outcome after the last attempt: the results that were tried fail. Those for
        which this run had no time are sent by another one."""
        for position, retry in self._retries.items():
            self._files[position] = self._files[position].failed(retry.code, retry.message)
        if self._retries and any(row.state is FileState.PENDING for row in self._files):
            return Later(0, fields=self._fields(), progress=True)
        return self.end(later.code, later.message)

    def end(self, code: str = "", message: str = "") -> TaskOutcome:
        """Returns the outcome of the delivery. What is pending fails with the error."""
        services = self._context.services
        (doc,) = services.store.read([job_path(self._delivery.job)])
        job = None if doc is None else Job.from_doc(doc)
        files = fail_pending(self._files, code, message)
        outcome = end_delivery(self._delivery, files, job, services.clock.now())
        if isinstance(outcome, Failed):
            services.log(
                "delivery.failed", severity="WARNING", job=self._delivery.job, code=outcome.code
            )
        else:
            services.log(
                "delivery.done", job=self._delivery.job, files=len(files),
                size_bytes=self._delivery.total_bytes,
            )  # fmt: skip
        return outcome

    def _send(
        self, position: int, row: DeliveredFile, destination: OpenDestination
    ) -> Later | None:
        """Sends one result and records its state in the list of files. Returns an outcome when the
        run cannot go on with the next result."""
        if row.artifact is None:
            raise LookupError(f"{row.name} has no artifact")
        try:
            destination.send(row.artifact, lambda sent, token: self._check(row.name, sent, token))
        except PermanentError as error:
            self._files[position] = row.failed(*_describe(error))
            self._has_progress = True
        except DeadlineNear:
            return self._continue_later(position, row, destination)
        except UrlUnavailable as error:
            if self._context.should_stop():
                return self._continue_later(position, row, destination)
            self._retries[position] = self._try_again(error, error.retry_after_s)
        except StorageUnavailable as error:
            self._record(forced=True)
            if isinstance(error, OverloadedError) or not self._has_progress:
                raise
            return self._try_again(error, 0)
        else:
            self._files[position] = DeliveredFile(row.name, row.artifact, FileState.DELIVERED)
            self._has_progress = True
        self._copy = None
        return None

    def _check(self, name: str, sent_bytes: int, token: str) -> None:
        """Raises LeaseLost, DeadlineNear."""
        if token:
            self._copy = {"name": name, "token": token}
            self._has_progress = self._has_progress or sent_bytes > 0
        self._context.check()
        self._record(sent_bytes)

    def _continue_later(
        self, position: int, row: DeliveredFile, destination: OpenDestination
    ) -> Later:
        """Returns the outcome at the end of this run's time. A file fails that had all of it."""
        is_first = not self._has_progress and not self._retries
        if is_first and not destination.can_continue:
            minutes = FUNCTIONS[self._context.task.function].soft_deadline_s // 60
            timeout = DeliveryTimeout(f"The server did not take the file within {minutes} minutes.")
            self._files[position] = row.failed(*_describe(timeout))
            self._has_progress = True
        if (later := self._longest_wait()) is not None:
            return later
        if not self._has_progress:
            raise DeadlineNear
        return Later(0, fields=self._fields(), progress=True)

    def _longest_wait(self) -> Later | None:
        """Returns the outcome after a run in which servers were not available, or None."""
        if not self._retries:
            return None
        longest = max(self._retries.values(), key=lambda retry: retry.wait_s)
        return replace(longest, fields=self._fields(), progress=self._has_progress)

    def _try_again(self, error: UrlUnavailable | StorageUnavailable, requested_s: float) -> Later:
        """Returns the outcome after a connection that broke off or was not made."""
        wait_s = max(
            FUNCTIONS[self._context.task.function].backoff(self._context.attempt),
            min(requested_s, MAX_RETRY_AFTER_S),
        )
        self._context.services.log(
            "delivery.retried", severity="WARNING", job=self._delivery.job, reason=str(error)
        )
        return Later(wait_s, error.code, str(error), self._fields(), self._has_progress)

    def _fields(self, sent_bytes: int = 0) -> dict[str, Any]:
        delivered = [row for row in self._files if row.state is FileState.DELIVERED]
        return {
            "files": [row.to_dict() for row in self._files],
            "delivered_bytes": sum(row.size_bytes for row in delivered) + sent_bytes,
            "copy": self._copy,
        }

    def _record(self, sent_bytes: int = 0, *, forced: bool = False) -> None:
        """Records the progress, every INTERVAL_S. Raises LeaseLost when another worker has the
        delivery, or another revision of the job is delivered now."""
        if time.monotonic() - self._recorded_at < INTERVAL_S and not forced:
            return
        self._recorded_at = time.monotonic()
        store, path = self._context.services.store, self._context.task.path
        while True:
            (doc,) = store.read([path])
            if (
                doc is None
                or doc.data["outcome"] != self._delivery.outcome
                or doc.data["state"] != TaskState.LEASED
                or doc.data["token"] != self._context.token
            ):
                raise LeaseLost
            update = Update(path, self._fields(sent_bytes), doc.version)
            if store.commit([update]) is not CommitResult.CONFLICT:
                return


def _describe(error: PermanentError) -> tuple[str, str]:
    return error.code, str(error)
