"""RTSP (RFC 2326) over one TCP connection, pictures and sound interleaved with the answers.

Spoken by ourselves, since a library's client resolves names again, follows redirects and opens
further connections as the camera tells it to; this one never leaves the connection that was judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from functions.recorder.camera.auth import Challenge, read_challenge
from functions.recorder.camera.connection import CameraConnection
from functions.recorder.camera.picture_size import read_picture_size
from functions.recorder.camera.rtp import RtpReceiver
from functions.recorder.camera.sdp import SdpTrack, parse_sdp
from functions.recorder.errors import (
    CameraDisconnected,
    CameraRedirectRefused,
    CameraUnauthorized,
    NoSuchStream,
    NotACamera,
    StreamRefused,
)
from functions.recorder.packets import Packet, Track
from shared.cameras.source import Source

MAX_HEADERS = 64
MAX_BODY_BYTES = 64 << 10
KEEPALIVE_INTERVAL_S = 20.0
"""Servers end a session after 60 s of silence when they name no time of their own."""
_DOLLAR = 0x24


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class RtspReader:
    """A camera's first video track, and its sound when we can keep it."""

    def __init__(self, source: Source, connect: Callable[[], CameraConnection]) -> None:
        self._source = source
        self._base = f"rtsp://{source.authority}{source.path}"
        self._sequence = 0
        self._session = ""
        self._challenge: Challenge | None = None
        self._early: list[tuple[int, float, bytes]] = []
        self.dropped_count = 0
        self._wire = connect()
        try:
            self._offers = self._describe()
            self._channels = self._set_up()
            self._origins = self._play()
            self._wire.mark_open()
        except BaseException:
            self.close()
            raise
        self.tracks: tuple[Track, ...] = tuple(one.track for one in self._offers)

    def packets(self) -> Iterator[Packet]:
        sequences = [RtpReceiver() for _ in self._offers]
        began: float | None = None
        pings_at = time.monotonic() + KEEPALIVE_INTERVAL_S
        while True:
            if time.monotonic() > pings_at:
                pings_at = time.monotonic() + KEEPALIVE_INTERVAL_S
                self._send("GET_PARAMETER", self._base)
            channel, arrived, data = self._early.pop(0) if self._early else self._frame()
            number = self._channels.get(channel)
            if number is None:
                continue
            packet = sequences[number].parse(data)
            if packet is None:
                continue
            began = arrived if began is None else began
            self.dropped_count += packet.lost_count
            for unit in self._offers[number].depacketizer.add(packet):
                if unit.is_broken:
                    continue
                if unit.is_keyframe and number == 0 and not self.tracks[0].width:
                    self._look_at(unit.data)
                yield Packet(
                    number, self._pts(number, unit.ticks, arrived - began), unit.is_keyframe,
                    arrived,
                    unit.data,
                )  # fmt: skip

    def close(self) -> None:
        self._wire.close()

    def _pts(self, number: int, ticks: int, since_s: float) -> int:
        """Times of all tracks begin together: as the camera said, else by when they came."""
        if number not in self._origins:
            shift = round(since_s / self.tracks[number].time_base)
            self._origins[number] = ticks - shift
        return ticks - self._origins[number]

    def _look_at(self, data: bytes) -> None:
        width, height = read_picture_size(self.tracks[0].codec, data)
        self.tracks = (replace(self.tracks[0], width=width, height=height), *self.tracks[1:])

    # --- the conversation --------------------------------------------------------------------

    def _describe(self) -> tuple[SdpTrack, ...]:
        answer = self._ask("DESCRIBE", self._base, {"Accept": "application/sdp"})
        said = answer.headers.get("content-base") or answer.headers.get("content-location") or ""
        control, offers = parse_sdp(answer.body.decode("utf-8", "replace"))
        base = said.strip() or self._base
        self._base = _joined(base, control)
        return tuple(replace(one, control=_joined(self._base, one.control)) for one in offers)

    def _set_up(self) -> dict[int, int]:
        """→ the track by its channel."""
        channels: dict[int, int] = {}
        for number, offer in enumerate(self._offers):
            ours = f"{2 * number}-{2 * number + 1}"
            answer = self._ask(
                "SETUP", offer.control, {"Transport": f"RTP/AVP/TCP;unicast;interleaved={ours}"}
            )
            self._session = answer.headers.get("session", "").partition(";")[0].strip()
            told = [
                one.strip().removeprefix("interleaved=")
                for one in answer.headers.get("transport", "").split(";")
                if one.strip().startswith("interleaved=")
            ]
            channel = (told or [ours])[0].partition("-")[0]
            if not channel.isdigit() or int(channel) > 255:
                raise NotACamera
            channels[int(channel)] = number
        return channels

    def _play(self) -> dict[int, int]:
        """→ the time at which each track begins, as far as the camera says."""
        answer = self._ask("PLAY", self._base, {"Range": "npt=0.000-"})
        origins: dict[int, int] = {}
        rows = answer.headers.get("rtp-info", "").split(",")
        if len(rows) != len(self._offers):
            return origins
        for number, row in enumerate(rows):
            told = dict(one.strip().partition("=")[::2] for one in row.split(";"))
            stamp = told.get("rtptime", "")
            if not stamp.isdigit() or int(stamp) >= 1 << 32:
                return {}
            origins[number] = int(stamp)
        return origins

    def _ask(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> _Answer:
        for attempt in (1, 2):
            number = self._send(method, uri, headers)
            answer = self._answer_to(number)
            if answer.status == 401 and attempt == 1 and self._source.user:
                self._challenge = read_challenge(
                    answer.headers.get("www-authenticate", "").split("\n")
                )
                continue
            _judge(answer.status)
            return answer
        raise CameraUnauthorized

    def _send(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> int:
        self._sequence += 1
        lines = [
            f"{method} {uri} RTSP/1.0",
            f"CSeq: {self._sequence}",
            "User-Agent: Moodreel-Recorder/1",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        if self._session:
            lines.append(f"Session: {self._session}")
        if self._challenge is not None:
            user, password = self._source.user, self._source.password
            lines.append(
                f"Authorization: {self._challenge.build_authorization(user, password, method, uri)}"
            )
        self._wire.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        return self._sequence

    def _answer_to(self, number: int) -> _Answer:
        while True:
            if self._wire.peek_byte() == _DOLLAR:
                if len(self._early) > MAX_HEADERS:
                    raise StreamRefused
                self._early.append(self._interleaved())
                continue
            answer = self._message()
            if answer is not None and answer.headers.get("cseq", "").strip() == str(number):
                return answer

    def _frame(self) -> tuple[int, float, bytes]:
        """The next interleaved packet; answers to our pings are read on the way."""
        while self._wire.peek_byte() != _DOLLAR:
            answer = self._message()
            if answer is not None and answer.status in (401, 454):
                raise CameraDisconnected("The camera has ended the session.")
        return self._interleaved()

    def _interleaved(self) -> tuple[int, float, bytes]:
        head = self._wire.read_exactly(4)
        data = self._wire.read_exactly(int.from_bytes(head[2:4]))
        return head[1], time.time(), data

    def _message(self) -> _Answer | None:
        """An answer, or None for a request of the camera's."""
        first = self._wire.read_line()
        if not first:
            return None
        headers = self._headers()
        length = headers.get("content-length", "0").strip()
        if not length.isdigit() or len(length) > 9 or int(length) > MAX_BODY_BYTES:
            raise StreamRefused
        body = self._wire.read_exactly(int(length))
        words = first.split()
        if words[0] == b"REDIRECT":
            raise CameraRedirectRefused
        if words[0].startswith(b"RTSP/1.") and len(words) > 1 and words[1].isdigit():
            return _Answer(int(words[1][:4]), headers, body)
        if words[-1].startswith(b"RTSP/1."):
            # We take no orders; a camera that waits for an answer to one asks again.
            return None
        raise NotACamera

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(MAX_HEADERS):
            line = self._wire.read_line()
            if not line:
                return found
            name, _, value = line.decode("latin-1").partition(":")
            name = name.strip().lower()
            found[name] = f"{found[name]}\n{value.strip()}" if name in found else value.strip()
        raise StreamRefused("The camera's answer has headers without end.")


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise CameraRedirectRefused
    if status in (401, 403):
        raise CameraUnauthorized
    if status in (404, 410, 454):
        raise NoSuchStream
    if status == 453 or status >= 500:
        raise CameraDisconnected(f"The camera answered {status}: it cannot serve us now.")
    raise NotACamera(f"The camera answered {status}; RTSP over TCP may be switched off in it.")


def _joined(base: str, control: str) -> str:
    """RFC 2326 §C.1.1. The result is only a name in requests: nothing is connected to by it, and
    no password of ours is in it."""
    control = control.strip()
    if control in ("", "*"):
        found = base
    elif urlsplit(control).scheme:
        found = control
    else:
        found = f"{base.rstrip('/')}/{control}"
    if len(found) > 2000 or any(one <= " " or one > "~" for one in found):
        raise NotACamera
    return found
