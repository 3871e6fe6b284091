"""A reader for MJPEG over HTTP (multipart/x-mixed-replace). Each part is one picture, recorded
unchanged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.message import Message
from fractions import Fraction

from functions.recorder.camera.connection import BufferedStream, Connect
from functions.recorder.camera.http_stream import open_http_stream
from functions.recorder.camera.jpeg_size import read_jpeg_size
from functions.recorder.errors import CameraDisconnected, NotACamera, StreamRefused
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.source import Source

TIME_BASE = Fraction(1, 90_000)
MAX_PREAMBLE_LINES = 16
MAX_FRAME_BYTES = 8 << 20
_MAX_BOUNDARY_LENGTH = 100
_MAX_PART_BYTES = 2 * MAX_FRAME_BYTES
"""What the server may send for one part, with its headers and the framing of chunks."""


class MjpegReader:
    """Reads pictures. Their times are those of arrival, because the protocol carries none."""

    dropped_count = 0

    def __init__(
        self, source: Source, connect: Connect, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._body = open_http_stream(source, connect)
        try:
            self._delimiter = b"--" + _parse_boundary(self._body.headers).encode()
            self._body.limit_bytes(_MAX_PART_BYTES)
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
        self._body.limit_bytes(_MAX_PART_BYTES)
        headers = self._body.read_headers()
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


def _parse_boundary(headers: Message) -> str:
    """Returns the boundary of a multipart response. Raises NotACamera for any other response."""
    boundary = str(headers.get_param("boundary") or "").removeprefix("--")
    is_multipart = headers.get_content_type() == "multipart/x-mixed-replace"
    if not is_multipart or not 0 < len(boundary) <= _MAX_BOUNDARY_LENGTH:
        raise NotACamera
    return boundary


def _skip_to_delimiter(body: BufferedStream, delimiter: bytes) -> None:
    """Reads lines up to and including the delimiter."""
    for _ in range(MAX_PREAMBLE_LINES):
        line = body.read_line()
        if line == delimiter:
            return
        if line == delimiter + b"--":
            raise CameraDisconnected("The camera has ended its stream.")
    raise StreamRefused("A part of the camera's stream has no end.")
