"""Servers that are no cameras, or hostile: each is refused with its code, and none blocks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from functions.recorder.camera.auth import read_challenge
from functions.recorder.camera.connection import CameraConnection
from functions.recorder.camera.mjpeg import MjpegReader
from functions.recorder.camera.rtsp import RtspReader
from functions.recorder.errors import CameraDisconnected, CameraTimeout, CameraUnauthorized
from shared.cameras.source import parse_source
from shared.errors import MoodreelError
from shared.net.pinned_connection import PinnedSocket

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=f\r\n"
PART = HEAD + b"\r\n--f\r\n"


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for item in opened:
        item.close()


def connect_to(
    sockets: list[socket.socket], answer: bytes, idle_timeout_s: float = 60
) -> PinnedSocket:
    """Returns a connection to a server that sends `answer` and nothing more."""
    ours, theirs = socket.socketpair()
    sockets += [ours, theirs]
    threading.Thread(target=_send, args=(theirs, answer), daemon=True).start()
    return PinnedSocket(ours, idle_timeout_s=idle_timeout_s)


def _send(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.sendall(answer)
    except OSError:
        return


HTTP_RESPONSES = {
    "headers without end": (HEAD + b"X: y\r\n" * 1000, "stream-refused"),
    "a line without end": (HEAD + b"X" * 100_000, "stream-refused"),
    "a part with a huge length": (
        PART + b"Content-Length: 99999999\r\n\r\n\xff\xd8\xff\xda\0\2" + b"x" * (9 << 20),
        "stream-refused",
    ),
    "a part without end": (PART + b"\r\n" + b"x" * (9 << 20), "stream-refused"),
    "another boundary": (HEAD + b"\r\n" + b"--g\r\n" * 100, "stream-refused"),
    "a part that is no picture": (PART + b"\r\n<html>\r\n--f\r\n", "stream-refused"),
    "a picture of a gigapixel": (
        PART + b"\r\n\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3" + bytes(20) + b"\r\n--f\r\n",
        "video-too-large",
    ),
    "a chunk that is huge": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", "stream-refused",
    ),
    "a chunk without a size": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "stream-refused",
    ),
    "a chunk of negative size": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", "stream-refused",
    ),
    "trailers without end": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * (3 << 20),
        "stream-refused",
    ),
    "interim responses without end": (b"HTTP/1.1 100 Go\r\n\r\n" * 9000, "stream-refused"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "not-a-camera"),
    "an HTML page": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "not-a-camera"),
    "a redirect": (b"HTTP/1.1 307 T\r\nLocation: http://[::1]/\r\n\r\n", "redirect-refused"),
    "silence": (b"", "camera-silent"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HTTP_RESPONSES)
def test_invalid_mjpeg_stream_is_refused(kind: str, sockets: list[socket.socket]) -> None:
    answer, code = HTTP_RESPONSES[kind]
    source = parse_source("http://127.0.0.1:9000/live", allow_private=True)
    # Only silence is waited for. A busy machine may send an answer with pauses.
    idle_timeout_s = 0.5 if code == "camera-silent" else 60
    with pytest.raises(MoodreelError) as error:
        MjpegReader(source, lambda: connect_to(sockets, answer, idle_timeout_s))
    assert error.value.code == code


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nX: y\r\n", HEAD + b"\r\n--f\r\nX"]
)
def test_incomplete_mjpeg_response_is_a_lost_connection(
    answer: bytes, sockets: list[socket.socket]
) -> None:
    ours, theirs = socket.socketpair()
    sockets += [ours, theirs]
    _send(theirs, answer)
    theirs.shutdown(socket.SHUT_WR)
    source = parse_source("http://127.0.0.1:9000/live", allow_private=True)
    with pytest.raises(CameraDisconnected):
        MjpegReader(source, lambda: PinnedSocket(ours, idle_timeout_s=5))


def test_challenge_adds_no_header_to_the_request(sockets: list[socket.socket]) -> None:
    pairs = [socket.socketpair(), socket.socketpair()]
    sockets += [item for pair in pairs for item in pair]
    challenge = b'Digest nonce="n", realm="x\r\n X-Added: y"'
    _send(pairs[0][1], b"HTTP/1.1 401 No\r\nWWW-Authenticate: " + challenge + b"\r\n\r\n")
    _send(pairs[1][1], b"HTTP/1.1 403 No\r\n\r\n")
    connections = iter([PinnedSocket(ours, idle_timeout_s=5) for ours, _ in pairs])
    source = parse_source("http://guest:s3cret@127.0.0.1:9000/live", allow_private=True)
    with pytest.raises(CameraUnauthorized) as error:
        MjpegReader(source, lambda: next(connections))
    request = pairs[1][1].recv(1 << 16).decode()
    names = [line.partition(":")[0] for line in request.splitlines()]
    assert "Authorization" in names
    assert "X-Added" not in {name.strip() for name in names}
    assert "s3cret" not in f"{request}{error.value!r}"


RTSP_RESPONSES = {
    "headers without end": (b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 1000, "stream-refused"),
    "a description without end": (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 999999999\r\n\r\n", "stream-refused",
    ),
    "only sound": (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 22\r\n\r\nm=audio 0 RTP/AVP 8\r\n\n",
        "camera-codec",
    ),
    "packets before a response": (b"$\0\0\1x" * 1000, "stream-refused"),
    "no RTSP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not-a-camera"),
    "no such path": (b"RTSP/1.0 404 No\r\nCSeq: 1\r\n\r\n", "no-such-stream"),
    "UDP only": (b"RTSP/1.0 461 Unsupported\r\nCSeq: 1\r\n\r\n", "not-a-camera"),
    "too many viewers": (b"RTSP/1.0 453 Busy\r\nCSeq: 1\r\n\r\n", "camera-gone"),
}  # fmt: skip


@pytest.mark.parametrize("kind", RTSP_RESPONSES)
def test_invalid_rtsp_stream_is_refused(kind: str, sockets: list[socket.socket]) -> None:
    answer, code = RTSP_RESPONSES[kind]
    source = parse_source("rtsp://127.0.0.1:9000/live", allow_private=True)
    with pytest.raises(MoodreelError) as error:
        RtspReader(source, lambda: connect_to(sockets, answer))
    assert error.value.code == code


def test_incomplete_line_raises_camera_timeout(sockets: list[socket.socket]) -> None:
    with pytest.raises(CameraTimeout):
        CameraConnection(connect_to(sockets, b"RTSP/1.0 20", idle_timeout_s=0.5)).read_line()


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("rtsp", b""),
        ("http", b""),
        ("http", b"HTTP/1.1 100 Continue\r\nX: "),
        ("http", HEAD),
        ("http", HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "),
        ("http", PART + b"Content-Length: 1000\r\n\r\n"),
    ],
)
def test_endless_response_before_the_first_picture_raises_camera_timeout(
    scheme: str, answer: bytes, sockets: list[socket.socket]
) -> None:
    """A byte now and then keeps a connection from stalling, and would block a worker forever."""
    ours, theirs = socket.socketpair()
    sockets += [ours, theirs]

    def drip() -> None:
        _send(theirs, answer)
        for _ in range(100):
            time.sleep(0.05)
            _send(theirs, b"X")

    threading.Thread(target=drip, daemon=True).start()
    source = parse_source(f"{scheme}://127.0.0.1:9000/live", allow_private=True)
    reader = RtspReader if scheme == "rtsp" else MjpegReader
    deadline = time.monotonic() + 0.3
    with pytest.raises(CameraTimeout):
        reader(source, lambda: PinnedSocket(ours, idle_timeout_s=5, deadline=deadline))


def test_password_is_sent_with_supported_schemes_only() -> None:
    with pytest.raises(CameraUnauthorized):
        read_challenge(["Negotiate", 'Digest realm="x", nonce="y", algorithm=SHA-512-256'])
    challenge = read_challenge(
        ['Basic realm="x"', 'Digest realm="x", nonce="y", qop="auth,auth-int"']
    )
    assert challenge.build_authorization("guest", "secret", "GET", "/").startswith("Digest ")
    assert "secret" not in challenge.build_authorization("guest", "secret", "GET", "/")
