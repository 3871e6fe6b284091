"""Fails a copy: the recording's document has the reason, for its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.cameras.browser_copy import BROWSER_COPY, CopyState
from shared.cameras.recording import recording_path
from shared.errors import PermanentError
from shared.flows.documents import Update
from shared.flows.effects import ClockAndIds, Failed, Flow, LogEvent, commit
from shared.tasks.errors import AttemptsExhausted
from shared.tasks.task import Task


class CopyTimeLimit(PermanentError):
    """The clip takes too long to convert; download it, or record shorter or smaller pictures."""

    code = "copy-time-limit"


def last_error(task: Task) -> tuple[str, str]:
    """Returns the code and the message of the last attempt; those of AttemptsExhausted if its
    worker crashed."""
    error = task.data["error"] or {}
    return (
        error.get("code", AttemptsExhausted.code),
        error.get("message", "The copy could not be made within the maximum number of attempts."),
    )


def failed_copy(task: Task, code: str, message: str) -> Failed:
    """Returns the outcome of a copy that has failed. The recording has the error with the same
    batch. Pieces are kept for another try."""
    return Failed(code, message, writes=(_update(task, code, message),))


def fail_exhausted_copy(task: Task, _clock: ClockAndIds) -> Flow[Mapping[str, Any]]:
    """Records the failure of a copy whose worker crashed in the last attempt too."""
    code, message = last_error(task)
    yield from commit(_update(task, code, message))
    fields = {"severity": "WARNING", "recording": task.data["recording"], "code": code}
    yield LogEvent("clip_copy.failed", fields)
    return {}


def _update(task: Task, code: str, message: str) -> Update:
    fields = {
        f"{BROWSER_COPY}.state": CopyState.FAILED,
        f"{BROWSER_COPY}.error": {"code": code, "message": message},
    }
    return Update(recording_path(task.data["recording"]), fields)
