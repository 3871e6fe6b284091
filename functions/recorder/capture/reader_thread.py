"""A camera's packets, read by a thread of their own: whoever records them may wait for a bucket,
and no packet waits for that."""

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
"""What may wait to be recorded; more is dropped, up to the next key picture."""
RATE_WINDOW_S = 10.0
MAX_PACKETS_PER_WINDOW = 5_000
"""Within a window: 500 a second, and 240 pictures with their sound are below 350. Bytes alone
are no limit, since a packet of six costs memory and a row of the index like any other."""


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The camera answers; these are its tracks."""

    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The connection is over."""

    error: MoodreelError


ReaderEvent = StreamOpened | Packet | StreamEnded


class ReaderThread:
    """One connection to a camera, from opening it to its end."""

    def __init__(self, open_reader: Callable[[], Reader]) -> None:
        self._opening = open_reader
        self._queue: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._reader: Reader | None = None
        self._closed = False
        self._missed = 0
        self.tracks: tuple[Track, ...] = ()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def dropped_count(self) -> int:
        """Packets that the camera sent and that are not recorded."""
        return self._missed + (self._reader.dropped_count if self._reader else 0)

    def next_event(self, timeout_s: float) -> ReaderEvent | None:
        """What came next, None when nothing came in time."""
        try:
            heard = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(heard, Packet):
            with self._lock:
                self._waiting_bytes -= len(heard.data)
        return heard

    def close(self) -> None:
        """End the connection."""
        self._closed = True
        if self._reader is not None:
            self._reader.close()

    def _run(self) -> None:
        try:
            self._reader = reader = self._opening()
            if self._closed:
                reader.close()
            self._queue.put(StreamOpened(reader.tracks))
            skipping = False
            for packet in _paced(reader.packets()):
                # Sizes of the pictures may stand in the first of them.
                self.tracks = reader.tracks
                with self._lock:
                    full = self._waiting_bytes + len(packet.data) > MAX_QUEUED_BYTES
                    skipping = full or (
                        skipping and not (packet.is_keyframe and packet.track == VIDEO)
                    )
                    if not skipping:
                        self._waiting_bytes += len(packet.data)
                if skipping:
                    self._missed += 1
                else:
                    self._queue.put(packet)
        except MoodreelError as why:
            self._queue.put(StreamEnded(why))
        except Exception as fault:
            # A camera that brings down our reader is one that ended its stream.
            self._queue.put(
                StreamEnded(
                    CameraDisconnected(f"The stream cannot be read: {type(fault).__name__}.")
                )
            )
        finally:
            if self._reader is not None:
                self._reader.close()


def _paced(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Raises StreamRefused for more packets than pictures and sound can be."""
    began, count = time.monotonic(), 0
    for packet in packets:
        count += 1
        if time.monotonic() - began > RATE_WINDOW_S:
            began, count = time.monotonic(), 1
        if count > MAX_PACKETS_PER_WINDOW:
            raise StreamRefused("The camera sends more packets than pictures can be.")
        yield packet
