"""A preview: some of a camera's pictures, small, an object a second, for any number of viewers."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from contextlib import suppress

from functions.recorder.packets import Packet, Track
from functions.recorder.preview.decoder import PreviewDecoder
from shared.cameras.preview_format import CONTENT_TYPE, MAX_OBJECT_BYTES, pack_frames
from shared.cameras.recording import preview_name
from shared.errors import ArtifactConflict, StorageUnavailable
from shared.pipeline import Bucket
from shared.runtime.interpreter import Services

PREVIEW_FPS = 5
MAX_PASSTHROUGH_WIDTH_PX = 640
MAX_PASSTHROUGH_BYTES = 120 << 10
"""A JPEG up to this width and size is shown as it came."""
RETENTION_S = 12
"""How long a second can be looked at."""
MAX_QUEUED_PACKETS = 90
"""Packets that wait to be looked at: three seconds, then the preview skips."""


class PreviewPublisher:
    """Takes a camera's pictures and shows some of them, while `wanted`. Nothing of it may keep a
    recording waiting: it has a thread of its own, and drops what that cannot do."""

    def __init__(self, services: Services, camera: str) -> None:
        self.is_requested = False
        self._world = services
        self._camera = camera
        self._queue: queue.Queue[tuple[Packet, Track] | None] = queue.Queue(MAX_QUEUED_PACKETS)
        self._thread: threading.Thread | None = None
        self._darkroom: PreviewDecoder | None = None
        self._frames: list[tuple[int, bytes]] = []
        self._second = 0
        self._last_at = 0.0
        self._written: deque[int] = deque()

    def add(self, packet: Packet, track: Track) -> None:
        """One more picture."""
        if not self.is_requested:
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
            self.is_requested = False
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
        due = packet.arrived_at - self._last_at >= 1 / PREVIEW_FPS - 0.01
        plain = track.codec == "mjpeg"
        if plain and not due:
            return
        if (
            plain
            and track.width <= MAX_PASSTHROUGH_WIDTH_PX
            and len(packet.data) <= MAX_PASSTHROUGH_BYTES
        ):
            self._last_at = packet.arrived_at
            self._add(round(packet.arrived_at * 1000), packet.data)
            return
        if self._darkroom is None or not self._darkroom.can_decode(track):
            if self._darkroom is not None:
                self._darkroom.close()
            self._darkroom = PreviewDecoder(track, PREVIEW_FPS, self._add, self._world.log)
        if plain:
            self._last_at = packet.arrived_at
        self._darkroom.decode(packet)

    def _add(self, at_ms: int, jpeg: bytes) -> None:
        second = at_ms // 1000
        if self._frames and second != self._second:
            self._write()
        self._second = second
        if sum(len(one) for _, one in self._frames) + len(jpeg) <= MAX_OBJECT_BYTES:
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
        except (StorageUnavailable, ArtifactConflict) as fault:
            # A second is lost to viewers, and the next one is shown, whoever called this.
            self._world.log("preview.skipped", severity="WARNING", reason=str(fault))
            return
        self._written.append(self._second)
        self._tidy(self._second - RETENTION_S)

    def _tidy(self, before: float) -> None:
        while self._written and self._written[0] < before:
            name = preview_name(self._camera, self._written.popleft())
            try:
                self._world.objects.delete(Bucket.WORK, name)
            except StorageUnavailable:
                return
