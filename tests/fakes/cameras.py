"""Cameras for tests: a film is encoded once, and every client gets the same packets together.

`HttpCamera` speaks MJPEG over HTTP, `RtspCamera` H.264 over RTSP with interleaved RTP; both let a
test order faults while they play. They listen on this machine alone.
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
    """An encoded picture: `at` is when it is sent, in seconds of the film, `pts` in ticks."""

    time_s: float
    pts: int
    is_keyframe: bool
    data: bytes


def encode_mjpeg(duration_s: float, fps: int = 15, **clip_fields: Any) -> list[EncodedFrame]:
    """A film of JPEG pictures with counters."""
    made = ClipSpec(
        suffix="avi", codec="mjpeg", pix_fmt="yuvj420p", frame_count=round(duration_s * fps),
        time_base=Fraction(1, fps), **clip_fields,
    ).encode()  # fmt: skip
    return read_encoded_frames(made.path)


def encode_h264(
    duration_s: float, fps: int = 15, gop_s: float = 1, b_frames: int = 0, **clip_fields: Any
) -> list[EncodedFrame]:
    """A film of H.264 pictures with counters."""
    options = (
        ("g", str(round(gop_s * fps))), ("bf", str(b_frames)), ("preset", "veryfast"),
        ("sc_threshold", "0"),
    )  # fmt: skip
    made = ClipSpec(
        options=options,
        frame_count=round(duration_s * fps),
        time_base=Fraction(1, fps),
        **clip_fields,
    ).encode()
    return read_encoded_frames(made.path)


def read_encoded_frames(path: Path) -> list[EncodedFrame]:
    """The packets of a file's first video, H.264 with start codes."""
    shots: list[EncodedFrame] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        filtered = (
            BitStreamFilterContext("h264_mp4toannexb", stream)
            if stream.codec_context.name == "h264" and path.suffix == ".mp4"
            else None
        )
        first: Fraction | None = None
        packet: Any
        one: Any
        for packet in container.demux(stream):
            if packet.dts is None:
                continue
            for one in filtered.filter(packet) if filtered else [packet]:
                base = one.time_base
                at = one.dts * base
                first = at if first is None else first
                pts = round((one.pts * base - first) * RTP_CLOCK_HZ)
                shots.append(EncodedFrame(float(at - first), pts, one.is_keyframe, bytes(one)))
    return shots


class FakeCamera:
    """What both kinds have in common. The film begins when the camera is switched on; with `loops`
    it begins again at its end, else the camera ends its stream there."""

    scheme: str

    def __init__(self, frames: list[EncodedFrame], *, loops: bool = False) -> None:
        self._film = frames
        self._loops = loops
        self._length = frames[-1].time_s + (frames[1].time_s - frames[0].time_s)
        self.started_at = time.monotonic()
        self.client_count = 0
        self.requests: list[str] = []
        self.stalled = False
        self.silent = False
        """Takes connections and never says a word."""
        self.redirect = ""
        self.password = ""
        """Of the user `guest`; "" asks for none."""
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
                """A client that goes away is no error of ours."""

        def make(port: int) -> socketserver.ThreadingTCPServer:
            return Server(("127.0.0.1", port), Handler)

        self._make = make
        self._server: socketserver.ThreadingTCPServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return f"{self.scheme}://127.0.0.1:{self.port}/live"

    @property
    def connection_count(self) -> int:
        """How many are served now."""
        with self._lock:
            return len(self._connections)

    def start(self) -> None:
        """Listen, at the same port as before."""
        self._server = self._make(self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more, and everybody is cut off."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.drop_connections()

    def drop_connections(self) -> None:
        """Cut every connection."""
        with self._lock:
            for one in self._connections:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    @property
    def position_s(self) -> float:
        """Seconds since the film began."""
        return time.monotonic() - self.started_at

    def play(self) -> Iterator[EncodedFrame]:
        """Pictures from now on, each when it is due."""
        began_at, number = self.position_s, 0
        lap = int(began_at // self._length) if self._loops else 0
        while True:
            if number == len(self._film):
                if not self._loops:
                    return
                lap, number = lap + 1, 0
            shot = self._film[number]
            number += 1
            due = shot.time_s + lap * self._length
            if due < began_at:
                continue
            while (wait := due - self.position_s) > 0 or self.stalled:
                time.sleep(min(0.05, max(0.002, wait)))
            yield EncodedFrame(
                due,
                shot.pts + round(lap * self._length * RTP_CLOCK_HZ),
                shot.is_keyframe,
                shot.data,
            )

    def serve(self, connection: socket.socket) -> None:
        """Speak with one client until it has gone."""
        raise NotImplementedError

    def wait_for_close(self, connection: socket.socket) -> None:
        """Say nothing until the other side has enough."""
        connection.settimeout(60)
        while connection.recv(4096):
            pass


class HttpCamera(FakeCamera):
    """multipart/x-mixed-replace. `sized` gives each part its length; `chunked` is how many servers
    in front of cameras send it on."""

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
        request = _head_of(connection)
        self.requests.append(request)
        if self.redirect:
            _answer(connection, f"HTTP/1.1 302 Found\r\nLocation: {self.redirect}")
            return
        basic = base64.b64encode(f"guest:{self.password}".encode()).decode()
        if self.password and f"Authorization: Basic {basic}" not in request:
            _answer(connection, 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="door"')
            return
        form = "\r\nTransfer-Encoding: chunked" if self.is_chunked else ""
        _answer(
            connection,
            f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame{form}",
        )
        for shot in self.play():
            size = f"Content-Length: {len(shot.data)}\r\n" if self.has_part_length else ""
            head = f"--frame\r\nContent-Type: image/jpeg\r\n{size}\r\n".encode()
            self._send(connection, head + shot.data + b"\r\n")

    def _send(self, connection: socket.socket, data: bytes) -> None:
        if self.is_chunked:
            data = f"{len(data):x}\r\n".encode() + data + b"\r\n"
        connection.sendall(data)


class RtspCamera(FakeCamera):
    """H.264 in RTP within the RTSP connection, with Digest when it has a password; with `sound` a
    hum of G.711 beside it."""

    scheme = "rtsp"
    MAX_PAYLOAD_BYTES = 1400

    def __init__(
        self, frames: list[EncodedFrame], *, loops: bool = False, has_audio: bool = False
    ) -> None:
        self.has_audio = has_audio
        self.sends_redirect = False
        """Sends a REDIRECT request in the middle of the stream."""
        super().__init__(frames, loops=loops)

    @cached_property
    def _sets(self) -> str:
        units = [one for one in _units(self._film[0].data) if one[0] & 31 in (7, 8)]
        return ",".join(base64.b64encode(one).decode() for one in units)

    def serve(self, connection: socket.socket) -> None:
        if self.silent:
            self.wait_for_close(connection)
            return
        tracks: list[int] = []
        while True:
            request = _head_of(connection)
            self.requests.append(request)
            method, uri = request.split()[:2]
            number = next(
                one.partition(":")[2].strip() for one in request.split("\r\n") if "CSeq" in one
            )
            head = f"\r\nCSeq: {number}"
            if self.redirect:
                _answer(connection, f"RTSP/1.0 302 Moved{head}\r\nLocation: {self.redirect}")
                continue
            if self.password and not self._admits(request, method, uri):
                asked = f'{head}\r\nWWW-Authenticate: Digest realm="door", nonce="abc", qop="auth"'
                _answer(connection, f"RTSP/1.0 401 Unauthorized{asked}")
                continue
            if method == "DESCRIBE":
                body = self._sdp().encode()
                told = f"{head}\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}"
                _answer(connection, f"RTSP/1.0 200 OK{told}", body)
            elif method == "SETUP":
                tracks.append(len(tracks))
                asked = next(one for one in request.split("\r\n") if one.startswith("Transport"))
                _answer(connection, f"RTSP/1.0 200 OK{head}\r\nSession: 7;timeout=60\r\n{asked}")
            elif method == "PLAY":
                _answer(connection, f"RTSP/1.0 200 OK{head}\r\nSession: 7")
                threading.Thread(target=self._listen, args=(connection,), daemon=True).start()
                self._play(connection, len(tracks) > 1)
                return
            else:
                _answer(connection, f"RTSP/1.0 200 OK{head}\r\nPublic: DESCRIBE, SETUP, PLAY")

    def _admits(self, request: str, method: str, uri: str) -> bool:
        line = next((one for one in request.split("\r\n") if "Digest" in one), "")
        told = {
            key.strip(): value.strip('"')
            for key, _, value in (one.partition("=") for one in line[22:].split(","))
        }
        first = _md5(f"guest:door:{self.password}")
        middle = f"abc:{told.get('nc')}:{told.get('cnonce')}:auth"
        return told.get("response") == _md5(f"{first}:{middle}:{_md5(f'{method}:{uri}')}")

    def _listen(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(4096):
                self.requests.append(data.decode("latin-1"))

    def _sdp(self) -> str:
        lines = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=door", "t=0 0", "a=control:*",
            "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={self._sets}",
            "a=control:track0",
        ]  # fmt: skip
        if self.has_audio:
            lines += ["m=audio 0 RTP/AVP 8", "a=control:track1"]
        return "\r\n".join([*lines, ""])

    def _play(self, connection: socket.socket, sound: bool) -> None:
        # Each client has numbers and times of its own: only the pictures are the same.
        start = int.from_bytes(hashlib.md5(str(self.client_count).encode()).digest()[:4])  # noqa: S324
        sequence = start & 0xFFFF
        heard = self.position_s
        for count, shot in enumerate(self.play()):
            while sound and heard <= shot.time_s:
                stamp = (start + round(heard * 8000)) & 0xFFFFFFFF
                data = struct.pack(">BBHII", 128, 8, round(heard * 50) & 0xFFFF, stamp, 2)
                _interleave(connection, 2, data + b"\xd5" * round(AUDIO_PACKET_S * 8000))
                heard += float(AUDIO_PACKET_S)
            if self.sends_redirect and count == 5:
                connection.sendall(b"REDIRECT rtsp://10.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            stamp = (start + shot.pts) & 0xFFFFFFFF
            payloads = list(_payloads(shot.data, self.MAX_PAYLOAD_BYTES))
            for n, payload in enumerate(payloads):
                last = 128 if n + 1 == len(payloads) else 0
                head = struct.pack(">BBHII", 128, last | 96, sequence, stamp, 1)
                sequence = (sequence + 1) & 0xFFFF
                _interleave(connection, 0, head + payload)


@contextmanager
def running_camera(camera: FakeCamera) -> Iterator[FakeCamera]:
    """Switch it off in the end."""
    try:
        yield camera
    finally:
        camera.stop()


def _head_of(connection: socket.socket) -> str:
    connection.settimeout(60)
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError
        data += piece
    return data.decode("latin-1")


def _answer(connection: socket.socket, head: str, body: bytes = b"") -> None:
    connection.sendall(f"{head}\r\n\r\n".encode() + body)


def _interleave(connection: socket.socket, channel: int, data: bytes) -> None:
    connection.sendall(struct.pack(">BBH", 0x24, channel, len(data)) + data)


def _units(data: bytes) -> list[bytes]:
    return [one.rstrip(b"\0") for one in data.split(b"\0\0\1") if one.strip(b"\0")]


def _payloads(data: bytes, mtu: int) -> Iterator[bytes]:
    """RFC 6184: units as they are, larger ones in fragments (FU-A)."""
    for unit in _units(data):
        if len(unit) <= mtu:
            yield unit
            continue
        kind, flags = unit[0] & 31, unit[0] & 0xE0
        rest = unit[1:]
        for at in range(0, len(rest), mtu):
            begins, ends = at == 0, at + mtu >= len(rest)
            yield bytes([flags | 28, begins << 7 | ends << 6 | kind]) + rest[at : at + mtu]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324
