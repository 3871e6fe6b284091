"""A shift: one invocation holds a camera's session, and shares it among all who want it.

Twice a second it looks into the camera's document. Two seconds apart it says there how the camera
is. When its time is nearly over it makes the next shift, and goes on until that one has pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from functions.recorder.backlog import Backlog
from functions.recorder.errors import CameraSilent
from functions.recorder.feed import Ended, Feed, Opened
from functions.recorder.packets import VIDEO, Packet, Reader, Track
from functions.recorder.patience import Patience
from functions.recorder.segments import RunKey
from functions.recorder.take import SegmentLimits, Take
from functions.recorder.viewfinder import Viewfinder
from shared.config import Settings
from shared.domain.cameras import Camera, CameraState, Want, blank_facts, camera_path, secret_path
from shared.domain.clips import EndedBy, Recording, RecordingState, recording_path
from shared.domain.documents import Committed, Doc, Update
from shared.domain.errand import Errand, errand_envelope, errand_path
from shared.domain.shifts import RECORDER, new_shift, stopped
from shared.domain.sources import Source
from shared.driver import Neighbours
from shared.errors import LedgerUnavailable, MoodreelError, PermanentError, StorageUnavailable

LOOK_S = 0.5
TELL_S = 2.0
OVERLAP_S = 1.0
"""How long an older shift goes on after the newer one has pictures, so that they share some."""
IDLE_S = 3.0
"""How long a session that nobody wants any more waits for somebody."""
FIRST_PICTURE_S = 60.0
"""How long a connection may take to its first key picture: cameras send one every few seconds,
thrifty ones every half a minute."""
OTHER_SHIFT_S = 15.0
"""How long a recording that stops within a handover waits for the other's last segment."""


class Session:
    """The state of a shift. `run` returns when the shift is over."""

    def __init__(
        self,
        camera: Camera,
        errand: Errand,
        world: Neighbours,
        settings: Settings,
        *,
        opening: Callable[[Source], Reader],
        check: Callable[[], None],
        ends_at: float,
    ) -> None:
        self._camera = camera
        self._errand = errand
        self._world = world
        self._settings = settings
        self._opening = opening
        self._check = check
        self._epoch = int(errand.data["epoch"])
        self._token = world.new_token()
        self._began = time.monotonic()
        self._ends_at = ends_at
        self._handover_at = self._began + min(
            settings.recorder_shift_s, max(1.0, (ends_at - self._began) * 0.9)
        )
        self._takes: dict[str, Take] = {}
        self._backlog = Backlog()
        self._finder = Viewfinder(world, camera.id)
        self._feed: Feed | None = None
        self._connections = 0
        self._patience = Patience(settings.source_patience_s)
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
                    looks_at = now + LOOK_S
                    if not self._look():
                        return
                if now >= tells_at:
                    tells_at = now + TELL_S
                    self._tell()
                self._hear(min(looks_at, tells_at) - now)
        finally:
            self._end()

    # --- the camera --------------------------------------------------------------------------

    def _connect(self) -> None:
        (doc,) = self._world.store.read([secret_path(self._camera.id)])
        if doc is None:
            # The camera is being dismissed: its own document says so.
            self._patience.failed()
            return
        source = Source.from_dict(doc.data["source"])
        self._connections += 1
        self._shown_at = time.time()
        self._feed = Feed(lambda: self._opening(source))

    def _hear(self, wait_s: float) -> None:
        """Take what the camera sends. Sound and answers keep a connection alive as well: without
        pictures it is lost all the same, or nothing would ever end it."""
        if self._feed is None:
            time.sleep(max(0.0, min(wait_s, 0.1)))
            return
        heard = self._feed.next(max(0.001, wait_s))
        moment = heard.arrived if isinstance(heard, Packet) else time.time()
        if not isinstance(heard, Ended) and moment - self._shown_at > self._blind_s:
            self._lost(CameraSilent("The camera is connected, and shows no pictures."))
            return
        if isinstance(heard, Packet):
            self._keep(heard)
        elif isinstance(heard, Opened):
            self._tracks = heard.tracks
        elif isinstance(heard, Ended):
            self._lost(heard.why)

    @property
    def _blind_s(self) -> float:
        """How long a connection may go without a picture that can be recorded."""
        stall_s = float(self._settings.source_stall_s)
        return stall_s if self._open else max(FIRST_PICTURE_S, stall_s)

    def _keep(self, packet: Packet) -> None:
        assert self._feed is not None  # noqa: S101 - it came from there
        opens = packet.key and packet.track == VIDEO
        if not self._open:
            if not opens:
                return
            self._opened()
        if opens and self._feed.tracks and self._feed.tracks != self._tracks:
            self._tracks = self._feed.tracks
        if opens and packet.track == VIDEO:
            for take in self._takes.values():
                take.described(self._tracks)
        self._backlog.add(packet)
        for take in self._takes.values():
            self._record(take, packet)
        if packet.track == VIDEO:
            self._shown_at = packet.arrived
            self._pictures.append(packet.arrived)
            del self._pictures[:-150]
            self._finder.show(packet, self._tracks[VIDEO])

    def _record(self, take: Take, packet: Packet) -> None:
        try:
            take.add(packet)
        except (StorageUnavailable, LedgerUnavailable) as lost:
            # The segment is lost, and the recording goes on with the next one.
            take.abandon()
            self._world.log(
                "segment.lost", severity="ERROR", recording=take.want.recording, why=str(lost)
            )

    def _opened(self) -> None:
        """The first key picture of a connection."""
        self._open = True
        self._error = None
        self._patience.succeeded()
        if self._feed is not None and self._feed.tracks:
            self._tracks = self._feed.tracks
        for take in self._takes.values():
            take.described(self._tracks)
            take.begin(self._key, self._backlog, 0.0)
        self._world.log("camera.connected", camera=self._camera.id, codec=self._tracks[0].codec)

    @property
    def _key(self) -> RunKey:
        return RunKey(self._epoch, self._token, self._connections)

    def _lost(self, why: MoodreelError) -> None:
        """The connection is over, or never was."""
        assert self._feed is not None  # noqa: S101 - it said so
        self._dropped += self._feed.dropped
        self._feed.close()
        was_open, self._feed, self._open = self._open, None, False
        self._backlog.clear()
        self._pictures.clear()
        for take in self._takes.values():
            self._close_segment(take)
        self._error = {"code": why.code, "message": str(why), "at": self._world.clock.now()}
        self._world.log(
            "camera.lost", severity="WARNING", camera=self._camera.id, code=why.code, why=str(why)
        )
        ever = was_open or self._camera.data["connected_at"] is not None
        self._patience.failed(for_good=isinstance(why, PermanentError) and not ever)
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
        if self._patience.is_over:
            return self._give_up()
        if self._open and not self._live:
            self._go_live()
        self._finder.wanted = camera.previews_at(self._world.clock.now())
        self._attend()
        if not camera.wanted_at(self._world.clock.now()):
            return self._rest(now)
        self._unwanted_since = None
        if now > self._handover_at and camera.epoch == self._epoch:
            self._hand_over()
        return True

    def _attend(self) -> None:
        """Begin, stop and end recordings."""
        for gone in self._takes.keys() - self._camera.wants.keys():
            self._takes.pop(gone).abandon()
        for want in list(self._camera.wants.values()):
            take = self._takes.get(want.recording)
            if take is None:
                take = self._takes[want.recording] = self._taken(want)
                if self._open:
                    take.described(self._tracks)
                    take.begin(self._key, self._backlog, want.since.timestamp() - want.pre_roll_s)
            take.want = want
            why = self._why_to_stop(take)
            if why and self._live_or_alone:
                self._stop(take, why)

    @property
    def _live_or_alone(self) -> bool:
        """Whether recordings are this shift's to end: before it has pictures an older one may
        still be writing, and looks itself."""
        return self._live or self._camera.live_epoch == self._epoch or not self._elder()

    def _taken(self, want: Want) -> Take:
        (doc,) = self._world.store.read([recording_path(want.recording)])
        known = None if doc is None else Recording.from_doc(doc)
        started = None if known is None or known.started_at is None else known.started_at
        return Take(
            want,
            self._camera.owner,
            self._world.objects,
            self._world.store,
            SegmentLimits(
                self._settings.recording_segment_s, self._settings.recording_segment_mb << 20
            ),
            base_bytes=0 if known is None else int(known.data["size_bytes"]),
            started_at=None if started is None else started.timestamp(),
        )

    def _why_to_stop(self, take: Take) -> str:
        want = take.want
        if want.stop:
            return want.stop
        if take.elapsed_s(time.time()) >= want.max_duration_s:
            return EndedBy.MAX_DURATION.value
        if take.size_bytes >= want.max_bytes:
            return EndedBy.MAX_BYTES.value
        return ""

    def _stop(self, take: Take, why: str, error: dict[str, Any] | None = None) -> None:
        """Write the last segment and say so."""
        self._wait_for_the_elder()
        self._close_segment(take)
        recording = take.want.recording
        for _ in range(8):
            (doc, known) = self._world.store.read(
                [camera_path(self._camera.id), recording_path(recording)]
            )
            if doc is None or known is None or recording not in Camera.from_doc(doc).wants:
                break
            camera = Camera.from_doc(doc)
            ended = known.data["ended_at"] or self._world.clock.now()
            facts = {**self._figures(take), "error": error}
            writes = stopped(camera, recording, why, ended, **facts)
            if self._world.store.commit(writes) is Committed.OK:
                self._world.publisher.publish([errand_envelope(RECORDER, recording)])
                self._world.log("recording.stopped", recording=recording, why=why)
                break
        self._takes.pop(recording, None)

    def _close_segment(self, take: Take) -> None:
        try:
            take.close_segment()
        except (StorageUnavailable, LedgerUnavailable) as lost:
            self._world.log(
                "segment.lost", severity="ERROR", recording=take.want.recording, why=str(lost)
            )

    # --- beginnings and ends -----------------------------------------------------------------

    def _go_live(self) -> None:
        """This shift has pictures: an older one may end."""
        now = self._world.clock.now()
        fields = {**self._facts(), "live_epoch": self._epoch, "connected_at": now, "error": None}
        if self._commit(fields):
            self._live = True

    def _hand_over(self) -> None:
        now = self._world.clock.now()
        shift_id = (self._world.new_token() + self._world.new_token())[:20]
        making, taking = new_shift(self._camera, shift_id, now)
        assert isinstance(taking, Update)  # noqa: S101 - the second write
        taking = Update(taking.path, taking.fields, self._camera.version)
        if self._world.store.commit([making, taking]) is Committed.OK:
            self._world.publisher.publish([errand_envelope(RECORDER, shift_id)])
            self._world.log("shift.handed_over", camera=self._camera.id, epoch=self._epoch + 1)

    def _rest(self, now: float) -> bool:
        """Nobody wants the camera; → False when that is written down."""
        self._unwanted_since = self._unwanted_since or now
        if now < self._unwanted_since + IDLE_S:
            return True
        fields = {
            **blank_facts(), "state": CameraState.IDLE, "error": None, "shift": "",
            "seen_at": self._world.clock.now(),
        }  # fmt: skip
        return not self._commit(fields)

    def _give_up(self) -> bool:
        """The camera does not come back; → False when that is written down."""
        error = self._error
        for take in list(self._takes.values()):
            self._stop(take, EndedBy.SOURCE_LOST.value, error)
        (doc,) = self._world.store.read([camera_path(self._camera.id)])
        if doc is None:
            return False
        self._camera = Camera.from_doc(doc)
        for want in self._camera.wants.values():
            # Somebody wants it since a moment ago: he is told as well.
            self._takes[want.recording] = self._taken(want)
        if self._takes:
            return True
        fields = {
            **blank_facts(), "state": CameraState.FAILED, "error": error, "shift": "",
            "preview_until": None, "seen_at": self._world.clock.now(),
        }  # fmt: skip
        return not self._commit(fields)

    def _end(self) -> None:
        """Whatever ended the shift: what is recorded is written."""
        if self._feed is not None:
            self._feed.close()
        # Before the preview, which may wait for a bucket and for a process.
        for take in self._takes.values():
            self._close_segment(take)
        self._finder.close()

    def _elder(self) -> Errand | None:
        """The shift that handed over to this one, while it is still at work."""
        before = self._errand.data.get("after") or ""
        if not before:
            return None
        (doc,) = self._world.store.read([errand_path(RECORDER, before)])
        elder = None if doc is None else Errand.from_doc(RECORDER, doc)
        if elder is None or elder.ended or elder.lease_until < self._world.clock.now():
            return None
        return elder

    def _wait_for_the_elder(self) -> None:
        until = time.monotonic() + OTHER_SHIFT_S
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
        for take in self._takes.values():
            self._tell_of(take)

    def _tell_of(self, take: Take) -> None:
        (doc,) = self._world.store.read([recording_path(take.want.recording)])
        if doc is None or not Recording.from_doc(doc).running:
            return
        state = RecordingState.STARTING
        if take.started_at is not None:
            state = RecordingState.RECORDING if self._open else RecordingState.RECONNECTING
        fields = {**self._figures(take), "state": state, "error": self._error}
        self._world.store.commit([Update(doc.path, fields, doc.version)])

    def _figures(self, take: Take) -> dict[str, Any]:
        started = take.started_at
        return {
            "started_at": None if started is None else datetime.fromtimestamp(started, UTC),
            "elapsed_s": round(take.elapsed_s(take.last_at or time.time()), 3),
            "size_bytes": take.size_bytes,
            "stored_bytes": take.size_bytes,
            "fps": self._fps(),
            "dropped_frames": self._all_dropped(),
        }

    def _facts(self) -> dict[str, Any]:
        video = self._tracks[VIDEO] if self._open else None
        ever = self._camera.data["connected_at"] is not None or self._connections > 1
        away = CameraState.RECONNECTING if ever else CameraState.CONNECTING
        return {
            "state": CameraState.CONNECTED if video else away,
            "error": self._error,
            "seen_at": self._world.clock.now(),
            "fps": self._fps(),
            "dropped_frames": self._all_dropped(),
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
        return self._dropped + (self._feed.dropped if self._feed else 0)

    def _commit(self, fields: dict[str, Any]) -> bool:
        """Change the camera's document as it was read last; → False when it has changed since."""
        done = self._world.store.commit([Update(self._camera.path, fields, self._camera.version)])
        if done is not Committed.OK:
            return False
        read: tuple[Doc | None, ...] = self._world.store.read([self._camera.path])
        if read[0] is not None:
            self._camera = Camera.from_doc(read[0])
        return True
