"""Fails a fetch, and the job that waits for the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.entrypoints.task import TaskContext
from shared.flows.effects import ClockAndIds, Failed, Flow, LogEvent
from shared.jobs.fetches.fetch import Fetch
from shared.jobs.fetches.waiting_job import fail_waiting_job
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import Task

REMOVED: Mapping[str, Any] = {"url": None, "source": None, "copy_token": ""}
"""The fields of a fetch that has ended."""


def fail_fetch(context: TaskContext, fetch: Fetch, code: str, message: str) -> Failed:
    """Returns the outcome of a fetch that has failed. The job fails first: after a crash in
    between, the next attempt finds it failed."""
    Interpreter(context.services).run(
        _fail_job(fetch, code, message, context.services.clock_and_ids)
    )
    return Failed(code, message, REMOVED)


def fail_exhausted_fetch(task: Task, clock: ClockAndIds) -> Flow[Mapping[str, Any]]:
    """Fails the job of a fetch whose worker crashed in the last attempt too. Returns the fields
    that delete the URL. The parts are deleted with the job."""
    yield from _fail_job(Fetch.from_task(task), *task.last_error(), clock)
    return REMOVED


def _fail_job(fetch: Fetch, code: str, message: str, clock: ClockAndIds) -> Flow[None]:
    sentence = f"The {fetch.input} was not fetched from its URL. {message}"
    yield from fail_waiting_job(fetch, code, sentence, clock)
    fields = {"severity": "WARNING", "job": fetch.job, "input": fetch.input, "code": code}
    yield LogEvent("fetch.failed", fields)
