"""A shift: one invocation holds a camera's session, and shares it among all who want it.

Twice a second it looks into the camera's document. Two seconds apart it says there how the camera
is. When its time is nearly over it makes the next shift, and goes on until that one has pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from functions.recorder.capture.active_recording import ActiveRecording
from functions.recorder.capture.active_recordings import ActiveRecordings
from functions.recorder.capture.backoff import Backoff
from functions.recorder.capture.pre_roll_buffer import PreRollBuffer
from functions.recorder.capture.reader_thread import ReaderThread, StreamEnded, StreamOpened
from functions.recorder.capture.segments import ConnectionKey
from functions.recorder.errors import CameraTimeout
from functions.recorder.packets import VIDEO, Packet, Reader, Track
from functions.recorder.preview.publisher import PreviewPublisher
from shared.cameras.camera import Camera, CameraState, camera_path, empty_stream_fields, secret_path
from shared.cameras.recording import EndedBy
from shared.cameras.session import RECORDER, new_recorder_task
from shared.cameras.source import Source
from shared.errors import MoodreelError, PermanentError
from shared.flows.documents import CommitResult, Doc, Update
from shared.runtime.interpreter import Services
from shared.runtime.settings import Settings
from shared.tasks.task import Task, task_envelope, task_path

POLL_INTERVAL_S = 0.5
STATUS_INTERVAL_S = 2.0
OVERLAP_S = 1.0
"""How long an older shift goes on after the newer one has pictures, so that they share some."""
IDLE_TIMEOUT_S = 3.0
"""How long a session that nobody wants any more waits for somebody."""
FIRST_PICTURE_TIMEOUT_S = 60.0
"""How long a connection may take to its first key picture: cameras send one every few seconds,
thrifty ones every half a minute."""
MAX_PREVIOUS_WAIT_S = 15.0
"""How long a recording that stops within a handover waits for the other's last segment."""


class Session:
    """The state of a shift. `run` returns when the shift is over."""

    def __init__(
        self,
        camera: Camera,
        task: Task,
        services: Services,
        settings: Settings,
        *,
        open_reader: Callable[[Source], Reader],
        check: Callable[[], None],
        ends_at: float,
    ) -> None:
        self._camera = camera
        self._errand = task
        self._world = services
        self._settings = settings
        self._opening = open_reader
        self._check = check
        self._epoch = int(task.data["epoch"])
        self._token = services.new_token()
        self._began = time.monotonic()
        self._ends_at = ends_at
        self._handover_at = self._began + min(
            settings.recorder_task_s, max(1.0, (ends_at - self._began) * 0.9)
        )
        self._takes = ActiveRecordings(camera, services, settings)
        self._backlog = PreRollBuffer()
        self._finder = PreviewPublisher(services, camera.id)
        self._feed: ReaderThread | None = None
        self._connections = 0
        self._patience = Backoff(settings.source_give_up_s)
        self._open = False
        self._tracks: tuple[Track, ...] = ()
        self._pictures: list[float] = []
        self._shown_at = 0.0
        self._dropped = 0
        self._error: dict[str, Any] | None = None
        self._live = False
        self._leaves_at: float | None = None
        self._unwanted_since: float | None = None

    def run(self) -> None:
        """Hold the session until nobody wants it, another has it, or the time is over."""
        looks_at = tells_at = 0.0
        try:
            while True:
                self._check()
                now = time.monotonic()
                if self._feed is None and self._patience.is_due:
                    self._connect()
                if now >= looks_at:
                    looks_at = now + POLL_INTERVAL_S
                    if not self._look():
                        return
                if now >= tells_at:
                    tells_at = now + STATUS_INTERVAL_S
                    self._tell()
                self._hear(min(looks_at, tells_at) - now)
        finally:
            self._end()

    # --- the camera --------------------------------------------------------------------------

    def _connect(self) -> None:
        (doc,) = self._world.store.read([secret_path(self._camera.id)])
        if doc is None:
            # The camera is being dismissed: its own document says so.
            self._patience.record_failure()
            return
        source = Source.from_dict(doc.data["source"])
        self._connections += 1
        self._shown_at = time.time()
        self._feed = ReaderThread(lambda: self._opening(source))

    def _hear(self, wait_s: float) -> None:
        """Take what the camera sends. Sound and answers keep a connection alive as well: without
        pictures it is lost all the same, or nothing would ever end it."""
        if self._feed is None:
            time.sleep(max(0.0, min(wait_s, 0.1)))
            return
        heard = self._feed.next_event(max(0.001, wait_s))
        moment = heard.arrived_at if isinstance(heard, Packet) else time.time()
        if not isinstance(heard, StreamEnded) and moment - self._shown_at > self._blind_s:
            self._lost(CameraTimeout("The camera is connected, and shows no pictures."))
            return
        if isinstance(heard, Packet):
            self._keep(heard)
        elif isinstance(heard, StreamOpened):
            self._tracks = heard.tracks
        elif isinstance(heard, StreamEnded):
            self._lost(heard.error)

    @property
    def _blind_s(self) -> float:
        """How long a connection may go without a picture that can be recorded."""
        stall_s = float(self._settings.source_stall_s)
        return stall_s if self._open else max(FIRST_PICTURE_TIMEOUT_S, stall_s)

    def _keep(self, packet: Packet) -> None:
        assert self._feed is not None  # noqa: S101 - it came from there
        opens = packet.is_keyframe and packet.track == VIDEO
        if not self._open:
            if not opens:
                return
            self._opened()
        if opens and self._feed.tracks and self._feed.tracks != self._tracks:
            self._tracks = self._feed.tracks
        if opens and packet.track == VIDEO:
            self._takes.set_tracks(self._tracks)
        self._backlog.add(packet)
        self._takes.add(packet)
        if packet.track == VIDEO:
            self._shown_at = packet.arrived_at
            self._pictures.append(packet.arrived_at)
            del self._pictures[:-150]
            self._finder.add(packet, self._tracks[VIDEO])

    def _opened(self) -> None:
        """The first key picture of a connection."""
        self._open = True
        self._error = None
        self._patience.record_success()
        if self._feed is not None and self._feed.tracks:
            self._tracks = self._feed.tracks
        self._takes.set_tracks(self._tracks)
        self._takes.start_connection(self._key, self._backlog)
        self._world.log("camera.connected", camera=self._camera.id, codec=self._tracks[0].codec)

    @property
    def _key(self) -> ConnectionKey:
        return ConnectionKey(self._epoch, self._token, self._connections)

    def _lost(self, why: MoodreelError) -> None:
        """The connection is over, or never was."""
        assert self._feed is not None  # noqa: S101 - it said so
        self._dropped += self._feed.dropped_count
        self._feed.close()
        was_open, self._feed, self._open = self._open, None, False
        self._backlog.clear()
        self._pictures.clear()
        self._takes.close_segments()
        self._error = {"code": why.code, "message": str(why), "at": self._world.clock.now()}
        self._world.log(
            "camera.lost",
            severity="WARNING",
            camera=self._camera.id,
            code=why.code,
            reason=str(why),
        )
        ever = was_open or self._camera.data["connected_at"] is not None
        self._patience.record_failure(is_permanent=isinstance(why, PermanentError) and not ever)
        self._tell()

    # --- what is wanted ----------------------------------------------------------------------

    def _look(self) -> bool:
        """Do what the camera's document asks for; → False when the shift is over."""
        (doc,) = self._world.store.read([camera_path(self._camera.id)])
        if doc is None or doc.data["created_at"] != self._camera.created_at:
            # Dismissed, and perhaps taken in again: that one has shifts of its own.
            return False
        self._camera = camera = Camera.from_doc(doc)
        now = time.monotonic()
        if camera.live_epoch > self._epoch:
            # A newer shift has pictures: what follows is its own.
            self._leaves_at = self._leaves_at or now + OVERLAP_S
            return now < self._leaves_at
        if now > self._ends_at:
            return False
        if self._patience.is_exhausted:
            return self._give_up()
        if self._open and not self._live:
            self._go_live()
        self._finder.is_requested = camera.has_preview_at(self._world.clock.now())
        self._attend()
        if not camera.is_requested_at(self._world.clock.now()):
            return self._rest(now)
        self._unwanted_since = None
        if now > self._handover_at and camera.epoch == self._epoch:
            self._hand_over()
        return True

    def _attend(self) -> None:
        """Begin, stop and end recordings."""
        ending = self._takes.apply_requests(self._camera.active_requests, self._begin)
        if ending and self._live_or_alone:
            self._wait_for_the_elder()
            for recording, why in ending.items():
                self._takes.stop(recording, why, self._figures)

    def _begin(self, take: ActiveRecording) -> None:
        """Give a new recording what there is by now."""
        if self._open:
            take.set_tracks(self._tracks)
            since = take.request.requested_at.timestamp() - take.request.pre_roll_s
            take.start_connection(self._key, self._backlog, since)

    @property
    def _live_or_alone(self) -> bool:
        """Whether recordings are this shift's to end: before it has pictures an older one may
        still be writing, and looks itself."""
        return self._live or self._camera.live_epoch == self._epoch or not self._elder()

    # --- beginnings and ends -----------------------------------------------------------------

    def _go_live(self) -> None:
        """This shift has pictures: an older one may end."""
        now = self._world.clock.now()
        fields = {**self._facts(), "live_epoch": self._epoch, "connected_at": now, "error": None}
        if self._commit(fields):
            self._live = True

    def _hand_over(self) -> None:
        making, fields = new_recorder_task(self._camera, self._world.clock_and_ids)
        taking = Update(self._camera.path, fields, self._camera.version)
        if self._world.store.commit([making, taking]) is CommitResult.OK:
            self._world.publisher.publish([task_envelope(RECORDER, fields["recorder_task"])])
            self._world.log(
                "recorder_task.handed_over", camera=self._camera.id, epoch=self._epoch + 1
            )

    def _rest(self, now: float) -> bool:
        """Nobody wants the camera; → False when that is written down."""
        self._unwanted_since = self._unwanted_since or now
        if now < self._unwanted_since + IDLE_TIMEOUT_S:
            return True
        fields = {
            **empty_stream_fields(), "state": CameraState.IDLE, "error": None, "recorder_task": "",
            "last_seen_at": self._world.clock.now(),
        }  # fmt: skip
        return not self._commit(fields)

    def _give_up(self) -> bool:
        """The camera does not come back; → False when that is written down."""
        error = self._error
        if self._takes:
            self._wait_for_the_elder()
            self._takes.stop_all(EndedBy.SOURCE_LOST.value, self._figures, error)
        (doc,) = self._world.store.read([camera_path(self._camera.id)])
        if doc is None:
            return False
        self._camera = Camera.from_doc(doc)
        for want in self._camera.active_requests.values():
            # Somebody wants it since a moment ago: he is told as well.
            self._takes.resume(want)
        if self._takes:
            return True
        fields = {
            **empty_stream_fields(), "state": CameraState.FAILED, "error": error,
            "recorder_task": "",
            "preview_until": None, "last_seen_at": self._world.clock.now(),
        }  # fmt: skip
        return not self._commit(fields)

    def _end(self) -> None:
        """Whatever ended the shift: what is recorded is written."""
        if self._feed is not None:
            self._feed.close()
        # Before the preview, which may wait for a bucket and for a process.
        self._takes.close_segments()
        self._finder.close()

    def _elder(self) -> Task | None:
        """The shift that handed over to this one, while it is still at work."""
        before = self._errand.data.get("previous") or ""
        if not before:
            return None
        (doc,) = self._world.store.read([task_path(RECORDER, before)])
        elder = None if doc is None else Task.from_doc(RECORDER, doc)
        if elder is None or elder.has_ended or elder.lease_until < self._world.clock.now():
            return None
        return elder

    def _wait_for_the_elder(self) -> None:
        until = time.monotonic() + MAX_PREVIOUS_WAIT_S
        while self._elder() is not None and time.monotonic() < until:
            self._check()
            self._hear(0.2)

    # --- what people see ---------------------------------------------------------------------

    def _tell(self) -> None:
        """Say how the camera and its recordings are; not while another shift does."""
        if self._camera.live_epoch > self._epoch:
            return
        if self._camera.live_epoch < self._epoch and self._elder() is not None:
            return
        self._commit(self._facts())
        self._takes.save_status(self._figures, self._error, connected=self._open)

    @property
    def _figures(self) -> dict[str, Any]:
        return {"fps": self._fps(), "dropped_frames": self._all_dropped()}

    def _facts(self) -> dict[str, Any]:
        video = self._tracks[VIDEO] if self._open else None
        ever = self._camera.data["connected_at"] is not None or self._connections > 1
        away = CameraState.RECONNECTING if ever else CameraState.CONNECTING
        return {
            "state": CameraState.CONNECTED if video else away,
            "error": self._error,
            "last_seen_at": self._world.clock.now(),
            **self._figures,
            **(
                {"width": video.width, "height": video.height, "codec": video.codec}
                if video
                else {}
            ),
        }

    def _fps(self) -> float | None:
        seen = self._pictures
        if len(seen) < 5 or seen[-1] <= seen[0]:
            return None
        return round((len(seen) - 1) / (seen[-1] - seen[0]), 2)

    def _all_dropped(self) -> int:
        return self._dropped + (self._feed.dropped_count if self._feed else 0)

    def _commit(self, fields: dict[str, Any]) -> bool:
        """Change the camera's document as it was read last; → False when it has changed since."""
        done = self._world.store.commit([Update(self._camera.path, fields, self._camera.version)])
        if done is not CommitResult.OK:
            return False
        read: tuple[Doc | None, ...] = self._world.store.read([self._camera.path])
        if read[0] is not None:
            self._camera = Camera.from_doc(read[0])
        return True
