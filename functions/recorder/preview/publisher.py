"""A preview: some of a camera's pictures, small, an object a second, for any number of viewers."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from contextlib import suppress

from functions.recorder.packets import Packet, Track
from functions.recorder.preview.decoder import Darkroom
from shared.cameras.preview_format import CONTENT_TYPE, FRAMES_MOST_BYTES, pack_frames
from shared.cameras.recording import preview_name
from shared.errors import ArtefactConflict, StorageUnavailable
from shared.pipeline import Bucket
from shared.runtime.interpreter import Neighbours

FRAMES_A_SECOND = 5
PLAIN_MOST_PX = 640
PLAIN_MOST_BYTES = 120 << 10
"""A JPEG up to this width and size is shown as it came."""
KEPT_S = 12
"""How long a second can be looked at."""
WAITING_MOST = 90
"""Packets that wait to be looked at: three seconds, then the preview skips."""


class Viewfinder:
    """Takes a camera's pictures and shows some of them, while `wanted`. Nothing of it may keep a
    recording waiting: it has a thread of its own, and drops what that cannot do."""

    def __init__(self, world: Neighbours, camera: str) -> None:
        self.wanted = False
        self._world = world
        self._camera = camera
        self._queue: queue.Queue[tuple[Packet, Track] | None] = queue.Queue(WAITING_MOST)
        self._thread: threading.Thread | None = None
        self._darkroom: Darkroom | None = None
        self._frames: list[tuple[int, bytes]] = []
        self._second = 0
        self._last_at = 0.0
        self._written: deque[int] = deque()

    def show(self, packet: Packet, track: Track) -> None:
        """One more picture."""
        if not self.wanted:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait((packet, track))
        except queue.Full:
            return

    def close(self) -> None:
        """No more pictures; those of the last seconds go."""
        if self._thread is not None:
            self.wanted = False
            with suppress(queue.Full):
                # Who cannot take it in this time stands still, and nobody waits for him.
                self._queue.put(None, timeout=5)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._look(*item)
        if self._darkroom is not None:
            self._darkroom.close()
        # The next shift shows its own seconds by now; these are nobody's any more.
        self._tidy(time.time() + 1)

    def _look(self, packet: Packet, track: Track) -> None:
        due = packet.arrived - self._last_at >= 1 / FRAMES_A_SECOND - 0.01
        plain = track.codec == "mjpeg"
        if plain and not due:
            return
        if plain and track.width <= PLAIN_MOST_PX and len(packet.data) <= PLAIN_MOST_BYTES:
            self._last_at = packet.arrived
            self._add(round(packet.arrived * 1000), packet.data)
            return
        if self._darkroom is None or not self._darkroom.fits(track):
            if self._darkroom is not None:
                self._darkroom.close()
            self._darkroom = Darkroom(track, FRAMES_A_SECOND, self._add, self._world.log)
        if plain:
            self._last_at = packet.arrived
        self._darkroom.develop(packet)

    def _add(self, at_ms: int, jpeg: bytes) -> None:
        second = at_ms // 1000
        if self._frames and second != self._second:
            self._write()
        self._second = second
        if sum(len(one) for _, one in self._frames) + len(jpeg) <= FRAMES_MOST_BYTES:
            self._frames.append((at_ms, jpeg))

    def _write(self) -> None:
        frames, self._frames = self._frames, []
        name = preview_name(self._camera, self._second)
        try:
            # Two shifts that hand over may show the same second: one of them is enough.
            with self._world.objects.create(
                Bucket.WORK, name, content_type=CONTENT_TYPE, spec="preview"
            ) as writer:
                writer.write(pack_frames(frames))
        except (StorageUnavailable, ArtefactConflict) as fault:
            # A second is lost to viewers, and the next one is shown, whoever called this.
            self._world.log("preview.skipped", severity="WARNING", why=str(fault))
            return
        self._written.append(self._second)
        self._tidy(self._second - KEPT_S)

    def _tidy(self, before: float) -> None:
        while self._written and self._written[0] < before:
            name = preview_name(self._camera, self._written.popleft())
            try:
                self._world.objects.remove(Bucket.WORK, name)
            except StorageUnavailable:
                return
