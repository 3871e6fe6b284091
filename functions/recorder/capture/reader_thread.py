"""A thread that reads a camera's packets into a queue, so that no packet waits while the session
writes to a bucket."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from functions.recorder.errors import CameraDisconnected, StreamRefused
from functions.recorder.packets import VIDEO, Packet, Reader, Track
from shared.errors import MoodreelError

MAX_QUEUED_BYTES = 64 << 20
"""Limit of the queue. Packets beyond it are dropped, up to the next keyframe."""
RATE_WINDOW_S = 10.0
MAX_PACKETS_PER_WINDOW = 5_000
"""Within a window: 500 a second; 240 pictures a second with their sound are below 350. A limit of
bytes is not enough, since a packet of six bytes also costs memory and a row of the index."""


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The camera answers, with these tracks."""

    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The connection has ended, or could not be opened."""

    error: MoodreelError


@dataclass(frozen=True, slots=True)
class PacketsDropped:
    """Packets before the next one, a keyframe, are missing because the queue was full. The next one
    arrived at `resumed_at`, in seconds since 1970."""

    resumed_at: float


ReaderEvent = StreamOpened | Packet | PacketsDropped | StreamEnded


class ReaderThread:
    """One connection to a camera, from opening to end."""

    def __init__(self, open_reader: Callable[[], Reader]) -> None:
        self._open_reader = open_reader
        self._queue: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued_bytes = 0
        self._reader: Reader | None = None
        self._is_closed = False
        self._skipped_count = 0
        self.tracks: tuple[Track, ...] = ()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def dropped_count(self) -> int:
        """The number of packets that the camera sent and that are not recorded."""
        return self._skipped_count + (self._reader.dropped_count if self._reader else 0)

    def next_event(self, timeout_s: float) -> ReaderEvent | None:
        """Returns the next event, or None when there is none within the timeout."""
        try:
            event = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(event, Packet):
            with self._lock:
                self._queued_bytes -= len(event.data)
        return event

    def close(self) -> None:
        """Closes the connection."""
        self._is_closed = True
        if self._reader is not None:
            self._reader.close()

    def _run(self) -> None:
        try:
            self._reader = reader = self._open_reader()
            if self._is_closed:
                reader.close()
            self._queue.put(StreamOpened(reader.tracks))
            is_skipping = False
            for packet in _limit_rate(reader.packets()):
                # The first picture may set the size of the video track.
                self.tracks = reader.tracks
                was_skipping = is_skipping
                with self._lock:
                    is_full = self._queued_bytes + len(packet.data) > MAX_QUEUED_BYTES
                    is_skipping = is_full or (
                        is_skipping and not (packet.is_keyframe and packet.track == VIDEO)
                    )
                    if not is_skipping:
                        self._queued_bytes += len(packet.data)
                if is_skipping:
                    self._skipped_count += 1
                    continue
                if was_skipping:
                    self._queue.put(PacketsDropped(packet.arrived_at))
                self._queue.put(packet)
        except MoodreelError as error:
            self._queue.put(StreamEnded(error))
        except Exception as error:
            # A stream that makes the reader fail counts as ended.
            self._queue.put(
                StreamEnded(
                    CameraDisconnected(f"The stream cannot be read: {type(error).__name__}.")
                )
            )
        finally:
            if self._reader is not None:
                self._reader.close()


def _limit_rate(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Yields the packets. Raises StreamRefused for more than MAX_PACKETS_PER_WINDOW."""
    window_start, count = time.monotonic(), 0
    for packet in packets:
        count += 1
        if time.monotonic() - window_start > RATE_WINDOW_S:
            window_start, count = time.monotonic(), 1
        if count > MAX_PACKETS_PER_WINDOW:
            raise StreamRefused("The camera sends more packets than pictures and sound need.")
        yield packet
