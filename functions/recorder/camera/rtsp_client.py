"""RTSP requests and responses (RFC 2326) on one TCP connection, interleaved with RTP packets.

No library is used: their clients resolve names again, follow redirects and open further
connections on the camera's request. This client uses only the connection whose address was checked.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from functions.recorder.camera.auth import Challenge, read_challenge
from functions.recorder.camera.connection import CameraConnection
from functions.recorder.errors import (
    CameraDisconnected,
    CameraRedirectRefused,
    CameraUnauthorized,
    NoSuchStream,
    NotACamera,
    StreamRefused,
)
from shared.cameras.source import Source

MAX_BODY_BYTES = 64 << 10
MAX_EARLY_FRAMES = 64
"""Interleaved packets that may arrive before the response to a request."""
DEFAULT_SESSION_TIMEOUT_S = 60.0
"""When a server ends a silent session without saying so (RFC 2326 §12.37)."""
KEEPALIVE_METHODS = ("GET_PARAMETER", "SET_PARAMETER", "OPTIONS")
"""Best first. Servers list in the header `Public` which ones they know."""
_ANSWERED_METHODS = frozenset({b"OPTIONS", b"GET_PARAMETER", b"SET_PARAMETER"})
"""With these, cameras ask whether their client still exists."""
MAX_KEEPALIVE_ATTEMPTS = 4
"""The requests of one keepalive: with a new nonce, or with another method."""
_SECONDS = re.compile(r'\s*"?\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)')
_INTERLEAVED_MARK = b"$"
"""The `$` before an interleaved packet (RFC 2326 §10.12)."""


@dataclass(frozen=True, slots=True)
class RtspResponse:
    """A response. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class InterleavedFrame(NamedTuple):
    """An RTP or RTCP packet, its channel, and its arrival in seconds since 1970."""

    channel: int
    arrived_at: float
    data: bytes


class RtspClient:
    """The client's side of one RTSP session. `session_id` is sent with every request once it is
    set; `session_timeout_s` is when the server ends the session without a request."""

    def __init__(
        self,
        source: Source,
        connection: CameraConnection,
        arrival_clock: Callable[[], float] = time.time,
    ) -> None:
        self.session_id = ""
        self.session_timeout_s = DEFAULT_SESSION_TIMEOUT_S
        self._source = source
        self._connection = connection
        self._arrival_clock = arrival_clock
        self._sequence = 0
        self._challenge: Challenge | None = None
        self._early_frames: list[InterleavedFrame] = []
        self._keepalive_uri = ""
        self._keepalive_methods = ["OPTIONS"]
        self._refused_methods: set[str] = set()
        self._keepalive_attempts = 0

    def request(
        self, method: str, uri: str, headers: Mapping[str, str] | None = None
    ) -> RtspResponse:
        """Sends a request and returns its response, after authentication if the server requires
        it. Raises the error of an unsuccessful status."""
        for attempt in (1, 2, 3):
            sequence = self.send(method, uri, headers)
            response = self._read_response(sequence)
            if response.status == 401 and self._source.user:
                self._challenge = self._read_challenge(response)
                if attempt == 1 or self._challenge.is_stale:
                    continue
            _raise_for_status(response.status)
            self._read_session(response)
            return response
        raise CameraUnauthorized

    def start_keepalive(self, uri: str) -> None:
        """Asks, without waiting for the response, which methods the server knows; `keep_alive` uses
        the best one for `uri`."""
        self._keepalive_uri = uri
        self._keepalive_methods = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"]
        self.keep_alive()

    def keep_alive(self) -> None:
        """Sends a request that keeps the session alive, without waiting for its response."""
        self._keepalive_attempts = 0
        self._send_keepalive()

    def send(self, method: str, uri: str, headers: Mapping[str, str] | None = None) -> int:
        """Sends a request without waiting for its response. Returns its sequence number."""
        self._sequence += 1
        lines = [
            f"{method} {uri} RTSP/1.0",
            f"CSeq: {self._sequence}",
            "User-Agent: Moodreel-Recorder/1",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        if self.session_id:
            lines.append(f"Session: {self.session_id}")
        if self._challenge is not None:
            user, password = self._source.user, self._source.password
            lines.append(
                f"Authorization: {self._challenge.build_authorization(user, password, method, uri)}"
            )
        self._connection.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        return self._sequence

    def wait_readable(self, timeout_s: float) -> bool:
        """Waits for a message for at most `timeout_s`. Returns whether there is one."""
        return bool(self._early_frames) or self._connection.wait_readable(timeout_s)

    def read_frame(self) -> InterleavedFrame | None:
        """Returns the next interleaved packet, None for another message. A refused keepalive is
        sent again. Raises CameraDisconnected when the session has ended."""
        if self._early_frames:
            return self._early_frames.pop(0)
        if self._connection.peek(1) == _INTERLEAVED_MARK:
            return self._read_interleaved()
        response = self._read_message()
        if response is not None:
            self._on_keepalive_response(response)
        return None

    def mark_open(self) -> None:
        """Ends the opening phase of the connection."""
        self._connection.mark_open()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _send_keepalive(self) -> None:
        self._keepalive_attempts += 1
        if self._keepalive_attempts > MAX_KEEPALIVE_ATTEMPTS:
            raise CameraDisconnected("The camera has ended the session.")
        self.send(self._keepalive_methods[0], self._keepalive_uri)

    def _on_keepalive_response(self, response: RtspResponse) -> None:
        if response.status == 454 or (response.status == 401 and not self._source.user):
            raise CameraDisconnected("The camera has ended the session.")
        if response.status == 401:
            self._challenge = self._read_challenge(response)
            self._send_keepalive()
            return
        if "public" in response.headers:
            public = {name.strip().upper() for name in response.headers["public"].split(",")}
            usable = (public | {"OPTIONS"}) - self._refused_methods
            known = [name for name in KEEPALIVE_METHODS if name in usable]
            self._keepalive_methods = known or ["OPTIONS"]
        if response.status >= 400 and len(self._keepalive_methods) > 1:
            self._refused_methods.add(self._keepalive_methods.pop(0))
            self._send_keepalive()
        self._read_session(response)

    def _read_challenge(self, response: RtspResponse) -> Challenge:
        headers = response.headers.get("www-authenticate", "").split("\n")
        return read_challenge(headers).follow(self._challenge)

    def _read_session(self, response: RtspResponse) -> None:
        """Reads the session's timeout and the next nonce from a response."""
        for field in response.headers.get("session", "").split(";")[1:]:
            name, _, value = field.partition("=")
            match = _SECONDS.match(value)
            if name.strip().lower() == "timeout" and match and float(match[1]) > 0:
                self.session_timeout_s = float(match[1])
        if self._challenge is not None:
            info = response.headers.get("authentication-info", "")
            self._challenge = self._challenge.read_next_nonce(info)

    def _read_response(self, sequence: int) -> RtspResponse:
        while True:
            if self._connection.peek(1) == _INTERLEAVED_MARK:
                if len(self._early_frames) > MAX_EARLY_FRAMES:
                    raise StreamRefused
                self._early_frames.append(self._read_interleaved())
                continue
            response = self._read_message()
            if response is not None and response.headers.get("cseq", "").strip() == str(sequence):
                return response

    def _read_interleaved(self) -> InterleavedFrame:
        header = self._connection.read_exactly(4)
        data = self._connection.read_exactly(int.from_bytes(header[2:4]))
        return InterleavedFrame(header[1], self._arrival_clock(), data)

    def _read_message(self) -> RtspResponse | None:
        """Returns a response, or None for a request of the camera."""
        first_line = self._connection.read_line()
        if not first_line:
            return None
        headers = self._connection.read_headers()
        length = headers.get("content-length", "0").strip()
        if not length.isdigit() or len(length) > 9 or int(length) > MAX_BODY_BYTES:
            raise StreamRefused
        body = self._connection.read_exactly(int(length))
        words = first_line.split()
        if words[0] == b"REDIRECT":
            raise CameraRedirectRefused
        if words[0].startswith(b"RTSP/1.") and len(words) > 1 and words[1].isdigit():
            return RtspResponse(int(words[1][:4]), headers, body)
        if words[-1].startswith(b"RTSP/1."):
            if words[0] in _ANSWERED_METHODS and headers.get("cseq", "").isdigit():
                self._connection.send(
                    f"RTSP/1.0 200 OK\r\nCSeq: {headers['cseq']}\r\n\r\n".encode()
                )
            # Others are ignored; a camera that waits for a response sends its request again.
            return None
        raise NotACamera


def _raise_for_status(status: int) -> None:
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
