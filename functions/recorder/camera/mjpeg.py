"""A reader for MJPEG over HTTP (multipart/x-mixed-replace). Each part is one picture, recorded
unchanged."""

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
_MAX_BOUNDARY_LENGTH = 100

Connect = Callable[[], CameraConnection]


class MjpegReader:
    """Reads pictures. Their times are those of arrival, because the protocol carries none."""

    dropped_count = 0

    def __init__(
        self, source: Source, connect: Connect, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._body, boundary = _open_stream(source, connect)
        self._delimiter = b"--" + boundary.encode()
        try:
            _skip_to_delimiter(self._body, self._delimiter)
            self._first_picture = self._read_part()
            width, height = read_jpeg_size(self._first_picture)
        except BaseException:
            self.close()
            raise
        self._body.mark_open()
        self._first_arrived_at = self._clock()
        self.tracks = (Track("mjpeg", TIME_BASE, width, height),)

    def packets(self) -> Iterator[Packet]:
        data, arrived_at = self._first_picture, self._first_arrived_at
        pts = -1
        while True:
            # The times of pictures that arrive at the same moment still increase.
            pts = max(pts + 1, round((arrived_at - self._first_arrived_at) / TIME_BASE))
            yield Packet(VIDEO, pts, True, arrived_at, data)
            data = self._read_part()
            arrived_at = self._clock()
            if read_jpeg_size(data) != (self.tracks[VIDEO].width, self.tracks[VIDEO].height):
                raise CameraDisconnected("The size of the camera's pictures has changed.")

    def close(self) -> None:
        self._body.close()

    def _read_part(self) -> bytes:
        """Returns the content of the next part, and consumes the delimiter after it."""
        headers = _read_headers(self._body)
        length = headers.get("content-length", "")
        if length.isdigit() and len(length) < 12:
            if int(length) > MAX_FRAME_BYTES:
                raise StreamRefused
            data = self._body.read_exactly(int(length))
            _skip_to_delimiter(self._body, self._delimiter)
        else:
            data = self._body.read_until(b"\n" + self._delimiter, MAX_FRAME_BYTES).rstrip(b"\r")
            self._read_delimiter_end()
        return data

    def _read_delimiter_end(self) -> None:
        if self._body.read_line().startswith(b"--"):
            raise CameraDisconnected("The camera has ended its stream.")


class _ChunkedBody(CameraConnection):
    """A body in chunks (RFC 9112 §7.1), read as continuous bytes."""

    def __init__(self, connection: CameraConnection) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def mark_open(self) -> None:
        self._connection.mark_open()

    def close(self) -> None:
        self._connection.close()

    def _receive(self) -> None:
        size = self._connection.read_line().partition(b";")[0].strip()
        try:
            length = int(size, 16) if len(size) < 9 else -1
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_FRAME_BYTES:
            raise StreamRefused
        if length == 0:
            raise CameraDisconnected("The camera has ended its stream.")
        self._buffer += self._connection.read_exactly(length)
        self._connection.read_line()


def _open_stream(source: Source, connect: Connect) -> tuple[CameraConnection, str]:
    """Send the request, again with credentials if the server requires them. Returns the body of
    the response and its multipart boundary."""
    authorization = ""
    for attempt in (1, 2):
        connection = connect()
        try:
            connection.send(_format_request(source, authorization))
            status, headers = _read_response_head(connection)
            if status == 401 and attempt == 1 and source.user:
                challenge = read_challenge(headers.get("www-authenticate", "").split("\n"))
                authorization = challenge.build_authorization(
                    source.user, source.password, "GET", source.path
                )
                connection.close()
                continue
            _raise_for_status(status)
            boundary = _parse_boundary(status, headers.get("content-type", ""))
            is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        except BaseException:
            connection.close()
            raise
        return (_ChunkedBody(connection) if is_chunked else connection), boundary
    raise CameraUnauthorized


def _format_request(source: Source, authorization: str) -> bytes:
    lines = [
        f"GET {source.path} HTTP/1.1",
        f"Host: {source.authority}",
        "User-Agent: Moodreel-Recorder/1",
        "Accept: multipart/x-mixed-replace",
        "Connection: close",
        *([f"Authorization: {authorization}"] if authorization else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read_response_head(connection: CameraConnection) -> tuple[int, dict[str, str]]:
    """Returns the status and the headers."""
    version, _, rest = connection.read_line().partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise NotACamera
    return int(rest[:3]), _read_headers(connection)


def _raise_for_status(status: int) -> None:
    if 300 <= status < 400:
        raise CameraRedirectRefused
    if status in (401, 403):
        raise CameraUnauthorized
    if status in (404, 410):
        raise NoSuchStream
    if status >= 500:
        raise CameraDisconnected(f"The camera's server answered {status}.")


def _parse_boundary(status: int, content_type: str) -> str:
    """Returns the boundary of a multipart response. Raises NotACamera for any other response."""
    message = HeaderParser().parsestr(f"Content-Type: {content_type}\n\n")
    boundary = str(message.get_param("boundary") or "").removeprefix("--")
    is_multipart = message.get_content_type() == "multipart/x-mixed-replace"
    if status != 200 or not is_multipart or not 0 < len(boundary) <= _MAX_BOUNDARY_LENGTH:
        raise NotACamera
    return boundary


def _read_headers(connection: CameraConnection) -> dict[str, str]:
    """Returns headers by name in lower case; the values of a repeated header are joined by line
    feeds."""
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = connection.read_line()
        if not line:
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    raise StreamRefused("The camera's stream has headers without end.")


def _skip_to_delimiter(connection: CameraConnection, delimiter: bytes) -> None:
    """Read lines up to and including the delimiter."""
    for _ in range(MAX_PREAMBLE_LINES):
        line = connection.read_line()
        if line == delimiter:
            return
        if line == delimiter + b"--":
            raise CameraDisconnected("The camera has ended its stream.")
    raise StreamRefused("A part of the camera's stream has no end.")
