"""Fake cameras. A stream is encoded once, and all clients receive the same packets.

`HttpCamera` sends MJPEG over HTTP, `RtspCamera` H.264 over RTSP with interleaved RTP. A test can
set faults while they play. They listen on 127.0.0.1 only.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext

from tests.fixtures.media.clips import ClipSpec

RTP_CLOCK_HZ = 90_000
AUDIO_PACKET_S = Fraction(1, 50)
"""A packet of G.711 holds 20 ms."""


@dataclass(frozen=True)
class EncodedFrame:
    """An encoded frame: sent `time_s` seconds into the stream, `pts` in ticks of RTP_CLOCK_HZ."""

    time_s: float
    pts: int
    is_keyframe: bool
    data: bytes


def encode_mjpeg(duration_s: float, fps: int = 15, **clip_fields: Any) -> list[EncodedFrame]:
    """JPEG frames with counters."""
    clip = ClipSpec(
        suffix="avi", codec="mjpeg", pix_fmt="yuvj420p", frame_count=round(duration_s * fps),
        time_base=Fraction(1, fps), **clip_fields,
    ).encode()  # fmt: skip
    return read_encoded_frames(clip.path)


def encode_h264(
    duration_s: float, fps: int = 15, gop_s: float = 1, b_frames: int = 0, **clip_fields: Any
) -> list[EncodedFrame]:
    """H.264 frames with counters."""
    options = (
        ("g", str(round(gop_s * fps))), ("bf", str(b_frames)), ("preset", "veryfast"),
        ("sc_threshold", "0"),
    )  # fmt: skip
    clip = ClipSpec(
        options=options,
        frame_count=round(duration_s * fps),
        time_base=Fraction(1, fps),
        **clip_fields,
    ).encode()
    return read_encoded_frames(clip.path)


def read_encoded_frames(path: Path) -> list[EncodedFrame]:
    """The packets of a file's first video stream, H.264 with start codes."""
    frames: list[EncodedFrame] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        filtered = (
            BitStreamFilterContext("h264_mp4toannexb", stream)
            if stream.codec_context.name == "h264" and path.suffix == ".mp4"
            else None
        )
        first: Fraction | None = None
        packet: Any
        output: Any
        for packet in container.demux(stream):
            if packet.dts is None:
                continue
            for output in filtered.filter(packet) if filtered else [packet]:
                base = output.time_base
                sent_at = output.dts * base
                first = sent_at if first is None else first
                pts = round((output.pts * base - first) * RTP_CLOCK_HZ)
                frames.append(
                    EncodedFrame(float(sent_at - first), pts, output.is_keyframe, bytes(output))
                )
    return frames


class FakeCamera:
    """The base of both cameras. The stream begins when the camera is created. With `loops` it
    repeats; otherwise the camera ends it after the last frame."""

    scheme: str

    def __init__(self, frames: list[EncodedFrame], *, loops: bool = False) -> None:
        self._frames = frames
        self._loops = loops
        self._duration_s = frames[-1].time_s + (frames[1].time_s - frames[0].time_s)
        self.started_at = time.monotonic()
        self.client_count = 0
        self.requests: list[str] = []
        self.stalled = False
        self.silent = False
        """Accepts connections and sends nothing."""
        self.redirect = ""
        self.password = ""
        """The password of the user `guest`; "" for a camera without one."""
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with outer._lock:
                    outer._connections.add(self.request)
                    outer.client_count += 1
                try:
                    with suppress(OSError, ValueError, IndexError):
                        outer.serve(self.request)
                finally:
                    with outer._lock:
                        outer._connections.discard(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignore clients that disconnect."""

        def make_server(port: int) -> socketserver.ThreadingTCPServer:
            return Server(("127.0.0.1", port), Handler)

        self._make_server = make_server
        self._server: socketserver.ThreadingTCPServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """The URL, without a password."""
        return f"{self.scheme}://127.0.0.1:{self.port}/live"

    @property
    def connection_count(self) -> int:
        """The number of open connections."""
        with self._lock:
            return len(self._connections)

    def start(self) -> None:
        """Listen, on the earlier port after a stop."""
        self._server = self._make_server(self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.drop_connections()

    def drop_connections(self) -> None:
        """Cut every connection."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def position_s(self) -> float:
        """Seconds since the stream began."""
        return time.monotonic() - self.started_at

    def play(self) -> Iterator[EncodedFrame]:
        """Frames from now on, each yielded when it is due."""
        start_s, number = self.position_s, 0
        cycle = int(start_s // self._duration_s) if self._loops else 0
        while True:
            if number == len(self._frames):
                if not self._loops:
                    return
                cycle, number = cycle + 1, 0
            frame = self._frames[number]
            number += 1
            due = frame.time_s + cycle * self._duration_s
            if due < start_s:
                continue
            while (wait := due - self.position_s) > 0 or self.stalled:
                time.sleep(min(0.05, max(0.002, wait)))
            yield EncodedFrame(
                due,
                frame.pts + round(cycle * self._duration_s * RTP_CLOCK_HZ),
                frame.is_keyframe,
                frame.data,
            )

    def serve(self, connection: socket.socket) -> None:
        """Serve one client until it disconnects."""
        raise NotImplementedError

    def wait_for_close(self, connection: socket.socket) -> None:
        """Send nothing until the client closes the connection."""
        connection.settimeout(60)
        while connection.recv(4096):
            pass


class HttpCamera(FakeCamera):
    """multipart/x-mixed-replace. With `has_part_length` each part states its length. With
    `is_chunked` the response is chunked, as many servers in front of cameras send it."""

    scheme = "http"

    def __init__(
        self,
        frames: list[EncodedFrame],
        *,
        loops: bool = False,
        has_part_length: bool = True,
        is_chunked: bool = False,
    ) -> None:
        self.has_part_length, self.is_chunked = has_part_length, is_chunked
        super().__init__(frames, loops=loops)

    def serve(self, connection: socket.socket) -> None:
        if self.silent:
            self.wait_for_close(connection)
            return
        request = _read_head(connection)
        self.requests.append(request)
        if self.redirect:
            _respond(connection, f"HTTP/1.1 302 Found\r\nLocation: {self.redirect}")
            return
        basic = base64.b64encode(f"guest:{self.password}".encode()).decode()
        if self.password and f"Authorization: Basic {basic}" not in request:
            _respond(connection, 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="door"')
            return
        encoding = "\r\nTransfer-Encoding: chunked" if self.is_chunked else ""
        _respond(
            connection,
            f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame{encoding}",
        )
        for frame in self.play():
            size = f"Content-Length: {len(frame.data)}\r\n" if self.has_part_length else ""
            head = f"--frame\r\nContent-Type: image/jpeg\r\n{size}\r\n".encode()
            self._send(connection, head + frame.data + b"\r\n")

    def _send(self, connection: socket.socket, data: bytes) -> None:
        if self.is_chunked:
            data = f"{len(data):x}\r\n".encode() + data + b"\r\n"
        connection.sendall(data)


class RtspCamera(FakeCamera):
    """H.264 in RTP within the RTSP connection, with Digest authentication if it has a password.
    With `has_audio` it also sends a track of G.711."""

    scheme = "rtsp"
    MAX_PAYLOAD_BYTES = 1400

    def __init__(
        self, frames: list[EncodedFrame], *, loops: bool = False, has_audio: bool = False
    ) -> None:
        self.has_audio = has_audio
        self.sends_redirect = False
        """Sends a REDIRECT request after five frames."""
        super().__init__(frames, loops=loops)

    @cached_property
    def _parameter_sets(self) -> str:
        units = [unit for unit in _split_units(self._frames[0].data) if unit[0] & 31 in (7, 8)]
        return ",".join(base64.b64encode(unit).decode() for unit in units)

    def serve(self, connection: socket.socket) -> None:
        if self.silent:
            self.wait_for_close(connection)
            return
        tracks: list[int] = []
        while True:
            request = _read_head(connection)
            self.requests.append(request)
            method, uri = request.split()[:2]
            number = next(
                line.partition(":")[2].strip() for line in request.split("\r\n") if "CSeq" in line
            )
            head = f"\r\nCSeq: {number}"
            if self.redirect:
                _respond(connection, f"RTSP/1.0 302 Moved{head}\r\nLocation: {self.redirect}")
                continue
            if self.password and not self._is_authorized(request, method, uri):
                headers = (
                    f'{head}\r\nWWW-Authenticate: Digest realm="door", nonce="abc", qop="auth"'
                )
                _respond(connection, f"RTSP/1.0 401 Unauthorized{headers}")
                continue
            if method == "DESCRIBE":
                body = self._sdp().encode()
                headers = f"{head}\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}"
                _respond(connection, f"RTSP/1.0 200 OK{headers}", body)
            elif method == "SETUP":
                tracks.append(len(tracks))
                lines = request.split("\r\n")
                transport = next(line for line in lines if line.startswith("Transport"))
                _respond(
                    connection, f"RTSP/1.0 200 OK{head}\r\nSession: 7;timeout=60\r\n{transport}"
                )
            elif method == "PLAY":
                _respond(connection, f"RTSP/1.0 200 OK{head}\r\nSession: 7")
                threading.Thread(target=self._listen, args=(connection,), daemon=True).start()
                self._play(connection, len(tracks) > 1)
                return
            else:
                _respond(connection, f"RTSP/1.0 200 OK{head}\r\nPublic: DESCRIBE, SETUP, PLAY")

    def _is_authorized(self, request: str, method: str, uri: str) -> bool:
        # RFC 7616 §3.4.1 with MD5 and qop=auth.
        header = next((line for line in request.split("\r\n") if "Digest" in line), "")
        fields = {
            key.strip(): value.strip('"')
            for key, _, value in (field.partition("=") for field in header[22:].split(","))
        }
        secret = _md5(f"guest:door:{self.password}")
        nonces = f"abc:{fields.get('nc')}:{fields.get('cnonce')}:auth"
        return fields.get("response") == _md5(f"{secret}:{nonces}:{_md5(f'{method}:{uri}')}")

    def _listen(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(4096):
                self.requests.append(data.decode("latin-1"))

    def _sdp(self) -> str:
        lines = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=door", "t=0 0", "a=control:*",
            "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={self._parameter_sets}",
            "a=control:track0",
        ]  # fmt: skip
        if self.has_audio:
            lines += ["m=audio 0 RTP/AVP 8", "a=control:track1"]
        return "\r\n".join([*lines, ""])

    def _play(self, connection: socket.socket, has_audio: bool) -> None:
        # Sequence numbers and timestamps differ between clients; only the pictures are equal.
        start = int.from_bytes(hashlib.md5(str(self.client_count).encode()).digest()[:4])  # noqa: S324
        sequence = start & 0xFFFF
        audio_time_s = self.position_s
        for count, frame in enumerate(self.play()):
            while has_audio and audio_time_s <= frame.time_s:
                stamp = (start + round(audio_time_s * 8000)) & 0xFFFFFFFF
                number = round(audio_time_s * 50) & 0xFFFF
                head = struct.pack(">BBHII", 128, 8, number, stamp, 2)
                _interleave(connection, 2, head + b"\xd5" * round(AUDIO_PACKET_S * 8000))
                audio_time_s += float(AUDIO_PACKET_S)
            if self.sends_redirect and count == 5:
                connection.sendall(b"REDIRECT rtsp://10.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            stamp = (start + frame.pts) & 0xFFFFFFFF
            payloads = list(_payloads(frame.data, self.MAX_PAYLOAD_BYTES))
            for n, payload in enumerate(payloads):
                marker = 128 if n + 1 == len(payloads) else 0
                head = struct.pack(">BBHII", 128, marker | 96, sequence, stamp, 1)
                sequence = (sequence + 1) & 0xFFFF
                _interleave(connection, 0, head + payload)


@contextmanager
def running_camera(camera: FakeCamera) -> Iterator[FakeCamera]:
    """The camera, stopped after the block."""
    try:
        yield camera
    finally:
        camera.stop()


def _read_head(connection: socket.socket) -> str:
    connection.settimeout(60)
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(4096)
        if not received:
            raise ConnectionError
        data += received
    return data.decode("latin-1")


def _respond(connection: socket.socket, head: str, body: bytes = b"") -> None:
    connection.sendall(f"{head}\r\n\r\n".encode() + body)


def _interleave(connection: socket.socket, channel: int, data: bytes) -> None:
    connection.sendall(struct.pack(">BBH", 0x24, channel, len(data)) + data)


def _split_units(data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.strip(b"\0")]


def _payloads(data: bytes, mtu: int) -> Iterator[bytes]:
    """RTP payloads (RFC 6184): single units, and larger ones in fragments (FU-A)."""
    for unit in _split_units(data):
        if len(unit) <= mtu:
            yield unit
            continue
        kind, flags = unit[0] & 31, unit[0] & 0xE0
        rest = unit[1:]
        for offset in range(0, len(rest), mtu):
            is_first, is_last = offset == 0, offset + mtu >= len(rest)
            header = bytes([flags | 28, is_first << 7 | is_last << 6 | kind])
            yield header + rest[offset : offset + mtu]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324
