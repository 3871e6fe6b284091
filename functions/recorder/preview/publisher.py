"""Publishes previews: small pictures of a camera, one object per second, for all its viewers."""

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
from shared.runtime.services import Services

PREVIEW_FPS = 5
MAX_PASSTHROUGH_WIDTH_PX = 640
MAX_PASSTHROUGH_BYTES = 120 << 10
"""A JPEG up to this width and size is published unchanged."""
RETENTION_S = 12
"""How long an object is kept."""
MAX_QUEUED_PACKETS = 90
"""Three seconds of packets; beyond it the preview skips packets."""


class PreviewPublisher:
    """Publishes pictures of one camera while `is_requested` is true. It works in a thread of its
    own and drops packets that it cannot process in time, so that recordings never wait for it."""

    def __init__(self, services: Services, camera: str) -> None:
        self.is_requested = False
        self._services = services
        self._camera = camera
        self._queue: queue.Queue[tuple[Packet, Track] | None] = queue.Queue(MAX_QUEUED_PACKETS)
        self._thread: threading.Thread | None = None
        self._decoder: PreviewDecoder | None = None
        self._frames: list[tuple[int, bytes]] = []
        self._second = 0
        self._last_at = 0.0
        self._published_seconds: deque[int] = deque()

    def add(self, packet: Packet, track: Track) -> None:
        """Queues a picture."""
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
        """Stops, and deletes the published objects."""
        if self._thread is not None:
            self.is_requested = False
            with suppress(queue.Full):
                # A thread that takes no packet for this long hangs, and is not waited for.
                self._queue.put(None, timeout=5)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._process(*item)
        if self._decoder is not None:
            self._decoder.close()
        # The next task publishes its own seconds by now, so these objects are deleted.
        self._delete_before(time.time() + 1)

    def _process(self, packet: Packet, track: Track) -> None:
        is_due = packet.arrived_at - self._last_at >= 1 / PREVIEW_FPS - 0.01
        is_jpeg = track.codec == "mjpeg"
        if is_jpeg and not is_due:
            return
        if (
            is_jpeg
            and track.width <= MAX_PASSTHROUGH_WIDTH_PX
            and len(packet.data) <= MAX_PASSTHROUGH_BYTES
        ):
            self._last_at = packet.arrived_at
            self._add_frame(round(packet.arrived_at * 1000), packet.data)
            return
        if self._decoder is None or not self._decoder.can_decode(track):
            if self._decoder is not None:
                self._decoder.close()
            self._decoder = PreviewDecoder(track, PREVIEW_FPS, self._add_frame, self._services.log)
        if is_jpeg:
            self._last_at = packet.arrived_at
        self._decoder.decode(packet)

    def _add_frame(self, at_ms: int, jpeg: bytes) -> None:
        second = at_ms // 1000
        if self._frames and second != self._second:
            self._publish()
        self._second = second
        if sum(len(frame) for _, frame in self._frames) + len(jpeg) <= MAX_OBJECT_BYTES:
            self._frames.append((at_ms, jpeg))

    def _publish(self) -> None:
        frames, self._frames = self._frames, []
        name = preview_name(self._camera, self._second)
        try:
            # During a handover two tasks may publish the same second: the first one is kept.
            with self._services.objects.create(
                Bucket.WORK, name, content_type=CONTENT_TYPE, spec="preview"
            ) as writer:
                writer.write(pack_frames(frames))
        except (StorageUnavailable, ArtifactConflict) as error:
            # Viewers miss this second. The error must not end the calling thread, which goes on
            # with the next second.
            self._services.log("preview.skipped", severity="WARNING", reason=str(error))
            return
        self._published_seconds.append(self._second)
        self._delete_before(self._second - RETENTION_S)

    def _delete_before(self, second: float) -> None:
        while self._published_seconds and self._published_seconds[0] < second:
            name = preview_name(self._camera, self._published_seconds.popleft())
            try:
                self._services.objects.delete(Bucket.WORK, name)
            except StorageUnavailable:
                return
