"""Copies of clips for browsers, and the tasks that make them: `clip_copies/{recording}`.

No browser plays MJPEG in MP4, so such a clip gets a copy in H.264: at once when it is short, and
else on request. The clip stays as it is. The recording's document has the state of its copy, which
users see; the task has the lease. Both are written in one batch, and the id of the task is that of
the recording, so a clip has at most one copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.cameras.recording import Recording, RecordingState, recording_path
from shared.cameras.session import MAX_COMMIT_ATTEMPTS
from shared.errors import FirestoreUnavailable, NotFound, WrongState
from shared.flows.documents import CommitResult, Put, Update
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.flows.envelope import Envelope
from shared.pipeline import COPIES_PREFIX, FUNCTIONS, Bucket
from shared.recipes.stored_object import Artifact
from shared.tasks.task import new_task, task_envelope, task_path

CLIP_COPY = "clip_copy"
CLIP_COPIES = FUNCTIONS[CLIP_COPY].task_collection
BROWSER_COPY = "browser_copy"
"""The field of a recording's document."""
MAX_AUTOMATIC_S = 600
"""A clip of at most this duration is copied at once."""


class Playback(StrEnum):
    """Where a clip plays: in the current versions of all common browsers, in some of them, or in
    media players only."""

    ALL_BROWSERS = "all-browsers"
    SOME_BROWSERS = "some-browsers"
    NO_BROWSER = "no-browser"


class CopyState(StrEnum):
    """WAITING until its first piece is begun, RUNNING until the copy is stored."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class CopyNotNeeded(WrongState):
    """Browsers play this clip as it is, or need no copy in H.264; use the clip itself."""

    code = "copy-not-needed"


@dataclass(frozen=True, slots=True)
class BrowserCopy:
    """The copy of a clip.

    Attributes:
        percent: 0 to 100; 100 only when it is done.
        error: `code` and `message` when it has failed, else None.
        object: The name of the stored copy in the outputs bucket, "" until it is done; like
            `generation`, `size_bytes`, `width` and `height`.
    """

    state: CopyState
    percent: int
    error: Mapping[str, Any] | None
    object: str = ""
    generation: int = 0
    size_bytes: int = 0
    width: int = 0
    height: int = 0

    @classmethod
    def of(cls, recording: Recording) -> BrowserCopy | None:
        """Returns the copy of a recording's clip, or None when none was requested."""
        data = recording.data.get(BROWSER_COPY)
        if data is None:
            return None
        return cls(**{**data, "state": CopyState(data["state"])})

    def to_dict(self) -> dict[str, Any]:
        """Returns the field of the recording's document."""
        return {name: getattr(self, name) for name in self.__slots__}


def playback_of(clip: Mapping[str, Any]) -> Playback:
    """Returns where a clip plays, by its codecs. Not every browser plays H.265, nor G.711 in a
    QuickTime file."""
    if clip["codec"] == "mjpeg":
        return Playback.NO_BROWSER
    if clip["codec"] == "h264" and clip["audio_codec"] in (None, "aac"):
        return Playback.ALL_BROWSERS
    return Playback.SOME_BROWSERS


def is_copied_at_once(clip: Mapping[str, Any]) -> bool:
    """Returns whether a clip that was just made gets a copy without a request."""
    return playback_of(clip) is Playback.NO_BROWSER and 0 < clip["duration_sec"] <= MAX_AUTOMATIC_S


def copy_prefix(recording_id: str) -> str:
    """Returns the prefix of the pieces in the work bucket, and of the copy in the outputs
    bucket."""
    return f"{COPIES_PREFIX}{recording_id}/"


def copy_artifact(recording: Recording) -> Artifact | None:
    """Returns the copy under a file name for users, or None while there is none."""
    copy = BrowserCopy.of(recording)
    if copy is None or copy.state is not CopyState.DONE:
        return None
    if recording.state is RecordingState.DELETED:
        return None
    name = f"recording-{recording.created_at:%Y%m%d-%H%M%S}-h264.mp4"
    return Artifact(
        name, "clip", Bucket.OUTPUTS.value, copy.object, copy.generation, copy.size_bytes,
        "video/mp4",
    )  # fmt: skip


def new_copy(
    recording_id: str, owner: str, expires_at: datetime, now: datetime
) -> tuple[dict[str, Any], Put, Envelope]:
    """Returns the field of the recording's document, the write of the task, which is part of the
    same batch, and the message to publish after it. A task that has ended is replaced."""
    fields = {"recording": recording_id, "piece_count": 0, "spent_s": 0.0, "expires_at": expires_at}
    task = new_task(CLIP_COPY, recording_id, owner, fields, now)
    copy = BrowserCopy(CopyState.WAITING, 0, None)
    return copy.to_dict(), Put(task.path, task.data), task_envelope(CLIP_COPY, recording_id)


def request_copy(recording_id: str, clock: ClockAndIds) -> Flow[None]:
    """Requests the copy of a clip. A copy that failed is tried again; one that exists or is being
    made does not change.

    Raises:
        NotFound: When there is no such recording.
        WrongState: When the recording has no clip yet.
        CopyNotNeeded: When the clip needs no copy.
    """
    for _ in range(MAX_COMMIT_ATTEMPTS):
        (doc,) = yield from read(recording_path(recording_id))
        if doc is None or doc.data["state"] == RecordingState.DELETED:
            raise NotFound
        recording = Recording.from_doc(doc)
        if recording.state is not RecordingState.DONE or recording.clip is None:
            raise WrongState("The recording has no clip yet.")
        if playback_of(recording.clip) is not Playback.NO_BROWSER:
            raise CopyNotNeeded
        copy = BrowserCopy.of(recording)
        if copy is not None and copy.state is CopyState.DONE:
            return
        if copy is not None and copy.state is not CopyState.FAILED:
            # A repeated command: the first may have crashed before it published the message.
            yield from publish([task_envelope(CLIP_COPY, recording_id)])
            return
        expires_at = recording.request.expires_at
        field, task, _ = new_copy(recording_id, recording.owner, expires_at, clock.now())
        result = yield from commit(
            Update(recording.path, {BROWSER_COPY: field}, recording.version), task
        )
        if result is CommitResult.OK:
            continue
    raise FirestoreUnavailable("Firestore is contended.")


def copy_task_path(recording_id: str) -> str:
    """Returns `clip_copies/{recording}`."""
    return task_path(CLIP_COPY, recording_id)
