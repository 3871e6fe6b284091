"""A session: one task holds a camera, shared by all recordings and previews of it.

The session reads the camera's document twice a second and applies its requests. It writes the
camera's status there every two seconds. When its time is nearly over it creates the next task, and
goes on until that task has pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from functions.recorder.capture.active_recordings import ActiveRecordings
from functions.recorder.capture.camera_stream import CameraStream
from functions.recorder.capture.previous_task import PreviousTask
from functions.recorder.capture.stored_source import StoredSource
from functions.recorder.clock import SteadyClock
from functions.recorder.packets import Reader
from functions.recorder.preview.publisher import PreviewPublisher
from shared.cameras.camera import Camera, CameraState, camera_path, empty_stream_fields
from shared.cameras.recorder_tasks import RECORDER, new_recorder_task
from shared.cameras.source import Source
from shared.flows.documents import CommitResult, Doc, Update
from shared.flows.encrypted import Decrypt
from shared.runtime.services import Services
from shared.runtime.settings import Settings
from shared.tasks.task import Task, task_envelope

POLL_INTERVAL_S = 0.5
STATUS_INTERVAL_S = 2.0
OVERLAP_S = 1.0
"""How long a task goes on after its successor has pictures, so that both record some of them."""
IDLE_TIMEOUT_S = 3.0
"""How long a session without requests waits for another one."""


class Session:
    """The state of one recorder task. `run` returns when the session is over."""

    def __init__(
        self,
        camera: Camera,
        task: Task,
        services: Services,
        settings: Settings,
        *,
        decrypt: Decrypt,
        open_reader: Callable[[Source], Reader],
        check: Callable[[], None],
        ends_at: float,
        clock: SteadyClock | None = None,
    ) -> None:
        clock = clock or SteadyClock()
        self._camera = camera
        self._previous = PreviousTask(task, services)
        self._services = services
        self._check = check
        self._epoch = int(task.data["epoch"])
        self._ends_at = ends_at
        now = time.monotonic()
        self._handover_at = now + min(settings.recorder_task_s, max(1.0, (ends_at - now) * 0.9))
        self._recordings = ActiveRecordings(camera, services, settings, clock)
        self._preview = PreviewPublisher(services, camera.id)
        self._source = StoredSource(services.store, camera, decrypt)
        self._stream = CameraStream(
            camera.id,
            services,
            settings,
            source=self._source,
            epoch=self._epoch,
            open_reader=open_reader,
            recordings=self._recordings,
            preview=self._preview,
            was_connected=lambda: self._camera.data["connected_at"] is not None,
            clock=clock,
        )
        self._is_live = False
        self._stop_at: float | None = None
        self._idle_since: float | None = None

    def run(self) -> None:
        """Holds the camera until no request is left, another task holds it, or time is over."""
        next_poll_at = next_status_at = 0.0
        try:
            while True:
                self._check()
                now = time.monotonic()
                self._stream.connect_if_due()
                if now >= next_poll_at:
                    next_poll_at = now + POLL_INTERVAL_S
                    if not self._poll_camera():
                        return
                if now >= next_status_at:
                    next_status_at = now + STATUS_INTERVAL_S
                    self._save_status()
                self._read_stream(min(next_poll_at, next_status_at) - now)
        finally:
            self._close()

    def _read_stream(self, wait_s: float) -> None:
        if self._stream.read_next(wait_s):
            self._save_status()

    # --- requests ----------------------------------------------------------------------------

    def _poll_camera(self) -> bool:
        """Reads the camera's document and applies it. Returns False when the session is over."""
        (doc,) = self._services.store.read([camera_path(self._camera.id)])
        if doc is None or doc.data["created_at"] != self._camera.created_at:
            # The camera was deleted. If it was added again, that camera has tasks of its own.
            return False
        self._camera = camera = Camera.from_doc(doc)
        now = time.monotonic()
        if camera.live_epoch > self._epoch:
            # A newer task has pictures and continues the recordings.
            self._stop_at = self._stop_at or now + OVERLAP_S
            return now < self._stop_at
        if now > self._ends_at:
            return False
        if self._stream.is_exhausted:
            return self._fail_camera()
        if self._stream.has_pictures and not self._is_live:
            self._go_live()
        self._preview.is_requested = camera.has_preview_at(self._services.clock.now())
        self._apply_requests()
        if not camera.is_requested_at(self._services.clock.now()):
            return self._go_idle(now)
        self._idle_since = None
        if now > self._handover_at and camera.epoch == self._epoch:
            self._hand_over()
        return True

    def _apply_requests(self) -> None:
        """Starts and stops recordings."""
        stop_reasons = self._recordings.apply_requests(
            self._camera.active_requests, self._stream.start_recording
        )
        if stop_reasons and self._may_stop_recordings:
            self._previous.wait_until_ended(self._work_while_waiting)
            for recording_id, reason in stop_reasons.items():
                self._recordings.stop(recording_id, reason, self._stream.stats)

    @property
    def _may_stop_recordings(self) -> bool:
        """Whether this task stops recordings. Before it has pictures, a previous task may still be
        writing, and stops them itself."""
        return (
            self._is_live
            or self._camera.live_epoch == self._epoch
            or not self._previous.is_running()
        )

    # --- start and end -----------------------------------------------------------------------

    def _go_live(self) -> None:
        """Writes to the camera's document that this task has pictures: the previous one may end."""
        now = self._services.clock.now()
        fields = {
            **self._stream.status_fields(), "live_epoch": self._epoch, "connected_at": now,
            "error": None,
        }  # fmt: skip
        if self._commit(fields):
            self._is_live = True

    def _hand_over(self) -> None:
        """Creates the next task."""
        create, fields = new_recorder_task(self._camera, self._services.clock_and_ids)
        update = Update(self._camera.path, fields, self._camera.version)
        if self._services.store.commit([create, update]) is CommitResult.OK:
            self._services.publisher.publish([task_envelope(RECORDER, fields["recorder_task"])])
            self._services.log(
                "recorder_task.handed_over", camera=self._camera.id, epoch=self._epoch + 1
            )

    def _go_idle(self, now: float) -> bool:
        """Releases a camera without requests. Returns False when the release is committed."""
        self._idle_since = self._idle_since or now
        if now < self._idle_since + IDLE_TIMEOUT_S:
            return True
        fields = {
            **empty_stream_fields(), "state": CameraState.IDLE, "error": None, "recorder_task": "",
            "last_seen_at": self._services.clock.now(),
        }  # fmt: skip
        return not self._commit(fields)

    def _fail_camera(self) -> bool:
        """Marks the camera as failed. Returns False when that is committed.

        The error belongs to the password that was tried. If it was replaced since, later requests
        get a connection with the new one.
        """
        stats, error = self._stream.stats, self._stream.error
        if self._recordings:
            self._previous.wait_until_ended(self._work_while_waiting)
            self._recordings.fail_all(stats, error, before=self._source.find_replaced_at())
        (doc,) = self._services.store.read([camera_path(self._camera.id)])
        if doc is None:
            return False
        self._camera = Camera.from_doc(doc)
        # Read after the camera's document: a later request changes that document's version.
        if self._source.find_replaced_at() is not None:
            self._stream.start_over()
            return True
        for request in self._camera.active_requests.values():
            # Requests of the last moment: the next poll stops them with the same error.
            self._recordings.resume(request)
        if self._recordings:
            return True
        fields = {
            **empty_stream_fields(), "state": CameraState.FAILED, "error": error,
            "recorder_task": "",
            "preview_until": None, "last_seen_at": self._services.clock.now(),
        }  # fmt: skip
        return not self._commit(fields)

    def _close(self) -> None:
        self._stream.close()
        # Before the preview, which may wait for a bucket and for a process.
        self._recordings.close_segments()
        self._preview.close()

    def _work_while_waiting(self) -> None:
        self._check()
        self._read_stream(0.2)

    # --- status ------------------------------------------------------------------------------

    def _save_status(self) -> None:
        """Writes the status of the camera and its recordings, unless another task does."""
        if self._camera.live_epoch > self._epoch:
            return
        if self._camera.live_epoch < self._epoch and self._previous.is_running():
            return
        self._commit(self._stream.status_fields())
        self._recordings.save_status(
            self._stream.stats, self._stream.error, connected=self._stream.has_pictures
        )

    def _commit(self, fields: dict[str, Any]) -> bool:
        """Updates the camera's document as it was last read, and reads it again. Returns False
        when it has changed since."""
        update = Update(self._camera.path, fields, self._camera.version)
        if self._services.store.commit([update]) is not CommitResult.OK:
            return False
        docs: tuple[Doc | None, ...] = self._services.store.read([self._camera.path])
        if docs[0] is not None:
            self._camera = Camera.from_doc(docs[0])
        return True
