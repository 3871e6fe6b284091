"""The recordings of a session: started, fed with packets and stopped as requests come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from functions.recorder.capture.active_recording import ActiveRecording, SegmentLimits
from functions.recorder.capture.pre_roll_buffer import PreRollBuffer
from functions.recorder.capture.segments import ConnectionKey
from functions.recorder.clock import MAX_GAP_S, MAX_HANDOVER_S, SteadyClock
from functions.recorder.packets import Packet, Track
from shared.cameras.camera import ActiveRequest, Camera, camera_path
from shared.cameras.recorder_tasks import RECORDER
from shared.cameras.recording import EndedBy, Recording, RecordingState, recording_path
from shared.cameras.session import MAX_COMMIT_ATTEMPTS, mark_capture_ended
from shared.errors import FirestoreUnavailable, StorageUnavailable
from shared.flows.documents import CommitResult, Update
from shared.runtime.services import Services
from shared.runtime.settings import Settings
from shared.tasks.task import task_envelope

StreamStats = Mapping[str, Any]
"""Measurements of a camera's stream: `fps`, `dropped_frames`."""


class ActiveRecordings:
    """One ActiveRecording for each request. A segment that cannot be written is lost and logged;
    its recording goes on with the next segment."""

    def __init__(
        self,
        camera: Camera,
        services: Services,
        settings: Settings,
        clock: SteadyClock | None = None,
    ) -> None:
        self._clock = clock or SteadyClock()
        self._camera = camera
        self._services = services
        self._settings = settings
        self._recordings: dict[str, ActiveRecording] = {}

    def __bool__(self) -> bool:
        return bool(self._recordings)

    def set_tracks(self, tracks: tuple[Track, ...]) -> None:
        """Sets the tracks of the connection."""
        for recording in self._recordings.values():
            recording.set_tracks(tracks)

    def start_connection(self, key: ConnectionKey, pre_roll: PreRollBuffer) -> None:
        """Begins a connection."""
        for recording in self._recordings.values():
            recording.start_connection(key, pre_roll, 0.0)

    def add(self, packet: Packet) -> None:
        """Records a packet in every recording."""
        for recording in self._recordings.values():
            try:
                recording.add(packet)
            except (StorageUnavailable, FirestoreUnavailable) as error:
                recording.abort_segment()
                self._log_lost_segment(recording, error)

    def have_waited_since(self, moment: float) -> bool:
        """Whether a recording has waited for a keyframe since before `moment`."""
        waits = (recording.waiting_since for recording in self._recordings.values())
        return any(since is not None and since < moment for since in waits)

    def close_segments(self) -> None:
        """Writes the open segments: the connection or the session has ended."""
        for recording in self._recordings.values():
            self._close_segment(recording)

    def mark_missing_packets(self) -> None:
        """Ends the open segments: packets of the connection are missing."""
        for recording in self._recordings.values():
            try:
                recording.mark_missing_packets()
            except (StorageUnavailable, FirestoreUnavailable) as error:
                self._log_lost_segment(recording, error)

    def apply_requests(
        self, requests: Mapping[str, ActiveRequest], on_start: Callable[[ActiveRecording], None]
    ) -> dict[str, str]:
        """Starts requested recordings and drops those that are no longer requested.

        `on_start` is called with each new recording. Returns the recordings that must stop, with
        the reason of each.
        """
        for recording_id in self._recordings.keys() - requests.keys():
            self._recordings.pop(recording_id).abort_segment()
        stop_reasons = {}
        for request in requests.values():
            recording = self._recordings.get(request.recording)
            if recording is None:
                recording = self.resume(request)
                on_start(recording)
            recording.request = request
            if reason := _stop_reason(recording, self._clock.now()):
                stop_reasons[request.recording] = reason
        return stop_reasons

    def resume(self, request: ActiveRequest) -> ActiveRecording:
        """Starts a recording, or continues it where an earlier worker stopped."""
        (doc,) = self._services.store.read([recording_path(request.recording)])
        stored = None if doc is None else Recording.from_doc(doc)
        started_at = None if stored is None else stored.started_at
        limits = SegmentLimits(self._settings.max_segment_s, self._settings.max_segment_mb << 20)
        recording = self._recordings[request.recording] = ActiveRecording(
            request,
            self._camera.owner,
            self._services.objects,
            self._services.store,
            limits,
            previous_bytes=0 if stored is None else int(stored.data["size_bytes"]),
            started_at=None if started_at is None else started_at.timestamp(),
            begins_at=self._clock.convert(request.requested_at.timestamp()) - request.pre_roll_s,
            clock_shift_s=0.0 if stored is None else self._find_clock_shift(stored),
        )
        return recording

    def stop(
        self,
        recording_id: str,
        reason: str,
        stats: StreamStats,
        error: dict[str, Any] | None = None,
    ) -> None:
        """Writes the last segment, commits the end of the capture, announces the FINALIZE task."""
        recording = self._recordings[recording_id]
        self._close_segment(recording)
        for _ in range(MAX_COMMIT_ATTEMPTS):
            (camera_doc, recording_doc) = self._services.store.read(
                [camera_path(self._camera.id), recording_path(recording_id)]
            )
            if camera_doc is None or recording_doc is None:
                break
            camera = Camera.from_doc(camera_doc)
            if recording_id not in camera.active_requests:
                break
            ended_at = self._ended_at(recording_doc.data["ended_at"])
            fields = {**_status_fields(recording, stats, self._clock.now()), "error": error}
            writes = mark_capture_ended(camera, recording_id, reason, ended_at, **fields)
            if self._services.store.commit(writes) is CommitResult.OK:
                self._services.publisher.publish([task_envelope(RECORDER, recording_id)])
                self._services.log("recording.stopped", recording=recording_id, reason=reason)
                break
        del self._recordings[recording_id]

    def fail_all(
        self, stats: StreamStats, error: dict[str, Any] | None, *, before: datetime | None
    ) -> None:
        """Stops the recordings that were requested before `before`, or all, after a failure of the
        camera."""
        for recording_id, recording in list(self._recordings.items()):
            if before is None or recording.request.requested_at < before:
                self.stop(recording_id, EndedBy.SOURCE_LOST.value, stats, error)

    def save_status(
        self, stats: StreamStats, error: dict[str, Any] | None, *, connected: bool
    ) -> None:
        """Writes the state, size and duration of each recording to its document."""
        for recording in self._recordings.values():
            (doc,) = self._services.store.read([recording_path(recording.request.recording)])
            if doc is None or not Recording.from_doc(doc).is_running:
                continue
            state = RecordingState.STARTING
            if recording.started_at is not None:
                state = RecordingState.RECORDING if connected else RecordingState.RECONNECTING
            fields = {
                **_status_fields(recording, stats, self._clock.now()),
                "state": state,
                "error": error,
            }
            self._services.store.commit([Update(doc.path, fields, doc.version)])

    def _ended_at(self, stored: datetime | None) -> datetime:
        """Returns when a recording that stops has ended, by the clock of its packets."""
        if stored is None:
            return datetime.fromtimestamp(self._clock.now(), UTC)
        return datetime.fromtimestamp(self._clock.convert(stored.timestamp()), UTC)

    def _find_clock_shift(self, stored: Recording) -> float:
        """Returns by how much the clock was set between the worker before and this one, 0 when the
        time between them may have passed."""
        if stored.started_at is None:
            return 0.0
        last_at = stored.started_at.timestamp() + float(stored.data["elapsed_s"])
        passed_s = self._clock.now() - last_at
        return 0.0 if -MAX_HANDOVER_S < passed_s < MAX_GAP_S else passed_s

    def _close_segment(self, recording: ActiveRecording) -> None:
        try:
            recording.close_segment()
        except (StorageUnavailable, FirestoreUnavailable) as error:
            self._log_lost_segment(recording, error)

    def _log_lost_segment(self, recording: ActiveRecording, error: Exception) -> None:
        self._services.log(
            "segment.lost",
            severity="ERROR",
            recording=recording.request.recording,
            reason=str(error),
        )


def _stop_reason(recording: ActiveRecording, now: float) -> str:
    """Returns why the recording must stop, "" when it goes on."""
    request = recording.request
    if request.stop_reason:
        return request.stop_reason
    if recording.elapsed_s(now) >= request.max_duration_s:
        return EndedBy.MAX_DURATION.value
    if recording.size_bytes >= request.max_bytes:
        return EndedBy.MAX_BYTES.value
    return ""


def _status_fields(recording: ActiveRecording, stats: StreamStats, now: float) -> dict[str, Any]:
    started_at = recording.started_at
    return {
        "started_at": None if started_at is None else datetime.fromtimestamp(started_at, UTC),
        "elapsed_s": round(recording.elapsed_s(recording.last_picture_at or now), 3),
        "size_bytes": recording.size_bytes,
        "stored_bytes": recording.size_bytes,
        **stats,
    }
