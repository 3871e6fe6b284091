"""RTSP sessions are kept alive for as long as a camera needs it, whatever it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from functions.recorder.camera.rtsp import RtspReader
from functions.recorder.errors import CameraDisconnected
from functions.recorder.packets import Packet
from shared.cameras.source import parse_source
from shared.net.pinned_connection import PinnedSocket
from tests.fakes.cameras.rtsp_challenges import PUBLIC, Challenges
from tests.fakes.cameras.rtsp_peer import PARAMETER_SETS, Answer, RtspPeer, RtspRequest

SOURCE = parse_source("rtsp://guest:secret@127.0.0.1:9000/live", allow_private=True)
PICTURE = b"\x65xyz"
OPENING = ["DESCRIBE", "SETUP", "PLAY", "OPTIONS"]


class Camera:
    """A camera that is read with a manual clock, in seconds."""

    def __init__(self, answer: Answer) -> None:
        self.now = 0.0
        self.clock: Callable[[], float] = lambda: self.now
        self.peer = RtspPeer(answer)
        self.reader = RtspReader(
            SOURCE, lambda: PinnedSocket(self.peer.client, idle_timeout_s=20), lambda: self.clock()
        )
        self._packets = self.reader.packets()
        self._picture_count = 0

    def read_picture(self) -> Packet:
        """Sends a picture and reads it, with all responses before it."""
        self._picture_count += 1
        number = self._picture_count
        self.peer.send_rtp(PICTURE, ticks=number * 9000, number=number)
        return self.read_next()

    def read_next(self) -> Packet:
        """Reads the next picture that was sent."""
        return next(self._packets)

    def play(self, duration_s: float, step_s: float = 0.5) -> None:
        """Reads a picture every `step_s`. Every request is answered before the next picture."""
        end = self.now + duration_s
        while self.now < end:
            assert self.read_picture().data == PARAMETER_SETS + b"\0\0\0\1" + PICTURE
            self.peer.wait_until_answered()
            self.now += step_s


@pytest.fixture
def open_camera() -> Iterator[Callable[[Answer], Camera]]:
    opened: list[Camera] = []

    def connect(answer: Answer) -> Camera:
        opened.append(Camera(answer))
        return opened[-1]

    yield connect
    for camera in opened:
        camera.peer.close()


CHALLENGES = {
    "a new nonce": Challenges(5, lambda n: f'realm="door", nonce="n{n}", stale=true'),
    "a new nonce for every request": Challenges(
        1, lambda n: f'realm="door", nonce="n{n}", stale=true, qop="auth"'
    ),
    "a new nonce without stale": Challenges(5, lambda n: f'realm="door", nonce="n{n}", qop="auth"'),
    "another realm": Challenges(5, lambda n: f'realm="door{n}", nonce="n{n}", algorithm=MD5'),
    "counted requests": Challenges(99, lambda n: f'realm="door", nonce="n{n}", qop="auth"'),
    "another algorithm": Challenges(
        5, lambda n: f'realm="door", nonce="n{n}", algorithm={"MD5" if n % 2 else "SHA-256"}'
    ),
}


@pytest.mark.parametrize("kind", CHALLENGES)
def test_refused_keepalive_is_answered_with_the_new_challenge(
    kind: str, open_camera: Callable[[Answer], Camera]
) -> None:
    camera = open_camera(CHALLENGES[kind])
    camera.play(60)
    assert camera.reader.dropped_count == 0
    accepted = [request for request in camera.peer.requests if request.method == "GET_PARAMETER"]
    assert len(accepted) >= 12


def test_same_nonce_in_a_new_challenge_is_counted_on(
    open_camera: Callable[[Answer], Camera],
) -> None:
    """A count that begins again is refused as a repeated request (RFC 7616 §3.4)."""
    counts: list[str] = []

    def answer(request: RtspRequest) -> Sequence[str]:
        count = request.field("nc")
        if not count or len(counts) in (3, 7):
            counts.append(count)
            challenge = 'Digest realm="door", nonce="n", qop="auth"'
            return ("401 Unauthorized", f"WWW-Authenticate: {challenge}")
        assert count not in counts
        counts.append(count)
        return ("200 OK", "Session: 7;timeout=10", PUBLIC)

    open_camera(answer).play(30)
    numbers = [int(count, 16) for count in counts if count]
    assert numbers == list(range(1, len(numbers) + 1))


def test_next_nonce_of_a_response_is_used(open_camera: Callable[[Answer], Camera]) -> None:
    refused: list[int] = []

    def answer(request: RtspRequest) -> Sequence[str]:
        if request.field("nonce") != f"n{request.number}":
            refused.append(request.number)
            challenge = f'Digest realm="door", nonce="n{request.number + 1}"'
            return ("401 Unauthorized", f"WWW-Authenticate: {challenge}")
        info = f'Authentication-Info: nextnonce="n{request.number + 1}"'
        return ("200 OK", "Session: 7;timeout=10", PUBLIC, info)

    open_camera(answer).play(30)
    assert refused == [0]


SESSIONS = {
    "7;timeout=10": 10, "7 ; Timeout = 10": 10, '7;timeout="10"': 10, "7;timeout=10s": 10,
    "7;timeout=4": 4, "7;timeout=2": 2, "7;x=1;timeout=30;y": 30, "7": 60, "7;timeout=0": 60,
    "7;timeout=": 60, "7;timeout=-5": 60, "7;timeout=never": 60, "7;timeout=86400": 60,
}  # fmt: skip


@pytest.mark.parametrize("session", SESSIONS)
def test_session_is_kept_alive_within_half_of_its_timeout(
    session: str, open_camera: Callable[[Answer], Camera]
) -> None:
    times: list[float] = []

    def answer(request: RtspRequest) -> Sequence[str]:
        if request.number > 3:
            times.append(camera.now)
        return ("200 OK", f"Session: {session}", PUBLIC)

    camera = open_camera(answer)
    timeout_s = SESSIONS[session]
    camera.play(2.5 * timeout_s, step_s=timeout_s / 20)
    steps = [b - a for a, b in zip([0.0, *times], [*times, camera.now], strict=True)]
    assert max(steps) <= timeout_s / 2
    assert len(times) < 12
    assert all("Session: 7\r\n" in request.text for request in camera.peer.requests[2:])


METHODS: dict[str, tuple[str, frozenset[str], str]] = {
    "GET_PARAMETER": (PUBLIC, frozenset(), "GET_PARAMETER"),
    "lower case": ("public: options,get_parameter", frozenset(), "GET_PARAMETER"),
    "no GET_PARAMETER": ("Public: OPTIONS, SET_PARAMETER", frozenset(), "SET_PARAMETER"),
    "OPTIONS only": ("Public: OPTIONS, DESCRIBE, SETUP, PLAY", frozenset(), "OPTIONS"),
    "no list": ("X: y", frozenset(), "OPTIONS"),
    "a false list": (PUBLIC, frozenset({"GET_PARAMETER"}), "SET_PARAMETER"),
    "no OPTIONS": ("X: y", frozenset({"OPTIONS"}), "GET_PARAMETER"),
    "SET_PARAMETER only": ("X: y", frozenset({"OPTIONS", "GET_PARAMETER"}), "SET_PARAMETER"),
}


@pytest.mark.parametrize("kind", METHODS)
def test_keepalive_uses_a_method_that_the_camera_knows(
    kind: str, open_camera: Callable[[Answer], Camera]
) -> None:
    public, refused, expected = METHODS[kind]

    def answer(request: RtspRequest) -> Sequence[str]:
        if request.method in refused:
            return ("405 Method Not Allowed",)
        return ("200 OK", "Session: 7;timeout=10", public)

    camera = open_camera(answer)
    camera.play(40)
    methods = [request.method for request in camera.peer.requests[3:]]
    assert methods[-4:] == [expected] * 4
    assert sum(method in refused for method in methods) == len(refused)


@pytest.mark.parametrize("first", ["X: y", "Public: DESCRIBE, PLAY", PUBLIC])
@pytest.mark.parametrize("later", ["X: y", "Public: DESCRIBE, PLAY", PUBLIC])
def test_camera_that_refuses_every_method_is_read_on(
    first: str, later: str, open_camera: Callable[[Answer], Camera]
) -> None:
    def answer(request: RtspRequest) -> Sequence[str]:
        if request.method in OPENING[:3]:
            return ("200 OK", "Session: 7;timeout=10")
        return ("501 Not Implemented", first if request.method == "OPTIONS" else later)

    open_camera(answer).play(40)


@pytest.mark.parametrize("status", ["454 Session Not Found", "401 Unauthorized"])
def test_ended_session_is_a_lost_connection(
    status: str, open_camera: Callable[[Answer], Camera]
) -> None:
    """The recorder connects again. A password that is no longer accepted is tried a few times."""

    def answer(request: RtspRequest) -> Sequence[str]:
        if request.number < 5:
            return ("200 OK", "Session: 7;timeout=10", PUBLIC)
        return (status, f'WWW-Authenticate: Digest realm="door", nonce="n{request.number}"')

    camera = open_camera(answer)
    with pytest.raises(CameraDisconnected, match="ended the session"):
        camera.play(60)
    assert len(camera.peer.requests) <= 10


def test_camera_is_kept_alive_while_it_sends_no_pictures(
    open_camera: Callable[[Answer], Camera],
) -> None:
    """The reader does not wait for a packet before it sends a keepalive."""

    def answer(request: RtspRequest) -> Sequence[str]:
        if request.number == 6:
            camera.peer.send_rtp(PICTURE)
        return ("200 OK", "Session: 7;timeout=0.3", PUBLIC)

    camera = open_camera(answer)
    camera.clock = time.monotonic
    camera.read_next()
    assert len(camera.peer.requests) >= 7


def test_request_of_the_camera_is_answered(open_camera: Callable[[Answer], Camera]) -> None:
    camera = open_camera(lambda _: ("200 OK", "Session: 7", PUBLIC))
    camera.peer.send(b"OPTIONS rtsp://127.0.0.1/live RTSP/1.0\r\nCSeq: 41\r\n\r\n")
    camera.read_picture()
    camera.peer.wait_until_answered()
    assert camera.peer.responses == ["RTSP/1.0 200 OK\r\nCSeq: 41\r\n\r\n"]
