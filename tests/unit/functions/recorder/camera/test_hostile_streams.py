"""Servers that are no cameras, or mean us harm: each is refused with its code, and none hangs."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import pytest

from functions.recorder.camera import connection
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
from functions.recorder.errors import CameraTimeout, CameraUnauthorized
from functions.recorder.packets import VIDEO, Packet, Track
from shared.cameras.source import is_allowed_address, parse_source
from shared.errors import MoodreelError
from shared.net.address_policy import InvalidUrl
from tests.fakes.cameras import encode_h264

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=f\r\n"
PART = HEAD + b"\r\n--f\r\n"


@pytest.fixture
def lines() -> Iterator[list[socket.socket]]:
    found: list[socket.socket] = []
    yield found
    for one in found:
        one.close()


def answered(lines: list[socket.socket], answer: bytes) -> CameraConnection:
    """A connection to somebody who says this, and then waits."""
    ours, theirs = socket.socketpair()
    lines += [ours, theirs]
    threading.Thread(target=_say, args=(theirs, answer), daemon=True).start()
    return CameraConnection(ours, stall_s=0.5)


def _say(line: socket.socket, answer: bytes) -> None:
    try:
        line.sendall(answer)
    except OSError:
        return


HTTP = {
    "headers without end": (HEAD + b"X: y\r\n" * 1000, "stream-refused"),
    "a line without end": (HEAD + b"X" * 100_000, "stream-refused"),
    "a part that says it is huge": (PART + b"Content-Length: 99999999\r\n\r\n", "stream-refused"),
    "a part without end": (PART + b"\r\n" + b"x" * (9 << 20), "stream-refused"),
    "a boundary that never comes": (HEAD + b"\r\n" + b"--g\r\n" * 100, "stream-refused"),
    "a part that is no picture": (PART + b"\r\n<html>\r\n--f\r\n", "stream-refused"),
    "a picture of a gigapixel": (
        PART + b"\r\n\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3" + bytes(20) + b"\r\n--f\r\n",
        "video-too-large",
    ),
    "a chunk that is huge": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", "stream-refused",
    ),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "not-a-camera"),
    "a page": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "not-a-camera"),
    "another place": (b"HTTP/1.1 307 T\r\nLocation: http://[::1]/\r\n\r\n", "redirect-refused"),
    "silence": (b"", "camera-silent"),
}  # fmt: skip


@pytest.mark.parametrize("what", HTTP)
def test_what_is_no_mjpeg_is_refused(what: str, lines: list[socket.socket]) -> None:
    answer, code = HTTP[what]
    source = parse_source("http://127.0.0.1:9000/live", allow_private=True)
    with pytest.raises(MoodreelError) as refused:
        MjpegReader(source, lambda: answered(lines, answer))
    assert refused.value.code == code


RTSP = {
    "headers without end": (b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 1000, "stream-refused"),
    "a description without end": (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 999999999\r\n\r\n", "stream-refused",
    ),
    "only sound": (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 22\r\n\r\nm=audio 0 RTP/AVP 8\r\n\n",
        "camera-codec",
    ),
    "media before an answer": (b"$\0\0\1x" * 1000, "stream-refused"),
    "no RTSP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not-a-camera"),
    "nothing under this path": (b"RTSP/1.0 404 No\r\nCSeq: 1\r\n\r\n", "no-such-stream"),
    "UDP alone": (b"RTSP/1.0 461 Unsupported\r\nCSeq: 1\r\n\r\n", "not-a-camera"),
    "too many viewers": (b"RTSP/1.0 453 Busy\r\nCSeq: 1\r\n\r\n", "camera-gone"),
}  # fmt: skip


@pytest.mark.parametrize("what", RTSP)
def test_what_is_no_rtsp_camera_is_refused(what: str, lines: list[socket.socket]) -> None:
    answer, code = RTSP[what]
    source = parse_source("rtsp://127.0.0.1:9000/live", allow_private=True)
    with pytest.raises(MoodreelError) as refused:
        RtspReader(source, lambda: answered(lines, answer))
    assert refused.value.code == code


def test_a_camera_that_stops_in_the_middle_of_a_line_is_silent(lines: list[socket.socket]) -> None:
    with pytest.raises(CameraTimeout):
        answered(lines, b"RTSP/1.0 20").read_line()


def test_a_camera_that_speaks_without_end_before_its_first_picture_is_silent(
    lines: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then keeps a connection from stalling, and would hold a worker for ever."""
    monkeypatch.setattr(connection, "OPEN_TIMEOUT_S", 0.3)
    ours, theirs = socket.socketpair()
    lines += [ours, theirs]

    def drip() -> None:
        for _ in range(100):
            time.sleep(0.05)
            _say(theirs, b"X")

    threading.Thread(target=drip, daemon=True).start()
    source = parse_source("rtsp://127.0.0.1:9000/live", allow_private=True)
    with pytest.raises(CameraTimeout):
        RtspReader(source, lambda: CameraConnection(ours, stall_s=5))


def test_packets_that_are_none_or_come_twice_are_passed_over() -> None:
    sequence = RtpReceiver()
    good = bytes([128, 96, 0, 7, *bytes(8), 1, 2, 3])
    assert sequence.parse(b"") is None
    assert sequence.parse(bytes(11)) is None
    assert sequence.parse(bytes([64]) + good[1:]) is None
    assert sequence.parse(bytes([0x9F]) + good[1:]) is None
    assert sequence.parse(bytes([0xA0]) + good[1:-1] + b"\xff") is None
    assert sequence.parse(good) is not None
    assert sequence.parse(good) is None


def test_times_and_numbers_go_on_where_their_bits_end() -> None:
    sequence = RtpReceiver()

    def packet(number: int, stamp: int) -> RtpPacket:
        data = bytes([128, 96]) + number.to_bytes(2) + stamp.to_bytes(4) + bytes(4) + b"x"
        read = sequence.parse(data)
        assert read is not None
        return read

    first = packet(0xFFFF, 0xFFFFFF00)
    second = packet(0, 0x100)
    assert (second.lost_count, second.timestamp - first.timestamp) == (0, 0x200)
    assert packet(5, 0x200).lost_count == 4


def test_a_picture_of_which_a_packet_is_missing_is_told_to_be_broken() -> None:
    codec = H264Depacketizer([b"\x67a", b"\x68b"])
    begin = RtpPacket(0, False, 0, bytes([28, 0x85]) + b"abc")
    end = RtpPacket(0, True, 1, bytes([28, 0x45]) + b"def")
    assert list(codec.add(begin)) == []
    assert list(codec.add(end)) == []
    whole = RtpPacket(9, True, 1, b"\x65xyz")
    [unit] = codec.add(whole)
    assert unit.is_broken
    [fine] = codec.add(RtpPacket(18, True, 0, b"\x65xyz"))
    assert (fine.is_broken, fine.is_keyframe) == (False, True)
    assert fine.data == b"\0\0\0\1\x67a\0\0\0\1\x68b\0\0\0\1\x65xyz"


def test_the_size_of_pictures_is_read_before_anything_is_decoded() -> None:
    assert read_picture_size("h264", encode_h264(1)[0].data) == (192, 128)
    assert read_picture_size("h264", b"\0\0\1\x67") == (0, 0)
    assert read_picture_size("hevc", b"") == (0, 0)


def test_a_password_is_not_given_in_a_way_that_we_do_not_know() -> None:
    with pytest.raises(CameraUnauthorized):
        read_challenge(["Negotiate", 'Digest realm="x", nonce="y", algorithm=SHA-512-256'])
    both = read_challenge(['Basic realm="x"', 'Digest realm="x", nonce="y", qop="auth,auth-int"'])
    assert both.build_authorization("guest", "secret", "GET", "/").startswith("Digest ")
    assert "secret" not in both.build_authorization("guest", "secret", "GET", "/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://cam.example.org/", "file:///etc/passwd", "rtsp://cam.example.org:25/",
        "http://localhost/", "http://169.254.169.254/", "http://0x7f000001/", "rtsp:///live",
        "http://cam.example.org/#x", "http://user%0d%0aX:y@cam.example.org/", "rtsp://10.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_of_no_camera_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidUrl) as refused:
        parse_source(url)
    assert url not in str(refused.value)


def test_a_networks_own_addresses_are_reached_only_when_they_are_listed() -> None:
    assert is_allowed_address("93.184.216.34", ())
    assert not is_allowed_address("10.1.2.3", ())
    assert is_allowed_address("10.1.2.3", ("10.1.0.0/16",))
    assert is_allowed_address("::ffff:10.1.2.3", ("10.1.0.0/16",))
    assert not is_allowed_address("10.2.0.1", ("10.1.0.0/16",))
    # Whoever lists everything does not list the cloud's own door.
    assert not is_allowed_address("169.254.169.254", ("0.0.0.0/0",))
    assert not is_allowed_address("no address", ("0.0.0.0/0",))


def test_an_address_is_shown_without_what_opens_it() -> None:
    source = parse_source("rtsp://guest:sec%40ret@cam.example.org:8554/live?token=t0p")
    assert source.display_url == "rtsp://cam.example.org:8554/live"
    assert (source.user, source.password) == ("guest", "sec@ret")
    assert "sec@ret" not in repr(source)
    other = parse_source("rtsp://guest:new@cam.example.org:8554/live?token=t0p")
    assert source.camera_id("alice") == other.camera_id("alice") != source.camera_id("bob")


@pytest.mark.parametrize("path", ["/user=admin&password=s3cret&channel=1/a", "/a;pwd%3ds3cret"])
def test_a_password_in_a_path_is_shown_no_more_than_one_before_a_host(path: str) -> None:
    source = parse_source(f"rtsp://cam.example.org{path}")
    assert "s3cret" not in source.display_url
    assert "…" in source.display_url
    assert source.has_credentials
    assert source.path == path


@pytest.mark.parametrize("address", ["169.254.169.254", "fd20:ce::254", "::ffff:169.254.169.254"])
def test_who_hands_out_a_machines_credentials_is_never_reached(address: str) -> None:
    assert not is_allowed_address(address, ("0.0.0.0/0", "::/0", "169.254.0.0/16", "fd00::/8"))


def test_a_camera_that_comes_and_goes_at_once_is_asked_less_and_less() -> None:
    """Each connection that shows a picture costs a segment with its objects and documents."""
    now = [100.0]
    patience = Backoff(300, lambda: now[0])
    tries = 0
    while now[0] < 400:
        now[0] = max(now[0], patience.next_attempt_at)
        tries += 1
        patience.record_success()
        now[0] += 0.1
        patience.record_failure()
    assert tries < 30
    assert not patience.is_exhausted
    patience.record_success()
    now[0] += 60
    patience.record_failure()
    assert patience.next_attempt_at - now[0] <= 0.5


class Hail:
    """A reader of packets without end, each of them as small as can be."""

    tracks = (Track("h264", Fraction(1, 90_000)),)
    dropped_count = 0

    def packets(self) -> Iterator[Packet]:
        for n in itertools.count():
            yield Packet(VIDEO, n, True, time.time(), b"\0\0\0\1eX")

    def close(self) -> None: ...


def test_tiny_packets_without_end_are_refused_before_they_fill_the_memory() -> None:
    feed = ReaderThread(Hail)
    heard: list[ReaderEvent | None] = []
    while not isinstance(heard[-1] if heard else None, StreamEnded):
        heard.append(feed.next_event(5))
        assert heard[-1] is not None
    assert isinstance(ended := heard[-1], StreamEnded)
    assert ended.error.code == "stream-refused"
    assert len(heard) <= MAX_PACKETS_PER_WINDOW + 2
