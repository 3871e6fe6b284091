"""One recording while a session makes it: packets into segments, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass

from functions.recorder.capture.pre_roll_buffer import Backlog
from functions.recorder.capture.segments import RunKey, SegmentWriter
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.camera import Want
from shared.errors import StorageUnavailable
from shared.flows.documents import Committed, Write
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore

SEGMENT_OVER_S = 15.0
"""How much longer a segment may get while it waits for a key picture. A camera without any is cut
anywhere: what follows cannot be decoded alone, but is recorded."""


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """When a segment closes."""

    most_s: float
    most_bytes: int


class Take:
    """A recording in one worker's hands. `base_bytes` and `started_at` (seconds since 1970, None
    before the first picture) are what earlier workers did."""

    def __init__(
        self,
        want: Want,
        owner: str,
        objects: ObjectStore,
        store: JobStore,
        limits: SegmentLimits,
        *,
        base_bytes: int = 0,
        started_at: float | None = None,
    ) -> None:
        self.want = want
        self.started_at = started_at
        self.size_bytes = base_bytes
        self.last_at: float | None = None
        self._owner = owner
        self._objects = objects
        self._store = store
        self._limits = limits
        self._key: RunKey | None = None
        self._tracks: tuple[Track, ...] = ()
        self._number = 0
        self._segment: SegmentWriter | None = None

    def begin(self, key: RunKey, backlog: Backlog, moment: float) -> None:
        """A connection begins; the recording has what came since the key picture before `moment`,
        and when nothing came yet begins with the next one."""
        self._key, self._number = key, 0
        for packet in backlog.since(moment):
            self.add(packet)

    def described(self, tracks: tuple[Track, ...]) -> None:
        """What the connection's tracks are."""
        self._tracks = tracks

    def add(self, packet: Packet) -> None:
        """Record a packet. A segment that cannot be written is lost, and the next one begins."""
        opens = packet.key and packet.track == VIDEO
        if self._segment is None and not opens:
            return
        if self._segment is not None and self._is_full(packet, opens):
            self.close_segment()
        if self._segment is None:
            assert self._key is not None  # noqa: S101 - begin comes first
            self._segment = SegmentWriter(
                self._objects, self.want.recording, self._owner, self._key, self._number,
                self._tracks,
            )  # fmt: skip
        self._segment.add(packet)
        if packet.track == VIDEO:
            visible = self.want.since.timestamp() - self.want.pre_roll_s
            if self.started_at is None:
                self.started_at = max(packet.arrived, visible)
            self.last_at = packet.arrived
        self.size_bytes += len(packet.data)

    def close_segment(self) -> None:
        """Write what there is. A failure loses this segment and says so."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._number += 1
        write: Write = segment.close()
        if self._store.commit([write]) is Committed.MISSING:
            raise StorageUnavailable

    def abandon(self) -> None:
        """Nothing more is wanted of it."""
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
            # The hole in the numbers says that packets are missing here.
            self._number += 1

    def elapsed_s(self, now: float) -> float:
        """How long it lasts by now."""
        return 0.0 if self.started_at is None else max(0.0, now - self.started_at)

    def _is_full(self, packet: Packet, opens: bool) -> bool:
        assert self._segment is not None  # noqa: S101 - asked of an open one
        began = self._segment.began
        lasts = 0.0 if began is None else packet.arrived - began
        over = lasts >= self._limits.most_s or self._segment.size_bytes >= self._limits.most_bytes
        return over and (opens or lasts >= self._limits.most_s + SEGMENT_OVER_S)
