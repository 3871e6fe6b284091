"""RTSP requests and responses (RFC 2326) on one TCP connection, interleaved with RTP packets.

No library is used: their clients resolve names again, follow redirects and open further
connections on the camera's request. This client uses only the connection whose address was checked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
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
    set."""

    def __init__(self, source: Source, connection: CameraConnection) -> None:
        self.session_id = ""
        self._source = source
        self._connection = connection
        self._sequence = 0
        self._challenge: Challenge | None = None
        self._early_frames: list[InterleavedFrame] = []

    def request(
        self, method: str, uri: str, headers: Mapping[str, str] | None = None
    ) -> RtspResponse:
        """Sends a request and returns its response, after authentication if the server requires
        it. Raises the error of an unsuccessful status."""
        for attempt in (1, 2):
            sequence = self.send(method, uri, headers)
            response = self._read_response(sequence)
            if response.status == 401 and attempt == 1 and self._source.user:
                self._challenge = read_challenge(
                    response.headers.get("www-authenticate", "").split("\n")
                )
                continue
            _raise_for_status(response.status)
            return response
        raise CameraUnauthorized

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

    def read_frame(self) -> InterleavedFrame:
        """Returns the next interleaved packet. Responses to `send` are read and dropped. Raises
        CameraDisconnected when one says that the session has ended."""
        if self._early_frames:
            return self._early_frames.pop(0)
        while self._connection.peek(1) != _INTERLEAVED_MARK:
            response = self._read_message()
            if response is not None and response.status in (401, 454):
                raise CameraDisconnected("The camera has ended the session.")
        return self._read_interleaved()

    def mark_open(self) -> None:
        """Ends the opening phase of the connection."""
        self._connection.mark_open()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

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
        return InterleavedFrame(header[1], time.time(), data)

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
            # Requests of the camera are ignored; a camera that waits for a response sends it again.
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
