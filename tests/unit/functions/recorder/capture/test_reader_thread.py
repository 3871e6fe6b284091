"""The thread that reads packets from a camera."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction

from functions.recorder.capture.reader_thread import (
    MAX_PACKETS_PER_WINDOW,
    ReaderEvent,
    ReaderThread,
    StreamEnded,
)
from functions.recorder.packets import VIDEO, Packet, Track


class EndlessReader:
    """A reader that yields the smallest possible packets without end."""

    tracks = (Track("h264", Fraction(1, 90_000)),)
    dropped_count = 0

    def packets(self) -> Iterator[Packet]:
        for n in itertools.count():
            yield Packet(VIDEO, n, True, time.time(), b"\0\0\0\1eX")

    def close(self) -> None: ...


def test_endless_tiny_packets_are_refused() -> None:
    reader_thread = ReaderThread(EndlessReader)
    events: list[ReaderEvent | None] = []
    while not isinstance(events[-1] if events else None, StreamEnded):
        events.append(reader_thread.next_event(5))
        assert events[-1] is not None
    assert isinstance(ended := events[-1], StreamEnded)
    assert ended.error.code == "stream-refused"
    assert len(events) <= MAX_PACKETS_PER_WINDOW + 2
