"""The recordings that a session makes: begun, fed, stopped, each by what is wanted of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from functions.recorder.capture.active_recording import SegmentLimits, Take
from functions.recorder.capture.pre_roll_buffer import Backlog
from functions.recorder.capture.segments import RunKey
from functions.recorder.packets import Packet, Track
from shared.cameras.camera import Camera, Want, camera_path
from shared.cameras.recording import EndedBy, Recording, RecordingState, recording_path
from shared.cameras.session import RECORDER, TRIES, stopped
from shared.errors import LedgerUnavailable, StorageUnavailable
from shared.flows.documents import Committed, Update
from shared.runtime.interpreter import Neighbours
from shared.runtime.settings import Settings
from shared.tasks.task import errand_envelope

Figures = Mapping[str, Any]
"""What a session measures of its camera: `fps`, `dropped_frames`."""


class Takes:
    """One a recording that is wanted. A segment that cannot be written is lost and logged, and its
    recording, like all others, goes on with the next one."""

    def __init__(self, camera: Camera, world: Neighbours, settings: Settings) -> None:
        self._camera = camera
        self._world = world
        self._settings = settings
        self._takes: dict[str, Take] = {}

    def __bool__(self) -> bool:
        return bool(self._takes)

    def described(self, tracks: tuple[Track, ...]) -> None:
        """What the connection's tracks are."""
        for take in self._takes.values():
            take.described(tracks)

    def begin(self, key: RunKey, backlog: Backlog) -> None:
        """A connection begins."""
        for take in self._takes.values():
            take.begin(key, backlog, 0.0)

    def add(self, packet: Packet) -> None:
        """One more packet, for all of them."""
        for take in self._takes.values():
            try:
                take.add(packet)
            except (StorageUnavailable, LedgerUnavailable) as lost:
                take.abandon()
                self._say_lost(take, lost)

    def close_segments(self) -> None:
        """The connection, or the shift, is over: what is recorded is written."""
        for take in self._takes.values():
            self._close_segment(take)

    def attend(self, wants: Mapping[str, Want], begin: Callable[[Take], None]) -> dict[str, str]:
        """Take up what is wanted and let go of what is not; → why which of them are to stop.
        `begin` gives a new one what there is by now."""
        for gone in self._takes.keys() - wants.keys():
            self._takes.pop(gone).abandon()
        ending = {}
        for want in wants.values():
            take = self._takes.get(want.recording)
            if take is None:
                take = self.take_up(want)
                begin(take)
            take.want = want
            if why := _why_to_stop(take):
                ending[want.recording] = why
        return ending

    def take_up(self, want: Want) -> Take:
        """Go on with a recording where earlier workers left it."""
        (doc,) = self._world.store.read([recording_path(want.recording)])
        known = None if doc is None else Recording.from_doc(doc)
        started = None if known is None or known.started_at is None else known.started_at
        limits = SegmentLimits(
            self._settings.recording_segment_s, self._settings.recording_segment_mb << 20
        )
        take = self._takes[want.recording] = Take(
            want,
            self._camera.owner,
            self._world.objects,
            self._world.store,
            limits,
            base_bytes=0 if known is None else int(known.data["size_bytes"]),
            started_at=None if started is None else started.timestamp(),
        )
        return take

    def stop(
        self, recording: str, why: str, figures: Figures, error: dict[str, Any] | None = None
    ) -> None:
        """Write the last segment and say so."""
        take = self._takes[recording]
        self._close_segment(take)
        for _ in range(TRIES):
            (doc, known) = self._world.store.read(
                [camera_path(self._camera.id), recording_path(recording)]
            )
            if doc is None or known is None or recording not in Camera.from_doc(doc).wants:
                break
            camera = Camera.from_doc(doc)
            ended = known.data["ended_at"] or self._world.clock.now()
            facts = {**_told(take, figures), "error": error}
            writes = stopped(camera, recording, why, ended, **facts)
            if self._world.store.commit(writes) is Committed.OK:
                self._world.publisher.publish([errand_envelope(RECORDER, recording)])
                self._world.log("recording.stopped", recording=recording, why=why)
                break
        del self._takes[recording]

    def stop_all(self, why: str, figures: Figures, error: dict[str, Any] | None) -> None:
        """The camera does not come back."""
        for recording in list(self._takes):
            self.stop(recording, why, figures, error)

    def tell(self, figures: Figures, error: dict[str, Any] | None, *, connected: bool) -> None:
        """Say in their documents how they are."""
        for take in self._takes.values():
            (doc,) = self._world.store.read([recording_path(take.want.recording)])
            if doc is None or not Recording.from_doc(doc).running:
                continue
            state = RecordingState.STARTING
            if take.started_at is not None:
                state = RecordingState.RECORDING if connected else RecordingState.RECONNECTING
            fields = {**_told(take, figures), "state": state, "error": error}
            self._world.store.commit([Update(doc.path, fields, doc.version)])

    def _close_segment(self, take: Take) -> None:
        try:
            take.close_segment()
        except (StorageUnavailable, LedgerUnavailable) as lost:
            self._say_lost(take, lost)

    def _say_lost(self, take: Take, why: Exception) -> None:
        self._world.log(
            "segment.lost", severity="ERROR", recording=take.want.recording, why=str(why)
        )


def _why_to_stop(take: Take) -> str:
    want = take.want
    if want.stop:
        return want.stop
    if take.elapsed_s(time.time()) >= want.max_duration_s:
        return EndedBy.MAX_DURATION.value
    if take.size_bytes >= want.max_bytes:
        return EndedBy.MAX_BYTES.value
    return ""


def _told(take: Take, figures: Figures) -> dict[str, Any]:
    started = take.started_at
    return {
        "started_at": None if started is None else datetime.fromtimestamp(started, UTC),
        "elapsed_s": round(take.elapsed_s(take.last_at or time.time()), 3),
        "size_bytes": take.size_bytes,
        "stored_bytes": take.size_bytes,
        **figures,
    }
