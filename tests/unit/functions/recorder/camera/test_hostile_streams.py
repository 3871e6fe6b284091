"""Servers that are no cameras, or hostile: each is refused with its code, and none blocks."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import pytest

from functions.recorder.camera.auth import read_challenge
from functions.recorder.camera.connection import CameraConnection
from functions.recorder.camera.depacketize_video import H264Depacketizer
from functions.recorder.camera.mjpeg import MjpegReader
from functions.recorder.camera.picture_size import read_picture_size
from functions.recorder.camera.rtp import RtpPacket, RtpReceiver
from functions.recorder.camera.rtsp import RtspReader
from functions.recorder.capture.backoff import Backoff
from functions.recorder.capture.reader_thread import (
    MAX_PACKETS_PER_WINDOW,
    ReaderEvent,
    ReaderThread,
    StreamEnded,
)
from functions.recorder.errors import CameraDisconnected, CameraTimeout, CameraUnauthorized
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.source import parse_source
from shared.errors import MoodreelError
from shared.net.address_policy import InvalidUrl
from shared.net.pinned_connection import PinnedSocket
from tests.fakes.cameras.encoded_frames import encode_h264

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=f\r\n"
PART = HEAD + b"\r\n--f\r\n"


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for item in opened:
        item.close()


def connect_to(sockets: list[socket.socket], answer: bytes) -> PinnedSocket:
    """Returns a connection to a server that sends `answer` and nothing more."""
    ours, theirs = socket.socketpair()
    sockets += [ours, theirs]
    threading.Thread(target=_send, args=(theirs, answer), daemon=True).start()
    return PinnedSocket(ours, idle_timeout_s=0.5)


def _send(connection: socket.socket, answer: bytes) -> None:
    try:
        connection.sendall(answer)
    except OSError:
        return


HTTP_RESPONSES = {
    "headers without end": (HEAD + b"X: y\r\n" * 1000, "stream-refused"),
    "a line without end": (HEAD + b"X" * 100_000, "stream-refused"),
    "a part with a huge length": (PART + b"Content-Length: 99999999\r\n\r\n", "stream-refused"),
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
    with pytest.raises(MoodreelError) as error:
        MjpegReader(source, lambda: connect_to(sockets, answer))
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
        CameraConnection(connect_to(sockets, b"RTSP/1.0 20")).read_line()


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


def test_invalid_and_repeated_rtp_packets_are_skipped() -> None:
    receiver = RtpReceiver()
    valid = bytes([128, 96, 0, 7, *bytes(8), 1, 2, 3])
    assert receiver.parse(b"") is None
    assert receiver.parse(bytes(11)) is None
    assert receiver.parse(bytes([64]) + valid[1:]) is None
    assert receiver.parse(bytes([0x9F]) + valid[1:]) is None
    assert receiver.parse(bytes([0xA0]) + valid[1:-1] + b"\xff") is None
    assert receiver.parse(valid) is not None
    assert receiver.parse(valid) is None


def test_rtp_times_and_numbers_continue_after_a_wraparound() -> None:
    receiver = RtpReceiver()

    def packet(number: int, stamp: int) -> RtpPacket:
        data = bytes([128, 96]) + number.to_bytes(2) + stamp.to_bytes(4) + bytes(4) + b"x"
        read = receiver.parse(data)
        assert read is not None
        return read

    first = packet(0xFFFF, 0xFFFFFF00)
    second = packet(0, 0x100)
    assert (second.lost_count, second.timestamp - first.timestamp) == (0, 0x200)
    assert packet(5, 0x200).lost_count == 4


def test_picture_with_a_missing_packet_is_broken() -> None:
    depacketizer = H264Depacketizer([b"\x67a", b"\x68b"])
    first = RtpPacket(0, False, 0, bytes([28, 0x85]) + b"abc")
    end = RtpPacket(0, True, 1, bytes([28, 0x45]) + b"def")
    assert list(depacketizer.add(first)) == []
    assert list(depacketizer.add(end)) == []
    second = RtpPacket(9, True, 1, b"\x65xyz")
    [unit] = depacketizer.add(second)
    assert unit.is_broken
    [complete] = depacketizer.add(RtpPacket(18, True, 0, b"\x65xyz"))
    assert (complete.is_broken, complete.is_keyframe) == (False, True)
    assert complete.data == b"\0\0\0\1\x67a\0\0\0\1\x68b\0\0\0\1\x65xyz"


def test_picture_size_is_read_without_decoding() -> None:
    assert read_picture_size("h264", encode_h264(1)[0].data) == (192, 128)
    assert read_picture_size("h264", b"\0\0\1\x67") == (0, 0)
    assert read_picture_size("hevc", b"") == (0, 0)


def test_password_is_sent_with_supported_schemes_only() -> None:
    with pytest.raises(CameraUnauthorized):
        read_challenge(["Negotiate", 'Digest realm="x", nonce="y", algorithm=SHA-512-256'])
    challenge = read_challenge(
        ['Basic realm="x"', 'Digest realm="x", nonce="y", qop="auth,auth-int"']
    )
    assert challenge.build_authorization("guest", "secret", "GET", "/").startswith("Digest ")
    assert "secret" not in challenge.build_authorization("guest", "secret", "GET", "/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://cam.example.org/", "file:///etc/passwd", "rtsp://cam.example.org:25/",
        "http://localhost/", "http://169.254.169.254/", "http://0x7f000001/", "rtsp:///live",
        "http://cam.example.org/#x", "http://user%0d%0aX:y@cam.example.org/", "rtsp://10.0.0.1/",
    ],
)  # fmt: skip
def test_invalid_camera_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidUrl) as error:
        parse_source(url)
    assert url not in str(error.value)


def test_display_url_contains_no_credentials() -> None:
    source = parse_source("rtsp://guest:sec%40ret@cam.example.org:8554/live?token=t0p")
    assert source.display_url == "rtsp://cam.example.org:8554/live"
    assert (source.user, source.password) == ("guest", "sec@ret")
    assert "sec@ret" not in repr(source)
    other = parse_source("rtsp://guest:new@cam.example.org:8554/live?token=t0p")
    assert source.camera_id("alice") == other.camera_id("alice") != source.camera_id("bob")


@pytest.mark.parametrize("path", ["/user=admin&password=s3cret&channel=1/a", "/a;pwd%3ds3cret"])
def test_display_url_contains_no_password_from_the_path(path: str) -> None:
    source = parse_source(f"rtsp://cam.example.org{path}")
    assert "s3cret" not in source.display_url
    assert "…" in source.display_url
    assert source.has_credentials
    assert source.path == path


def test_short_connections_do_not_reset_the_backoff() -> None:
    """Each connection with a picture costs a segment with its objects and documents."""
    now = [100.0]
    backoff = Backoff(300, lambda: now[0])
    tries = 0
    while now[0] < 400:
        now[0] = max(now[0], backoff.next_attempt_at)
        tries += 1
        backoff.record_success()
        now[0] += 0.1
        backoff.record_failure()
    assert tries < 30
    assert not backoff.is_exhausted
    backoff.record_success()
    now[0] += 60
    backoff.record_failure()
    assert backoff.next_attempt_at - now[0] <= 0.5


class EndlessReader:
    """A reader that yields the smallest possible packets without end."""

    tracks = (Track("h264", Fraction(1, 90_000)),)
    dropped_count = 0

    def packets(self) -> Iterator[Packet]:
        for n in itertools.count():
            yield Packet(VIDEO, n, True, time.time(), b"\0\0\0\1eX")

    def close(self) -> None: ...


def test_endless_tiny_packets_are_refused() -> None:
    reader_thread = ReaderThread(EndlessReader)
    events: list[ReaderEvent | None] = []
    while not isinstance(events[-1] if events else None, StreamEnded):
        events.append(reader_thread.next_event(5))
        assert events[-1] is not None
    assert isinstance(ended := events[-1], StreamEnded)
    assert ended.error.code == "stream-refused"
    assert len(events) <= MAX_PACKETS_PER_WINDOW + 2
