"""One recording during a session: its open segment, its size and its duration."""

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
"""How much longer a segment may last while it waits for a keyframe. Without one it is cut anywhere:
the next segment cannot be decoded alone, but is recorded."""


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """When a segment closes."""

    max_duration_s: float
    max_bytes: int


class ActiveRecording:
    """A recording as one worker writes it.

    `previous_bytes` is the size that earlier workers recorded. `started_at` (seconds since 1970) is
    when the first picture arrived, None before it. `clock_shift_s` is by how much the clock of this
    worker is ahead of the one that `started_at` was read from. `begins_at` is when the recording is
    to begin, by the clock of this worker.
    """

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
        begins_at: float | None = None,
        clock_shift_s: float = 0.0,
    ) -> None:
        self.request = request
        requested_at = request.requested_at.timestamp()
        self.begins_at = requested_at - request.pre_roll_s if begins_at is None else begins_at
        self._clock_shift_s = clock_shift_s
        self.started_at = started_at
        self.size_bytes = previous_bytes
        self.last_picture_at: float | None = None
        self.waiting_since: float | None = None
        """When packets began to be left out because no keyframe has arrived."""
        self._owner = owner
        self._objects = objects
        self._store = store
        self._limits = limits
        self._key: ConnectionKey | None = None
        self._tracks: tuple[Track, ...] = ()
        self._number = 0
        self._segment: SegmentWriter | None = None

    def start_connection(self, key: ConnectionKey, pre_roll: PreRollBuffer, since: float) -> None:
        """Begins a connection. The recording starts with the pre-roll from the last keyframe before
        `since`; when the pre-roll is empty it starts with the next keyframe."""
        self._key, self._number, self.waiting_since = key, 0, None
        for packet in pre_roll.packets_since(since):
            self.add(packet)

    def set_tracks(self, tracks: tuple[Track, ...]) -> None:
        """Sets the tracks of the connection."""
        self._tracks = tracks

    def add(self, packet: Packet) -> None:
        """Records a packet. Raises StorageUnavailable; then call `abort_segment`."""
        is_video_keyframe = packet.is_keyframe and packet.track == VIDEO
        if self._segment is None and not is_video_keyframe:
            self.waiting_since = self.waiting_since or packet.arrived_at
            return
        self.waiting_since = None
        if self._segment is not None and self._is_full(packet, is_video_keyframe):
            self.close_segment()
        if self._segment is None:
            assert self._key is not None  # noqa: S101 - set by start_connection
            self._segment = SegmentWriter(
                self._objects, self.request.recording, self._owner, self._key, self._number,
                self._tracks,
            )  # fmt: skip
        self._segment.add(packet)
        if packet.track == VIDEO:
            if self.started_at is None:
                self.started_at = max(packet.arrived_at, self.begins_at)
            self.last_picture_at = packet.arrived_at
        self.size_bytes += len(packet.data)

    def close_segment(self) -> None:
        """Writes the open segment, if any, and commits its document. On failure the segment is
        lost. Raises StorageUnavailable, FirestoreUnavailable."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        self._number += 1
        write: Write = segment.close()
        if self._store.commit([write]) is CommitResult.MISSING:
            raise StorageUnavailable

    def abort_segment(self) -> None:
        """Discards the open segment, if any."""
        if self._segment is not None:
            self._segment.abort()
            self._segment = None
            # A gap in the numbers marks missing packets.
            self._number += 1

    def mark_missing_packets(self) -> None:
        """Ends the open segment, if any: packets are missing between it and the next one. Raises
        like `close_segment`."""
        if self._segment is not None:
            self.close_segment()
            self._number += 1

    def elapsed_s(self, now: float) -> float:
        """Returns the duration up to `now`, in seconds."""
        if self.started_at is None:
            return 0.0
        return max(0.0, now - self._clock_shift_s - self.started_at)

    def _is_full(self, packet: Packet, is_video_keyframe: bool) -> bool:
        assert self._segment is not None  # noqa: S101 - called for an open segment
        started_at = self._segment.started_at
        duration_s = 0.0 if started_at is None else packet.arrived_at - started_at
        is_over_limit = (
            duration_s >= self._limits.max_duration_s
            or self._segment.size_bytes >= self._limits.max_bytes
        )
        return is_over_limit and (
            is_video_keyframe or duration_s >= self._limits.max_duration_s + MAX_SEGMENT_OVERRUN_S
        )
