"""One recording while a session makes it: packets into segments, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass

from functions.recorder.capture.pre_roll_buffer import PreRollBuffer
from functions.recorder.capture.segments import ConnectionKey, SegmentWriter
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.camera import ActiveRequest
from shared.errors import StorageUnavailable
from shared.flows.documents import CommitResult, Write
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore

MAX_SEGMENT_OVERRUN_S = 15.0
"""How much longer a segment may get while it waits for a key picture. A camera without any is cut
anywhere: what follows cannot be decoded alone, but is recorded."""


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """When a segment closes."""

    max_duration_s: float
    max_bytes: int


class ActiveRecording:
    """A recording in one worker's hands. `base_bytes` and `started_at` (seconds since 1970, None
    before the first picture) are what earlier workers did."""

    def __init__(
        self,
        request: ActiveRequest,
        owner: str,
        objects: ObjectStore,
        store: JobStore,
        limits: SegmentLimits,
        *,
        previous_bytes: int = 0,
        started_at: float | None = None,
    ) -> None:
        self.request = request
        self.started_at = started_at
        self.size_bytes = previous_bytes
        self.last_picture_at: float | None = None
        self._owner = owner
        self._objects = objects
        self._store = store
        self._limits = limits
        self._key: ConnectionKey | None = None
        self._tracks: tuple[Track, ...] = ()
        self._number = 0
        self._segment: SegmentWriter | None = None

    def start_connection(self, key: ConnectionKey, pre_roll: PreRollBuffer, since: float) -> None:
        """A connection begins; the recording has what came since the key picture before `moment`,
        and when nothing came yet begins with the next one."""
        self._key, self._number = key, 0
        for packet in pre_roll.packets_since(since):
            self.add(packet)

    def set_tracks(self, tracks: tuple[Track, ...]) -> None:
        """What the connection's tracks are."""
        self._tracks = tracks

    def add(self, packet: Packet) -> None:
        """Record a packet. A segment that cannot be written is lost, and the next one begins."""
        opens = packet.is_keyframe and packet.track == VIDEO
        if self._segment is None and not opens:
            return
        if self._segment is not None and self._is_full(packet, opens):
            self.close_segment()
        if self._segment is None:
            assert self._key is not None  # noqa: S101 - begin comes first
            self._segment = SegmentWriter(
                self._objects, self.request.recording, self._owner, self._key, self._number,
                self._tracks,
            )  # fmt: skip
        self._segment.add(packet)
        if packet.track == VIDEO:
            visible = self.request.requested_at.timestamp() - self.request.pre_roll_s
            if self.started_at is None:
                self.started_at = max(packet.arrived_at, visible)
            self.last_picture_at = packet.arrived_at
        self.size_bytes += len(packet.data)

    def close_segment(self) -> None:
        """Write what there is. A failure loses this segment and says so."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._number += 1
        write: Write = segment.close()
        if self._store.commit([write]) is CommitResult.MISSING:
            raise StorageUnavailable

    def abort_segment(self) -> None:
        """Nothing more is wanted of it."""
        if self._segment is not None:
            self._segment.abort()
            self._segment = None
            # The hole in the numbers says that packets are missing here.
            self._number += 1

    def elapsed_s(self, now: float) -> float:
        """How long it lasts by now."""
        return 0.0 if self.started_at is None else max(0.0, now - self.started_at)

    def _is_full(self, packet: Packet, opens: bool) -> bool:
        assert self._segment is not None  # noqa: S101 - asked of an open one
        began = self._segment.started_at
        lasts = 0.0 if began is None else packet.arrived_at - began
        over = (
            lasts >= self._limits.max_duration_s
            or self._segment.size_bytes >= self._limits.max_bytes
        )
        return over and (opens or lasts >= self._limits.max_duration_s + MAX_SEGMENT_OVERRUN_S)
