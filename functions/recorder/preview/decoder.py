"""Pictures for a preview out of packets that have to be decoded, in a process of its own."""

from __future__ import annotations

import io
import queue
import struct
import threading
from collections.abc import Callable
from typing import cast

import av
import av.subtitles.codeccontext
import av.subtitles.stream
import numpy as np
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from functions.recorder.packets import Packet, Track
from shared.errors import MoodreelError
from shared.media.errors import WorkStopped
from shared.media.sandbox.child import Limits, SandboxIO
from shared.media.sandbox.run import Source, run_in_sandbox
from shared.ports.system import Log

# A confined process opens no file any more, not even to import what writes a picture.
Image.preinit()
MAX_WIDTH_PX = 640
JPEG_QUALITY = 75
MAX_FULL_RATE_PIXELS_PER_S = 28_000_000
"""720p at 30 fps, a fifth of what one vCPU decodes: above, only key pictures are decoded."""
MAX_CPU_S = 400
MAX_MEMORY_MB = 400
_HEAD = struct.Struct(">Q?")
_FRAME = struct.Struct(">QI")
_ENDLESS = 1 << 60


class PreviewDecoder:
    """Decodes one track and hands small JPEGs to `shown(milliseconds, jpeg)`. When its process is
    brought down by what the camera sends, there is no preview, and recordings go on."""

    def __init__(
        self, track: Track, max_fps: int, on_frame: Callable[[int, bytes], object], log: Log
    ) -> None:
        self._log = log
        self._track = track
        self._shown = on_frame
        self._rate = max_fps
        self._queue: queue.Queue[bytes | None] = queue.Queue(90)
        self._rest = bytearray()
        self._over = threading.Event()
        self._wants_key = True
        threading.Thread(target=self._run, daemon=True).start()

    def can_decode(self, track: Track) -> bool:
        """Whether it can go on with this track."""
        same = (track.codec, track.width, track.height)
        return same == (self._track.codec, self._track.width, self._track.height)

    def decode(self, packet: Packet) -> None:
        """One more packet; when it cannot keep up, it begins anew at a key picture."""
        if self._over.is_set() or (
            not packet.is_keyframe and (self._wants_key or not self._is_fluent())
        ):
            return
        try:
            at_ms = round(packet.arrived_at * 1000)
            self._queue.put_nowait(_HEAD.pack(at_ms, packet.is_keyframe) + packet.data)
            self._wants_key = False
        except queue.Full:
            self._wants_key = True

    def close(self) -> None:
        """End the process."""
        self._over.set()

    def _is_fluent(self) -> bool:
        pixels = self._track.width * self._track.height
        return pixels * 30 <= MAX_FULL_RATE_PIXELS_PER_S * 1.01

    def _run(self) -> None:
        try:
            run_in_sandbox(
                decode_in_sandbox,
                self._track.codec,
                self._rate,
                source=Source(self._next, _ENDLESS),
                sink=self,
                limits=Limits(MAX_CPU_S, MAX_MEMORY_MB),
                should_stop=self._over.is_set,
                label="preview",
            )
        except WorkStopped:
            return
        except (MoodreelError, RuntimeError) as why:
            self._log("preview.failed", severity="WARNING", reason=str(why))
        finally:
            self._over.set()

    def _next(self, _offset: int, _length: int) -> bytes:
        while not self._over.is_set():
            try:
                return self._queue.get(timeout=0.2) or b""
            except queue.Empty:
                continue
        raise WorkStopped

    def write(self, data: bytes, /) -> int:
        """What the process shows."""
        self._rest += data
        while len(self._rest) >= _FRAME.size:
            at_ms, size = _FRAME.unpack_from(self._rest)
            if len(self._rest) < _FRAME.size + size:
                break
            self._shown(at_ms, bytes(self._rest[_FRAME.size : _FRAME.size + size]))
            del self._rest[: _FRAME.size + size]
        return len(data)


def decode_in_sandbox(sandbox_io: SandboxIO, codec: str, max_fps: int) -> bytes:
    """Decode packet after packet, as long as there are any; show up to `rate` of them a second."""
    decoder = cast("VideoCodecContext", av.CodecContext.create(codec, "r"))
    decoder.thread_count = 1
    last_ms = 0
    while message := sandbox_io.read(0, 1 << 20):
        at_ms, _key = _HEAD.unpack_from(message)
        packet = av.Packet(message[_HEAD.size :])
        packet.pts = at_ms
        try:
            frames = decoder.decode(packet)
        except av.error.FFmpegError:
            # A damaged picture: the next key picture is whole.
            continue
        for frame in frames:
            shown_ms = frame.pts or at_ms
            if shown_ms - last_ms < 1000 // max_fps - 10:
                continue
            last_ms = shown_ms
            jpeg = _jpeg(frame)
            sandbox_io.write(_FRAME.pack(shown_ms, len(jpeg)) + jpeg)
    return b""


def _jpeg(frame: av.VideoFrame) -> bytes:
    width = min(MAX_WIDTH_PX, frame.width)
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    small = frame.reformat(width=width // 2 * 2, height=height, format="rgb24").to_ndarray()
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(small)).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
