"""The recordings that a session makes: begun, fed, stopped, each by what is wanted of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from functions.recorder.capture.active_recording import ActiveRecording, SegmentLimits
from functions.recorder.capture.pre_roll_buffer import PreRollBuffer
from functions.recorder.capture.segments import ConnectionKey
from functions.recorder.packets import Packet, Track
from shared.cameras.camera import ActiveRequest, Camera, camera_path
from shared.cameras.recording import EndedBy, Recording, RecordingState, recording_path
from shared.cameras.session import MAX_COMMIT_ATTEMPTS, RECORDER, mark_capture_ended
from shared.errors import FirestoreUnavailable, StorageUnavailable
from shared.flows.documents import CommitResult, Update
from shared.runtime.interpreter import Services
from shared.runtime.settings import Settings
from shared.tasks.task import task_envelope

StreamStats = Mapping[str, Any]
"""What a session measures of its camera: `fps`, `dropped_frames`."""


class ActiveRecordings:
    """One a recording that is wanted. A segment that cannot be written is lost and logged, and its
    recording, like all others, goes on with the next one."""

    def __init__(self, camera: Camera, services: Services, settings: Settings) -> None:
        self._camera = camera
        self._world = services
        self._settings = settings
        self._takes: dict[str, ActiveRecording] = {}

    def __bool__(self) -> bool:
        return bool(self._takes)

    def set_tracks(self, tracks: tuple[Track, ...]) -> None:
        """What the connection's tracks are."""
        for take in self._takes.values():
            take.set_tracks(tracks)

    def start_connection(self, key: ConnectionKey, pre_roll: PreRollBuffer) -> None:
        """A connection begins."""
        for take in self._takes.values():
            take.start_connection(key, pre_roll, 0.0)

    def add(self, packet: Packet) -> None:
        """One more packet, for all of them."""
        for take in self._takes.values():
            try:
                take.add(packet)
            except (StorageUnavailable, FirestoreUnavailable) as lost:
                take.abort_segment()
                self._say_lost(take, lost)

    def close_segments(self) -> None:
        """The connection, or the shift, is over: what is recorded is written."""
        for take in self._takes.values():
            self._close_segment(take)

    def apply_requests(
        self, requests: Mapping[str, ActiveRequest], on_start: Callable[[ActiveRecording], None]
    ) -> dict[str, str]:
        """Take up what is wanted and let go of what is not; → why which of them are to stop.
        `begin` gives a new one what there is by now."""
        for gone in self._takes.keys() - requests.keys():
            self._takes.pop(gone).abort_segment()
        ending = {}
        for want in requests.values():
            take = self._takes.get(want.recording)
            if take is None:
                take = self.resume(want)
                on_start(take)
            take.request = want
            if why := _why_to_stop(take):
                ending[want.recording] = why
        return ending

    def resume(self, request: ActiveRequest) -> ActiveRecording:
        """Go on with a recording where earlier workers left it."""
        (doc,) = self._world.store.read([recording_path(request.recording)])
        known = None if doc is None else Recording.from_doc(doc)
        started = None if known is None or known.started_at is None else known.started_at
        limits = SegmentLimits(self._settings.max_segment_s, self._settings.max_segment_mb << 20)
        take = self._takes[request.recording] = ActiveRecording(
            request,
            self._camera.owner,
            self._world.objects,
            self._world.store,
            limits,
            previous_bytes=0 if known is None else int(known.data["size_bytes"]),
            started_at=None if started is None else started.timestamp(),
        )
        return take

    def stop(
        self,
        recording_id: str,
        reason: str,
        stats: StreamStats,
        error: dict[str, Any] | None = None,
    ) -> None:
        """Write the last segment and say so."""
        take = self._takes[recording_id]
        self._close_segment(take)
        for _ in range(MAX_COMMIT_ATTEMPTS):
            (doc, known) = self._world.store.read(
                [camera_path(self._camera.id), recording_path(recording_id)]
            )
            if (
                doc is None
                or known is None
                or recording_id not in Camera.from_doc(doc).active_requests
            ):
                break
            camera = Camera.from_doc(doc)
            ended = known.data["ended_at"] or self._world.clock.now()
            facts = {**_told(take, stats), "error": error}
            writes = mark_capture_ended(camera, recording_id, reason, ended, **facts)
            if self._world.store.commit(writes) is CommitResult.OK:
                self._world.publisher.publish([task_envelope(RECORDER, recording_id)])
                self._world.log("recording.stopped", recording=recording_id, reason=reason)
                break
        del self._takes[recording_id]

    def stop_all(self, reason: str, stats: StreamStats, error: dict[str, Any] | None) -> None:
        """The camera does not come back."""
        for recording in list(self._takes):
            self.stop(recording, reason, stats, error)

    def save_status(
        self, stats: StreamStats, error: dict[str, Any] | None, *, connected: bool
    ) -> None:
        """Say in their documents how they are."""
        for take in self._takes.values():
            (doc,) = self._world.store.read([recording_path(take.request.recording)])
            if doc is None or not Recording.from_doc(doc).is_running:
                continue
            state = RecordingState.STARTING
            if take.started_at is not None:
                state = RecordingState.RECORDING if connected else RecordingState.RECONNECTING
            fields = {**_told(take, stats), "state": state, "error": error}
            self._world.store.commit([Update(doc.path, fields, doc.version)])

    def _close_segment(self, take: ActiveRecording) -> None:
        try:
            take.close_segment()
        except (StorageUnavailable, FirestoreUnavailable) as lost:
            self._say_lost(take, lost)

    def _say_lost(self, take: ActiveRecording, why: Exception) -> None:
        self._world.log(
            "segment.lost", severity="ERROR", recording=take.request.recording, reason=str(why)
        )


def _why_to_stop(take: ActiveRecording) -> str:
    want = take.request
    if want.stop_reason:
        return want.stop_reason
    if take.elapsed_s(time.time()) >= want.max_duration_s:
        return EndedBy.MAX_DURATION.value
    if take.size_bytes >= want.max_bytes:
        return EndedBy.MAX_BYTES.value
    return ""


def _told(take: ActiveRecording, figures: StreamStats) -> dict[str, Any]:
    started = take.started_at
    return {
        "started_at": None if started is None else datetime.fromtimestamp(started, UTC),
        "elapsed_s": round(take.elapsed_s(take.last_picture_at or time.time()), 3),
        "size_bytes": take.size_bytes,
        "stored_bytes": take.size_bytes,
        **figures,
    }
