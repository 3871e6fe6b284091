"""The server's side of one RTSP connection, answered as a test says and without a clock of its
own."""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence

from tests.fakes.cameras.camera import read_head

SDP = (
    "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
    "a=fmtp:96 sprop-parameter-sets=Z2E=,aGI=", "a=control:v",
)  # fmt: skip
"""H.264; the parameter sets are no real ones."""
PARAMETER_SETS = b"\0\0\0\1ga\0\0\0\1hb"

Answer = Callable[["RtspRequest"], Sequence[str]]


class RtspRequest:
    """A request of the client. `number` counts requests from 0."""

    def __init__(self, text: str, number: int) -> None:
        self.text, self.number = text, number
        self.method = text.partition(" ")[0]

    def field(self, name: str) -> str:
        """A field of the Authorization header, "" for none."""
        match = re.search(rf'Authorization:.*?\b{name}="?([^",\r\n]*)', self.text)
        return match[1] if match else ""

    @property
    def sequence(self) -> str:
        match = re.search(r"CSeq: (\d+)", self.text)
        assert match
        return match[1]


class RtspPeer:
    """Answers requests with the lines that `answer` returns: the status, then headers. No lines
    mean 200. Pictures are sent when the test says so."""

    def __init__(self, answer: Answer, sdp: Sequence[str] = SDP) -> None:
        self.client, self._socket = socket.socketpair()
        self.requests: list[RtspRequest] = []
        self._answer = answer
        self._sdp = "\r\n".join([*sdp, ""]).encode()
        self.responses: list[str] = []
        self._is_serving = threading.Lock()
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def wait_until_answered(self) -> None:
        """Waits until every request that the client has sent is answered."""
        while True:
            with self._is_serving:
                if not select.select([self._socket], [], [], 0)[0]:
                    return
            time.sleep(0.001)

    def send_rtp(
        self, payload: bytes, *, ticks: int = 0, number: int = 0, kind: int = 96, ssrc: int = 1,
        channel: int = 0,
    ) -> None:  # fmt: skip
        """Sends an RTP packet that ends a picture."""
        data = struct.pack(">BBHII", 128, 128 | kind, number & 0xFFFF, ticks % (1 << 32), ssrc)
        data += payload
        self.send(struct.pack(">BBH", 0x24, channel, len(data)) + data)

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        with self._lock:
            self._socket.sendall(data)

    def close(self) -> None:
        """Closes both ends."""
        for item in (self._socket, self.client):
            item.close()

    def _serve(self) -> None:
        try:
            while True:
                select.select([self._socket], [], [])
                with self._is_serving:
                    text = read_head(self._socket)
                    if text.startswith("RTSP/"):
                        self.responses.append(text)
                        continue
                    request = RtspRequest(text, len(self.requests))
                    self.requests.append(request)
                    self._respond(request)
        except (OSError, ValueError):
            return

    def _respond(self, request: RtspRequest) -> None:
        status, *headers = self._answer(request) or ["200 OK"]
        body = b""
        if request.method == "DESCRIBE" and status.startswith("200"):
            body = self._sdp
            headers = [*headers, f"Content-Length: {len(body)}"]
        lines = [f"RTSP/1.0 {status}", f"CSeq: {request.sequence}", *headers, "", ""]
        self.send("\r\n".join(lines).encode() + body)
