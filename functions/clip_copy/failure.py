"""Fails a copy: the recording's document has the reason, for its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.cameras.browser_copy import BROWSER_COPY, BrowserCopy, CopyState
from shared.cameras.recording import Recording, RecordingState, recording_path
from shared.cameras.session import MAX_COMMIT_ATTEMPTS
from shared.entrypoints.task import TaskContext
from shared.errors import FirestoreUnavailable, PermanentError
from shared.flows.documents import CommitResult, Update
from shared.flows.effects import ClockAndIds, Failed, Flow, LogEvent, commit, read
from shared.runtime.interpreter import Interpreter
from shared.tasks.task import Task, TaskDone, TaskOutcome

EXHAUSTED = "The copy could not be made within the maximum number of attempts."


class CopyTimeLimit(PermanentError):
    """The clip takes too long to convert; download it, or record shorter or smaller pictures."""

    code = "copy-time-limit"


def failed_copy(context: TaskContext, code: str, message: str) -> TaskOutcome:
    """Records the failure in the recording, and returns the outcome. A copy that is done stays
    done. Pieces are kept for another try."""
    task = context.task
    record = _record_failure(task, code, message, context.token)
    if not Interpreter(context.services).run(record):
        return TaskDone()
    context.services.log(
        "clip_copy.failed", severity="WARNING", recording=task.data["recording"], code=code
    )
    return Failed(code, message)


def fail_exhausted_copy(task: Task, _clock: ClockAndIds) -> Flow[Mapping[str, Any]]:
    """Records the failure of a copy whose worker crashed in the last attempt too."""
    code, message = task.last_error(EXHAUSTED)
    if (yield from _record_failure(task, code, message)):
        fields = {"severity": "WARNING", "recording": task.data["recording"], "code": code}
        yield LogEvent("clip_copy.failed", fields)
    return {}


def _record_failure(task: Task, code: str, message: str, token: str | None = None) -> Flow[bool]:
    """Records the failure of a copy that waits or runs. Returns False, and changes nothing, when it
    has ended, when its recording is deleted, and when another claim than `token` is valid."""
    path = recording_path(task.data["recording"])
    fields = {
        f"{BROWSER_COPY}.state": CopyState.FAILED,
        f"{BROWSER_COPY}.error": {"code": code, "message": message},
    }
    for _ in range(MAX_COMMIT_ATTEMPTS):
        current, doc = yield from read(task.path, path)
        if token is not None and (current is None or current.data["token"] != token):
            return False
        if doc is None or doc.data["state"] != RecordingState.DONE:
            return False
        copy = BrowserCopy.of(Recording.from_doc(doc))
        if copy is None or copy.state not in (CopyState.WAITING, CopyState.RUNNING):
            return False
        if (yield from commit(Update(path, fields, doc.version))) is CommitResult.OK:
            return True
    raise FirestoreUnavailable("Firestore is contended.")
