"""A reader for MJPEG over HTTP (multipart/x-mixed-replace). Each picture is recorded unchanged.

As in browsers, the framing of a stream need not be right: cameras omit the first delimiter, send
another delimiter than they announce, or a wrong Content-Length. A JPEG picture says itself where it
ends, so the framing is used only where it agrees with the pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.message import Message
from fractions import Fraction

from functions.recorder.camera.connection import BufferedStream, Connect
from functions.recorder.camera.http_stream import open_http_stream
from functions.recorder.camera.jpeg import (
    END_OF_IMAGE,
    START_OF_IMAGE,
    JpegEndFinder,
    read_jpeg_size,
)
from functions.recorder.errors import (
    CameraDisconnected,
    NotACamera,
    SinglePicture,
    StreamRefused,
)
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.source import Source

TIME_BASE = Fraction(1, 90_000)
MAX_FRAMING_LINES = 64
"""Lines between two pictures: preamble, delimiters, headers, and parts that are no picture."""
MAX_FRAME_BYTES = 8 << 20
_MAX_BOUNDARY_LENGTH = 100
_PICTURE_TYPES = (b"image/", b"application/octet-stream")
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
            self._parts = _PictureParts(self._body, _parse_boundary(self._body.headers))
            self._first_picture = self._read_picture()
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
            data = self._read_picture()
            arrived_at = self._clock()
            if read_jpeg_size(data) != (self.tracks[VIDEO].width, self.tracks[VIDEO].height):
                raise CameraDisconnected("The size of the camera's pictures has changed.")

    def close(self) -> None:
        self._body.close()

    def _read_picture(self) -> bytes:
        self._body.limit_bytes(_MAX_PART_BYTES)
        return self._parts.read_picture()


class _PictureParts:
    """The pictures in the body of a multipart response. `boundary` is the one that its header
    announces, b"" for none; the delimiters that the body contains take precedence."""

    def __init__(self, body: BufferedStream, boundary: bytes) -> None:
        self._body = body
        self._boundary = boundary
        self._delimiter = b"--" + boundary if boundary else b""
        self._is_length_trusted = True

    def read_picture(self) -> bytes:
        """Returns the next picture. Raises StreamRefused for a part that is no picture, without an
        end or too large."""
        length = self._skip_to_picture()
        if length and self._is_length_trusted:
            picture = self._body.peek(length).rstrip(b"\r\n\0")
            if picture.endswith(END_OF_IMAGE):
                self._body.read_exactly(length)
                return picture
            # The length is wrong, or the camera omits the end marker.
            self._is_length_trusted = False
        return self._body.read_to(JpegEndFinder(self._delimiter).find, MAX_FRAME_BYTES)

    def _skip_to_picture(self) -> int:
        """Reads delimiters, headers and blank lines up to the next picture. Returns the length that
        its headers declare, 0 for none."""
        length, is_picture_expected, is_other_part, is_after_headers = 0, False, False, False
        for _ in range(MAX_FRAMING_LINES):
            if self._body.peek(len(START_OF_IMAGE)) == START_OF_IMAGE:
                return length
            if is_other_part and is_after_headers:
                self._body.read_exactly(length)
                length, is_other_part = 0, False
            line = self._body.read_line().rstrip(b" \t")
            if self._is_delimiter(line):
                length, is_picture_expected, is_after_headers = 0, True, False
                is_other_part = False
                continue
            if not line:
                is_after_headers = True
                continue
            if is_picture_expected and is_after_headers:
                raise StreamRefused("A part of the camera's stream is no JPEG picture.")
            name, _, value = line.lower().partition(b":")
            if name == b"content-type":
                # Other parts, such as events as text, are skipped.
                is_picture_expected = value.strip().startswith(_PICTURE_TYPES)
                is_other_part = not is_picture_expected
            elif name == b"content-length" and value.strip().isdigit() and len(value) < 12:
                # A length above the limit is wrong, or the end of the picture is not found.
                length = int(value) if int(value) <= MAX_FRAME_BYTES else 0
        raise StreamRefused("A part of the camera's stream has no end.")

    def _is_delimiter(self, line: bytes) -> bool:
        """Whether the line begins a part. Remembers the delimiter of this stream."""
        name = line.lstrip(b"-").removesuffix(b"--")
        if not name or len(line) > _MAX_BOUNDARY_LENGTH:
            return False
        if not line.startswith(b"--") and name.lower() != self._boundary.lower():
            return False
        self._delimiter = line.removesuffix(b"--")
        return True


def _parse_boundary(headers: Message) -> bytes:
    """Returns the boundary of a multipart response without dashes before it, b"" when it is missing
    or too long. Raises SinglePicture for a picture, NotACamera for any other response."""
    if headers.get_content_maintype() == "image":
        raise SinglePicture
    # Some cameras send multipart/mixed.
    if headers.get_content_maintype() != "multipart":
        raise NotACamera
    boundary = str(headers.get_param("boundary") or "").strip(" '\"").lstrip("-")
    return boundary.encode() if len(boundary) <= _MAX_BOUNDARY_LENGTH else b""
