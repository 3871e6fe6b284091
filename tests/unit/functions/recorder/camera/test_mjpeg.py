"""MJPEG streams as cameras send them: every picture is read unchanged, whatever its framing."""

from __future__ import annotations

import io
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import pytest
from PIL import Image

from functions.recorder.camera.mjpeg import MjpegReader
from functions.recorder.errors import CameraDisconnected
from shared.cameras.source import parse_source
from shared.errors import MoodreelError
from shared.net.pinned_connection import PinnedSocket

SOURCE = parse_source("http://127.0.0.1:9000/live", allow_private=True)
TYPE = "multipart/x-mixed-replace"


def jpeg(color: tuple[int, int, int], comment: bytes = b"", *, progressive: bool = False) -> bytes:
    """A picture of 64x48 px that contains `comment`."""
    file = io.BytesIO()
    picture = Image.effect_noise((64, 48), 40).convert("RGB")
    picture.paste(color, (0, 0, 32, 24))
    picture.save(file, "jpeg", comment=comment, progressive=progressive)
    return file.getvalue()


PICTURES = [jpeg((200, 60, 40)), jpeg((40, 60, 200)), jpeg((60, 200, 40))]


def body(
    pictures: Sequence[bytes],
    delimiter: bytes = b"--frame",
    *,
    length: Callable[[bytes], object] | None = len,
    headers: tuple[bytes, ...] = (b"Content-Type: image/jpeg",),
    eol: bytes = b"\r\n",
    blank_lines: int = 1,
    first_delimiter: bool = True,
) -> bytes:
    """The body of a response with a part for each picture, and the delimiter of the next part."""
    parts = []
    for number, picture in enumerate(pictures):
        lines = [delimiter] if number or first_delimiter else []
        lines += headers
        if length is not None:
            lines.append(b"Content-Length: %s" % str(length(picture)).encode())
        parts.append(eol.join([*lines, b""]) + eol * blank_lines + picture + eol)
    return b"".join(parts) + delimiter + eol


def chunked(data: bytes, sizes: Sequence[int]) -> bytes:
    """The data in chunks of these sizes, repeated."""
    encoded, offset = b"", 0
    for size in itertools.cycle(sizes):
        chunk = data[offset : offset + size]
        encoded += b"%x\r\n%s\r\n" % (len(chunk), chunk)
        if not chunk:
            return encoded
        offset += size
    raise AssertionError


def response(data: bytes, content_type: str = f"{TYPE}; boundary=frame", extra: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{extra}\r\n".encode() + data


NO_LENGTH = body(PICTURES, length=None)
MARKED = [jpeg((200, 60, 40), b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"), *PICTURES[1:]]
WITHOUT_END = [picture[:-2] for picture in PICTURES]
PROGRESSIVE = [jpeg((200, 60, 40), progressive=True), jpeg((1, 2, 3), progressive=True)]
TWO_IN_ONE = [picture + picture for picture in PICTURES]

STREAMS: dict[str, tuple[bytes, list[bytes]]] = {
    "as RFC 2046 has it": (response(body(PICTURES)), PICTURES),
    "no first boundary": (response(body(PICTURES, first_delimiter=False)), PICTURES),
    "no first boundary and no headers": (
        response(body(PICTURES, headers=(), length=None, first_delimiter=False).lstrip(b"\r\n")),
        PICTURES,
    ),
    "boundary with dashes, sent as it is": (
        response(body(PICTURES), f"{TYPE}; boundary=--frame"),
        PICTURES,
    ),
    "boundary with dashes, sent after two more": (
        response(body(PICTURES, b"----frame"), f"{TYPE}; boundary=--frame"),
        PICTURES,
    ),
    "boundary with dashes, no lengths": (
        response(body(PICTURES, b"----frame", length=None), f"{TYPE}; boundary=--frame"),
        PICTURES,
    ),
    "quoted boundary": (response(body(PICTURES), f'{TYPE};boundary="frame"'), PICTURES),
    "quoted boundary with dashes": (
        response(body(PICTURES), f'{TYPE}; boundary="--frame"'),
        PICTURES,
    ),
    "boundary in single quotes": (response(NO_LENGTH, f"{TYPE}; boundary='frame'"), PICTURES),
    "no boundary parameter": (response(body(PICTURES), TYPE), PICTURES),
    "no boundary parameter and no lengths": (response(NO_LENGTH, TYPE), PICTURES),
    "empty boundary parameter": (response(NO_LENGTH, f"{TYPE}; boundary="), PICTURES),
    "another boundary": (response(NO_LENGTH, f"{TYPE}; boundary=other"), PICTURES),
    "boundary in another case": (response(body(PICTURES, b"--FRAME", length=None)), PICTURES),
    "boundary without dashes": (response(body(PICTURES, b"frame", length=None)), PICTURES),
    "boundary with spaces behind it": (
        response(body(PICTURES, b"--frame \t", length=None)),
        PICTURES,
    ),
    "no lengths": (response(NO_LENGTH), PICTURES),
    "length too small": (response(body(PICTURES, length=lambda data: len(data) - 40)), PICTURES),
    "length too large": (response(body(PICTURES, length=lambda data: len(data) + 60)), PICTURES),
    "length with the line end": (
        response(body(PICTURES, length=lambda data: len(data) + 2)),
        PICTURES,
    ),
    "length of zero": (response(body(PICTURES, length=lambda _: 0)), PICTURES),
    "length above the limit": (response(body(PICTURES, length=lambda _: 99_999_999)), PICTURES),
    "multipart/mixed": (response(body(PICTURES), "multipart/mixed; boundary=frame"), PICTURES),
    "length that is no number": (response(body(PICTURES, length=lambda _: "-1")), PICTURES),
    "LF line ends": (response(body(PICTURES, eol=b"\n")), PICTURES),
    "LF line ends, no lengths": (response(body(PICTURES, eol=b"\n", length=None)), PICTURES),
    "extra blank lines": (response(b"\r\n\r\n" + body(PICTURES, blank_lines=3)), PICTURES),
    "preamble": (response(b"This is a stream:\r\nof pictures\r\n\r\n" + body(PICTURES)), PICTURES),
    "parts without headers": (response(body(PICTURES, headers=(), length=None)), PICTURES),
    "parts without headers or blank lines": (
        response(body(PICTURES, headers=(), length=None, blank_lines=0)),
        PICTURES,
    ),
    "image/jpg": (response(body(PICTURES, headers=(b"content-type:image/jpg",))), PICTURES),
    "no part type": (response(body(PICTURES, headers=(b"X-Timestamp: 12.5",))), PICTURES),
    "closing boundary and more": (
        response(body(PICTURES[:1], b"--frame")[:-2] + b"--\r\n" + body(PICTURES[1:])),
        PICTURES,
    ),
    "text between pictures": (
        response(
            body(PICTURES[:2]) + b"Content-Type: text/plain\r\n\r\nmotion\r\n" + body(PICTURES[2:])
        ),
        PICTURES,
    ),
    "long text between pictures": (
        response(
            body(PICTURES[:2])
            + b"Content-Type: application/xml\r\nContent-Length: 630\r\n\r\n"
            + b"<a/>\r\n\r\n\n" * 70
            + body(PICTURES[2:])
        ),
        PICTURES,
    ),
    "JSON between pictures": (
        response(
            body(PICTURES[:2])
            + b"Content-Type: application/json\r\n\r\n{}\r\n"
            + body(PICTURES[2:])
        ),
        PICTURES,
    ),
    "chunks of one byte": (
        response(chunked(body(PICTURES[:2]), [1]), extra="Transfer-Encoding: chunked\r\n"),
        PICTURES[:2],
    ),
    "odd chunks": (
        response(chunked(NO_LENGTH, [7, 1, 300, 2]), extra="Transfer-Encoding: chunked\r\n"),
        PICTURES,
    ),
    "boundary within a picture": (response(body(MARKED)), MARKED),
    "boundary within a picture, no lengths": (response(body(MARKED, length=None)), MARKED),
    "pictures without their end": (response(body(WITHOUT_END)), WITHOUT_END),
    "pictures without their end, no lengths": (
        response(body(WITHOUT_END, length=None)),
        WITHOUT_END,
    ),
    "progressive pictures, no lengths": (response(body(PROGRESSIVE, length=None)), PROGRESSIVE),
    "two pictures in a part": (response(body(TWO_IN_ONE)), TWO_IN_ONE),
}


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for item in opened:
        item.close()


def read_all(sockets: list[socket.socket], answer: bytes) -> list[bytes]:
    """The pictures that a server sends before it closes the connection."""
    ours, theirs = socket.socketpair()
    sockets += [ours, theirs]

    def send() -> None:
        # The reader may close the connection before it has read all.
        with suppress(OSError):
            theirs.sendall(answer)
            theirs.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()
    reader = MjpegReader(SOURCE, lambda: PinnedSocket(ours, idle_timeout_s=20))
    pictures: list[bytes] = []
    with pytest.raises(CameraDisconnected):
        pictures.extend(packet.data for packet in reader.packets())
    assert (reader.tracks[0].width, reader.tracks[0].height) == (64, 48)
    return pictures


@pytest.mark.parametrize("kind", STREAMS)
def test_every_picture_is_read_unchanged(kind: str, sockets: list[socket.socket]) -> None:
    answer, expected = STREAMS[kind]
    assert read_all(sockets, answer) == expected


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/jpg", "IMAGE/PNG"])
def test_single_picture_is_refused_with_its_reason(
    content_type: str, sockets: list[socket.socket]
) -> None:
    with pytest.raises(MoodreelError) as error:
        read_all(sockets, response(PICTURES[0], content_type))
    assert error.value.code == "single-picture"
    assert "one picture" in str(error.value)
