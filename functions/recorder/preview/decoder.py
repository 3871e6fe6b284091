"""Decodes a camera's packets into small JPEGs for previews, in a sandbox process."""

from __future__ import annotations

import queue
import struct
import threading
from collections.abc import Callable

from functions.recorder.packets import Packet, Track
from shared.errors import MoodreelError
from shared.media.errors import WorkStopped
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.ports.system import Log

MAX_FULL_RATE_PIXELS_PER_S = 28_000_000
"""720p at 30 fps, a fifth of what one vCPU decodes. Above it only keyframes are decoded."""
PREVIEW_LIMITS = Limits(cpu_s=400, memory_mb=400)
MAX_QUEUED_PACKETS = 90
PACKET_HEADER = struct.Struct(">Q?")
"""Arrival in ms since 1970, keyframe."""
FRAME_HEADER = struct.Struct(">QI")
"""Arrival in ms since 1970, size of the JPEG in bytes."""
_UNBOUNDED_BYTES = 1 << 60
_DECODE = declare_work("functions.recorder.preview.decode", "decode_in_sandbox")


class PreviewDecoder:
    """Decodes one track, and calls `on_frame(milliseconds since 1970, jpeg)` for each preview
    frame. When a stream crashes the process, the preview ends and recordings go on."""

    def __init__(
        self, track: Track, max_fps: int, on_frame: Callable[[int, bytes], object], log: Log
    ) -> None:
        self._log = log
        self._track = track
        self._on_frame = on_frame
        self._max_fps = max_fps
        self._queue: queue.Queue[bytes | None] = queue.Queue(MAX_QUEUED_PACKETS)
        self._output = bytearray()
        self._is_stopped = threading.Event()
        self._needs_keyframe = True
        threading.Thread(target=self._run, daemon=True).start()

    def can_decode(self, track: Track) -> bool:
        """Whether this decoder can continue with the track: same codec and size."""
        new_form = (track.codec, track.width, track.height)
        return new_form == (self._track.codec, self._track.width, self._track.height)

    def decode(self, packet: Packet) -> None:
        """Queues a packet. When the queue is full, packets are skipped up to a keyframe."""
        if self._is_stopped.is_set() or (
            not packet.is_keyframe and (self._needs_keyframe or not self._decodes_all())
        ):
            return
        try:
            at_ms = round(packet.arrived_at * 1000)
            self._queue.put_nowait(PACKET_HEADER.pack(at_ms, packet.is_keyframe) + packet.data)
            self._needs_keyframe = False
        except queue.Full:
            self._needs_keyframe = True

    def close(self) -> None:
        """Ends the process."""
        self._is_stopped.set()

    def _decodes_all(self) -> bool:
        """Whether the track is small enough to decode all its pictures, and not only keyframes."""
        pixels = self._track.width * self._track.height
        return pixels * 30 <= MAX_FULL_RATE_PIXELS_PER_S * 1.01

    def _run(self) -> None:
        try:
            run_in_sandbox(
                _DECODE,
                self._track.codec,
                self._max_fps,
                source=Source(self._next_packet, _UNBOUNDED_BYTES),
                sink=self,
                limits=PREVIEW_LIMITS,
                check=self._check,
                label="preview",
            )
        except WorkStopped:
            return
        except (MoodreelError, RuntimeError) as error:
            self._log("preview.failed", severity="WARNING", reason=str(error))
        finally:
            self._is_stopped.set()

    def _check(self) -> None:
        if self._is_stopped.is_set():
            raise WorkStopped

    def _next_packet(self, _offset: int, _length: int) -> bytes:
        while not self._is_stopped.is_set():
            try:
                return self._queue.get(timeout=0.2) or b""
            except queue.Empty:
                continue
        raise WorkStopped

    def write(self, data: bytes, /) -> int:
        """Receives output of the process, and calls `on_frame` for each complete frame."""
        self._output += data
        while len(self._output) >= FRAME_HEADER.size:
            at_ms, size = FRAME_HEADER.unpack_from(self._output)
            end = FRAME_HEADER.size + size
            if len(self._output) < end:
                break
            self._on_frame(at_ms, bytes(self._output[FRAME_HEADER.size : end]))
            del self._output[:end]
        return len(data)
