"""Copies one clip: encodes its pieces, then joins them.

The copy is counted in the storage of its owner, and stops when that is full. When a worker crashes
or its time ends, the next run continues with the first missing piece. A recording that is deleted
stops its copy within `INTERVAL_S`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from functions.clip_copy.failure import EXHAUSTED, CopyTimeLimit, failed_copy
from functions.clip_copy.pieces import CopiedClip
from shared.cameras.browser_copy import BROWSER_COPY, BrowserCopy, CopyState
from shared.cameras.recording import Recording, RecordingState, recording_path
from shared.cameras.session import MAX_COMMIT_ATTEMPTS
from shared.entrypoints.task import TaskContext
from shared.errors import FirestoreUnavailable, PermanentError, StorageFull, TransientError
from shared.flows.documents import CommitResult, Update
from shared.flows.effects import Later
from shared.pipeline import FUNCTIONS
from shared.recipes.stored_object import StoredObject
from shared.runtime.storage import free_storage_bytes
from shared.tasks.errors import DeadlineNear
from shared.tasks.task import TaskDone, TaskOutcome

INTERVAL_S = 5
"""Between two writes of the progress."""
MAX_SPENT_S = 8 * 3600
"""The time of all runs of a copy. Four hours of 1080p at 15 pictures a second take five of it."""
ENCODED_PERCENT = 95
"""The share of the pieces; the rest is for joining them."""


class _CopyStopped(Exception):
    """The recording is deleted, or its copy is done."""


def copy_clip(context: TaskContext) -> TaskOutcome:
    """Copies a clip, or continues to.

    The last attempt only records the failure, also that of a worker that crashed in every attempt.
    Attempts count since the last piece that was stored.
    """
    task = context.task
    if context.attempt >= FUNCTIONS[task.function].max_attempts:
        return failed_copy(context, *task.last_error(EXHAUSTED))
    run = _Run(context)
    try:
        run.copy()
    except _CopyStopped:
        context.services.log("clip_copy.stopped", recording=run.recording_id)
    except DeadlineNear:
        if (outcome := run.continue_later()) is None:
            raise
        return outcome
    except PermanentError as error:
        return failed_copy(context, error.code, str(error))
    return TaskDone()


class _Run:
    """One run of a copy."""

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        self.recording_id: str = context.task.data["recording"]
        self._pieces: list[StoredObject] = []
        self._began_at = time.monotonic()
        self._written_at = -float(INTERVAL_S)
        self._percent = 0

    def copy(self) -> None:
        """Stores the copy, and records it. Raises _CopyStopped, DeadlineNear, PermanentError."""
        recording = self._read()
        copied = CopiedClip(self._context.services.objects, recording.id, recording.clip or {})
        self._pieces = copied.find_pieces()
        if self._context.task.data["spent_s"] > MAX_SPENT_S:
            raise CopyTimeLimit
        free_bytes = free_storage_bytes(
            self._context.services.store, recording.owner, self._context.settings
        )
        while True:
            self._check_storage(free_bytes)
            if len(self._pieces) == copied.count:
                break
            self._context.check()
            report = self._reporter(len(self._pieces), copied.count)
            report(0)
            self._pieces.append(copied.encode(len(self._pieces), report, self._context.check))
        self._report(ENCODED_PERCENT)
        self._context.check()
        stored, size = copied.join(
            self._pieces,
            lambda share: self._report(int(ENCODED_PERCENT + share * (99 - ENCODED_PERCENT))),
            self._context.check,
        )
        self._record(stored, size)
        self._drop_pieces(copied)

    def continue_later(self) -> Later | None:
        """Returns the outcome that continues the copy in another run, or None when no piece was
        stored since the last one."""
        if len(self._pieces) <= self._context.task.data["piece_count"]:
            return None
        spent_s = self._context.task.data["spent_s"] + time.monotonic() - self._began_at
        fields = {"piece_count": len(self._pieces), "spent_s": spent_s}
        return Later(0, fields=fields, progress=True)

    def _drop_pieces(self, copied: CopiedClip) -> None:
        """Deletes the pieces of a copy that is done. Those that are left are deleted with the
        recording."""
        try:
            copied.drop_pieces(self._pieces)
        except (PermanentError, TransientError) as error:
            self._context.services.log(
                "clip_copy.pieces_left", severity="WARNING", recording=self.recording_id,
                reason=repr(error),
            )  # fmt: skip

    def _reporter(self, number: int, count: int) -> Callable[[float], None]:
        return lambda share: self._report(int(ENCODED_PERCENT * (number + share) / count))

    def _report(self, percent: int) -> None:
        """Records the progress every INTERVAL_S. Raises _CopyStopped."""
        if time.monotonic() - self._written_at < INTERVAL_S:
            return
        self._written_at = time.monotonic()
        recording = self._read()
        # Never back: a piece may be encoded again after a crash.
        self._percent = max(self._percent, percent)
        fields = {
            f"{BROWSER_COPY}.state": CopyState.RUNNING,
            f"{BROWSER_COPY}.percent": self._percent,
        }
        # A conflict is repeated with the next report; it may be the deletion.
        self._context.services.store.commit([Update(recording.path, fields, recording.version)])

    def _read(self) -> Recording:
        """Returns the recording as it is now. Raises _CopyStopped."""
        (doc,) = self._context.services.store.read([recording_path(self.recording_id)])
        if doc is None or doc.data["state"] != RecordingState.DONE:
            raise _CopyStopped
        recording = Recording.from_doc(doc)
        copy = BrowserCopy.of(recording)
        if copy is None or copy.state not in (CopyState.WAITING, CopyState.RUNNING):
            raise _CopyStopped
        self._percent = max(self._percent, copy.percent)
        return recording

    def _check_storage(self, free_bytes: int) -> None:
        """Raises StorageFull. The copy is about as large as its pieces."""
        if sum(stored.size_bytes for stored in self._pieces) >= free_bytes:
            raise StorageFull

    def _record(self, stored: StoredObject, size: dict[str, int]) -> None:
        """Records the copy, which counts as stored from then on. Raises _CopyStopped."""
        copy = BrowserCopy(
            CopyState.DONE, 100, None,
            object=stored.name, generation=stored.generation, size_bytes=stored.size_bytes, **size,
        )  # fmt: skip
        for _ in range(MAX_COMMIT_ATTEMPTS):
            recording = self._read()
            clip: dict[str, Any] = dict(recording.clip or {})
            fields = {
                BROWSER_COPY: copy.to_dict(),
                "stored_bytes": clip["size_bytes"] + stored.size_bytes,
            }
            result = self._context.services.store.commit(
                [Update(recording.path, fields, recording.version)]
            )
            if result is CommitResult.OK:
                self._context.services.log("clip_copy.done", recording=recording.id)
                return
        raise FirestoreUnavailable("Firestore is contended.")
