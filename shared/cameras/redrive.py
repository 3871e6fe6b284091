"""Joins a recording again whose clip could not be made."""

from __future__ import annotations

from shared.cameras.recorder_tasks import RECORDER
from shared.cameras.recording import Recording, RecordingState, recording_path
from shared.cameras.session import MAX_COMMIT_ATTEMPTS
from shared.errors import FirestoreUnavailable, NotFound, WrongState
from shared.flows.documents import CommitResult, Update
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.tasks.task import TaskState, task_envelope, task_path

JOINED_PART_COUNT = "joined_part_count"
"""Field of a FINALIZE task: the parts of the clip that were complete at its last progress."""


def redrive_recording(recording_id: str, clock: ClockAndIds) -> Flow[Recording]:
    """Joins the segments of a failed recording again. Returns the recording, which is JOINING. A
    recording that is being joined does not change.

    Raises:
        NotFound: When there is no such recording.
        WrongState: When the recording has not failed, or nothing was recorded.
    """
    for _ in range(MAX_COMMIT_ATTEMPTS):
        (doc,) = yield from read(recording_path(recording_id))
        if doc is None:
            raise NotFound
        recording = Recording.from_doc(doc)
        if recording.state is RecordingState.JOINING:
            # A repeated command: the first may have crashed before it published the message.
            yield from publish([task_envelope(RECORDER, recording_id)])
            return recording
        if not recording.is_redrivable:
            raise WrongState("Only a failed recording with pictures can be joined again.")
        now = clock.now()
        task = {"state": TaskState.OPEN, "due_at": now, "next_check_at": now, "finished_at": None}
        result = yield from commit(
            Update(
                recording.path, {"state": RecordingState.JOINING, "error": None}, recording.version
            ),
            Update(task_path(RECORDER, recording_id), {**task, "attempt": 0, JOINED_PART_COUNT: 0}),
        )
        if result is CommitResult.OK:
            continue
    raise FirestoreUnavailable("Firestore is contended.")
