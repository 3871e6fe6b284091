"""A fake camera that sends H.264 over RTSP with interleaved RTP."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import cached_property

from tests.fakes.cameras.camera import FakeCamera, read_head, respond
from tests.fakes.cameras.encoded_frames import RTP_CLOCK_HZ, EncodedFrame

AUDIO_PACKET_S = Fraction(1, 50)
"""A packet of G.711 holds 20 ms."""


class RtspCamera(FakeCamera):
    """H.264 in RTP within the RTSP connection, with Digest authentication if it has a password.
    With `has_audio` it also sends a track of G.711. `clock_jumps_s` says by how much the camera's
    clock is set before the frames of these numbers."""

    scheme = "rtsp"
    MAX_PAYLOAD_BYTES = 1400

    def __init__(
        self,
        frames: list[EncodedFrame],
        *,
        loops: bool = False,
        has_audio: bool = False,
        clock_jumps_s: Mapping[int, float] | None = None,
    ) -> None:
        self.clock_jumps_s = clock_jumps_s or {}
        self.has_audio = has_audio
        self.sends_redirect = False
        """Sends a REDIRECT request after five frames."""
        super().__init__(frames, loops=loops)

    @cached_property
    def _parameter_sets(self) -> str:
        units = [unit for unit in _split_units(self._frames[0].data) if unit[0] & 31 in (7, 8)]
        return ",".join(base64.b64encode(unit).decode() for unit in units)

    def serve(self, connection: socket.socket) -> None:
        if self.silent:
            self.wait_for_close(connection)
            return
        tracks: list[int] = []
        while True:
            request = read_head(connection)
            self.requests.append(request)
            method, uri = request.split()[:2]
            number = next(
                line.partition(":")[2].strip() for line in request.split("\r\n") if "CSeq" in line
            )
            head = f"\r\nCSeq: {number}"
            if self.redirect:
                respond(connection, f"RTSP/1.0 302 Moved{head}\r\nLocation: {self.redirect}")
                continue
            if self.password and not self._is_authorized(request, method, uri):
                headers = (
                    f'{head}\r\nWWW-Authenticate: Digest realm="door", nonce="abc", qop="auth"'
                )
                respond(connection, f"RTSP/1.0 401 Unauthorized{headers}")
                continue
            if method == "DESCRIBE":
                body = self._sdp().encode()
                headers = f"{head}\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}"
                respond(connection, f"RTSP/1.0 200 OK{headers}", body)
            elif method == "SETUP":
                tracks.append(len(tracks))
                lines = request.split("\r\n")
                transport = next(line for line in lines if line.startswith("Transport"))
                respond(
                    connection, f"RTSP/1.0 200 OK{head}\r\nSession: 7;timeout=60\r\n{transport}"
                )
            elif method == "PLAY":
                respond(connection, f"RTSP/1.0 200 OK{head}\r\nSession: 7")
                threading.Thread(target=self._listen, args=(connection,), daemon=True).start()
                self._play(connection, len(tracks) > 1)
                return
            else:
                respond(connection, f"RTSP/1.0 200 OK{head}\r\nPublic: DESCRIBE, SETUP, PLAY")

    def _is_authorized(self, request: str, method: str, uri: str) -> bool:
        # RFC 7616 §3.4.1 with MD5 and qop=auth.
        header = next((line for line in request.split("\r\n") if "Digest" in line), "")
        fields = {
            key.strip(): value.strip('"')
            for key, _, value in (field.partition("=") for field in header[22:].split(","))
        }
        secret = _md5(f"guest:door:{self.password}")
        nonces = f"abc:{fields.get('nc')}:{fields.get('cnonce')}:auth"
        return fields.get("response") == _md5(f"{secret}:{nonces}:{_md5(f'{method}:{uri}')}")

    def _listen(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(4096):
                self.requests.append(data.decode("latin-1"))

    def _sdp(self) -> str:
        lines = [
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=door", "t=0 0", "a=control:*",
            "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={self._parameter_sets}",
            "a=control:track0",
        ]  # fmt: skip
        if self.has_audio:
            lines += ["m=audio 0 RTP/AVP 8", "a=control:track1"]
        return "\r\n".join([*lines, ""])

    def _play(self, connection: socket.socket, has_audio: bool) -> None:
        # Sequence numbers and timestamps differ between clients; only the pictures are equal.
        start = int.from_bytes(hashlib.md5(str(self.client_count).encode()).digest()[:4])  # noqa: S324 - not for secrets; the protocol uses it
        sequence = start & 0xFFFF
        audio_time_s = self.position_s
        for count, frame in enumerate(self.play()):
            while has_audio and audio_time_s <= frame.time_s:
                stamp = (start + round(audio_time_s * 8000)) & 0xFFFFFFFF
                number = round(audio_time_s * 50) & 0xFFFF
                head = struct.pack(">BBHII", 128, 8, number, stamp, 2)
                _interleave(connection, 2, head + b"\xd5" * round(AUDIO_PACKET_S * 8000))
                audio_time_s += float(AUDIO_PACKET_S)
            if self.sends_redirect and count == 5:
                connection.sendall(b"REDIRECT rtsp://10.0.0.1/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            start += round(self.clock_jumps_s.get(count, 0) * RTP_CLOCK_HZ)
            stamp = (start + frame.pts) & 0xFFFFFFFF
            payloads = list(_payloads(frame.data, self.MAX_PAYLOAD_BYTES))
            for n, payload in enumerate(payloads):
                marker = 128 if n + 1 == len(payloads) else 0
                head = struct.pack(">BBHII", 128, marker | 96, sequence, stamp, 1)
                sequence = (sequence + 1) & 0xFFFF
                _interleave(connection, 0, head + payload)


def _interleave(connection: socket.socket, channel: int, data: bytes) -> None:
    connection.sendall(struct.pack(">BBH", 0x24, channel, len(data)) + data)


def _split_units(data: bytes) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.strip(b"\0")]


def _payloads(data: bytes, mtu: int) -> Iterator[bytes]:
    """RTP payloads (RFC 6184): single units, and larger ones in fragments (FU-A)."""
    for unit in _split_units(data):
        if len(unit) <= mtu:
            yield unit
            continue
        kind, flags = unit[0] & 31, unit[0] & 0xE0
        rest = unit[1:]
        for offset in range(0, len(rest), mtu):
            is_first, is_last = offset == 0, offset + mtu >= len(rest)
            header = bytes([flags | 28, is_first << 7 | is_last << 6 | kind])
            yield header + rest[offset : offset + mtu]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - not for secrets; the protocol uses it
