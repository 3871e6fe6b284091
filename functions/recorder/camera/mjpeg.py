"""MJPEG over HTTP (multipart/x-mixed-replace): each part is a picture and is kept as it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.parser import HeaderParser
from fractions import Fraction

from functions.recorder.camera.auth import read_challenge
from functions.recorder.camera.connection import CameraConnection
from functions.recorder.camera.jpeg_size import read_jpeg_size
from functions.recorder.errors import (
    CameraDisconnected,
    CameraRedirectRefused,
    CameraUnauthorized,
    NoSuchStream,
    NotACamera,
    StreamRefused,
)
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.source import Source

TIME_BASE = Fraction(1, 90_000)
MAX_HEADERS = 64
MAX_PREAMBLE_LINES = 16
MAX_FRAME_BYTES = 8 << 20
_BOUNDARY_MOST = 100

Connect = Callable[[], CameraConnection]


class MjpegReader:
    """A stream of pictures. Their times are those of their arrival: the protocol has no others."""

    dropped_count = 0

    def __init__(
        self, source: Source, connect: Connect, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._body, boundary = _opened(source, connect)
        self._mark = b"--" + boundary.encode()
        self._first: float | None = None
        try:
            _skip_to(self._body, self._mark)
            self._ahead = self._part()
            width, height = read_jpeg_size(self._ahead)
        except BaseException:
            self.close()
            raise
        self._body.mark_open()
        self._ahead_at = self._clock()
        self.tracks = (Track("mjpeg", TIME_BASE, width, height),)

    def packets(self) -> Iterator[Packet]:
        data, arrived = self._ahead, self._ahead_at
        last = -1
        while True:
            self._first = arrived if self._first is None else self._first
            # Two pictures of one moment still have an order.
            pts = last = max(last + 1, round((arrived - self._first) / TIME_BASE))
            yield Packet(VIDEO, pts, True, arrived, data)
            data = self._part()
            arrived = self._clock()
            if read_jpeg_size(data) != (self.tracks[0].width, self.tracks[0].height):
                raise CameraDisconnected("The camera's pictures have another size now.")

    def close(self) -> None:
        self._body.close()

    def _part(self) -> bytes:
        """The next part's content; the boundary behind it is taken."""
        headers = _headers(self._body)
        told = headers.get("content-length", "")
        if told.isdigit() and len(told) < 12:
            if int(told) > MAX_FRAME_BYTES:
                raise StreamRefused
            data = self._body.read_exactly(int(told))
            _skip_to(self._body, self._mark)
        else:
            data = self._body.read_until(b"\n" + self._mark, MAX_FRAME_BYTES).rstrip(b"\r")
            self._end_of_mark()
        return data

    def _end_of_mark(self) -> None:
        if self._body.read_line().startswith(b"--"):
            raise CameraDisconnected("The camera has ended its stream.")


class _Chunked(CameraConnection):
    """The body of an answer in chunks (RFC 9112 §7.1), read as if there were none."""

    def __init__(self, wire: CameraConnection) -> None:
        self._wire = wire
        self._buffer = bytearray()

    def mark_open(self) -> None:
        self._wire.mark_open()

    def _more(self) -> None:
        size = self._wire.read_line().partition(b";")[0].strip()
        try:
            length = int(size, 16) if len(size) < 9 else -1
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_FRAME_BYTES:
            raise StreamRefused
        if length == 0:
            raise CameraDisconnected("The camera has ended its stream.")
        self._buffer += self._wire.read_exactly(length)
        self._wire.read_line()

    def close(self) -> None:
        self._wire.close()


def _opened(source: Source, dial: Connect) -> tuple[CameraConnection, str]:
    """→ the body of the camera's answer, and its boundary."""
    authorization = ""
    for attempt in (1, 2):
        wire = dial()
        try:
            wire.send(_request(source, authorization))
            status, headers = _answer(wire)
            if status == 401 and attempt == 1 and source.user:
                challenge = read_challenge(headers.get("www-authenticate", "").split("\n"))
                authorization = challenge.build_authorization(
                    source.user, source.password, "GET", source.path
                )
                wire.close()
                continue
            boundary = _judged(status, headers.get("content-type", ""))
            chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        except BaseException:
            wire.close()
            raise
        return (_Chunked(wire) if chunked else wire), boundary
    raise CameraUnauthorized


def _request(source: Source, authorization: str) -> bytes:
    lines = [
        f"GET {source.path} HTTP/1.1",
        f"Host: {source.authority}",
        "User-Agent: Moodreel-Recorder/1",
        "Accept: multipart/x-mixed-replace",
        "Connection: close",
        *([f"Authorization: {authorization}"] if authorization else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _answer(wire: CameraConnection) -> tuple[int, dict[str, str]]:
    version, _, rest = wire.read_line().partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise NotACamera
    return int(rest[:3]), _headers(wire)


def _judged(status: int, content_type: str) -> str:
    """The boundary of a multipart answer."""
    if 300 <= status < 400:
        raise CameraRedirectRefused
    if status in (401, 403):
        raise CameraUnauthorized
    if status in (404, 410):
        raise NoSuchStream
    if status >= 500:
        raise CameraDisconnected(f"The camera's server answered {status}.")
    kind = HeaderParser().parsestr(f"Content-Type: {content_type}\n\n")
    boundary = str(kind.get_param("boundary") or "").removeprefix("--")
    known = kind.get_content_type() == "multipart/x-mixed-replace"
    if status != 200 or not known or not 0 < len(boundary) <= _BOUNDARY_MOST:
        raise NotACamera
    return boundary


def _headers(wire: CameraConnection) -> dict[str, str]:
    """Headers by name in small letters; of those that come twice all, a line each."""
    found: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = wire.read_line()
        if not line:
            return found
        name, _, value = line.decode("latin-1").partition(":")
        name = name.strip().lower()
        found[name] = f"{found[name]}\n{value.strip()}" if name in found else value.strip()
    raise StreamRefused("The camera's stream has headers without end.")


def _skip_to(wire: CameraConnection, mark: bytes) -> None:
    """Take lines until the boundary's."""
    for _ in range(MAX_PREAMBLE_LINES):
        line = wire.read_line()
        if line == mark:
            return
        if line == mark + b"--":
            raise CameraDisconnected("The camera has ended its stream.")
    raise StreamRefused("A part of the camera's stream has no end.")
