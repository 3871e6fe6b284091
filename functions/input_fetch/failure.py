"""Fails a fetch, and the job that waits for the file."""

from __future__ import annotations

from shared.entrypoints.task import TaskContext
from shared.flows.effects import Failed
from shared.jobs.fetches.fetch import Fetch
from shared.jobs.fetches.waiting_job import fail_waiting_job
from shared.runtime.interpreter import Interpreter
from shared.tasks.errors import AttemptsExhausted


def last_error(context: TaskContext) -> tuple[str, str]:
    """Returns the code and the message of the last attempt; those of AttemptsExhausted if its
    worker crashed."""
    error = context.task.data["error"] or {}
    return (
        error.get("code", AttemptsExhausted.code),
        error.get("message", AttemptsExhausted.default_message()),
    )


def fail_fetch(context: TaskContext, fetch: Fetch, code: str, message: str) -> Failed:
    """Returns the outcome of a fetch that has failed. The job fails first: after a crash in
    between, the next attempt finds it failed."""
    sentence = f"The {fetch.input} was not fetched from its URL. {message}"
    clock = context.services.clock_and_ids
    Interpreter(context.services).run(fail_waiting_job(fetch, code, sentence, clock))
    context.services.log(
        "fetch.failed", severity="WARNING", job=fetch.job, input=fetch.input, code=code
    )
    return Failed(code, message, {"url": None, "source": None})
