"""H.264 (RFC 6184) and H.265 (RFC 7798) out of RTP, as streams with start codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from functions.recorder.camera.rtp import UNIT_MOST_BYTES, Gathering, RtpPacket, Unit
from functions.recorder.errors import StreamRefused

START = b"\0\0\0\1"
_H264_STAP_A, _H264_FU_A = 24, 28
_H264_IDR, _H264_SPS, _H264_PPS = 5, 7, 8
_H265_AP, _H265_FU = 48, 49
_H265_VPS, _H265_SPS, _H265_PPS = 32, 33, 34
_H265_FIRST_RANDOM_ACCESS, _H265_LAST_RANDOM_ACCESS = 16, 21


class _Units(Gathering):
    """Pictures made of NAL units. `known` are parameter sets that the camera described before its
    stream began; a key picture that comes without some is given them, so that it stands alone."""

    parameter_kinds: tuple[int, ...]
    header_bytes: int
    aggregate: int
    fragment: int

    def __init__(self, known: Sequence[bytes]) -> None:
        super().__init__()
        self.known = {self.kind(unit): unit for unit in known if len(unit) > self.header_bytes}
        self._fragment: bytearray | None = None

    def kind(self, unit: bytes) -> int:
        raise NotImplementedError

    def opens(self, kind: int) -> bool:
        """Whether decoding may begin at a unit of this kind."""
        raise NotImplementedError

    def fragment_head(self, payload: bytes) -> bytes:
        """The header of the unit that is sent in fragments."""
        raise NotImplementedError

    def add(self, packet: RtpPacket) -> Iterator[Unit]:
        yield from self.begin(packet)
        if packet.lost:
            self._fragment = None
        payload = packet.payload
        if len(payload) > self.header_bytes:
            kind = self.kind(payload)
            if kind == self.aggregate:
                self._split(payload)
            elif kind == self.fragment:
                self._join(payload)
            elif kind < self.aggregate:
                self.keep(payload)
        if packet.marker:
            yield from self.end()

    def whole(self, ticks: int, units: list[bytes], broken: bool) -> Iterator[Unit]:
        kinds = [self.kind(unit) for unit in units]
        key = any(self.opens(kind) for kind in kinds)
        for kind, unit in zip(kinds, units, strict=True):
            if kind in self.parameter_kinds:
                self.known[kind] = unit
        if key:
            missing = [one for one in self.parameter_kinds if one not in kinds]
            units = [self.known[one] for one in missing if one in self.known] + units
            key = all(one in self.known for one in self.parameter_kinds)
        if not any(kind not in self.parameter_kinds for kind in kinds):
            # Parameter sets with a time of their own: they go with the next key picture.
            return
        yield Unit(ticks, key, b"".join(START + unit for unit in units), broken)

    def _split(self, payload: bytes) -> None:
        at = self.header_bytes
        while at + 2 < len(payload):
            size = int.from_bytes(payload[at : at + 2])
            unit = payload[at + 2 : at + 2 + size]
            if len(unit) < max(size, self.header_bytes + 1):
                self.spoil()
                return
            self.keep(unit)
            at += 2 + size

    def _join(self, payload: bytes) -> None:
        place = self.header_bytes
        start, end = payload[place] & 0x80, payload[place] & 0x40
        if start:
            self._fragment = bytearray(self.fragment_head(payload))
        if self._fragment is None:
            self.spoil()
            return
        self._fragment += payload[place + 1 :]
        if len(self._fragment) > UNIT_MOST_BYTES:
            raise StreamRefused
        if end:
            self.keep(bytes(self._fragment))
            self._fragment = None


class H264(_Units):
    """RFC 6184, packetization modes 0 and 1."""

    parameter_kinds = (_H264_SPS, _H264_PPS)
    header_bytes, aggregate, fragment = 1, _H264_STAP_A, _H264_FU_A

    def kind(self, unit: bytes) -> int:
        return unit[0] & 31

    def opens(self, kind: int) -> bool:
        return kind == _H264_IDR

    def fragment_head(self, payload: bytes) -> bytes:
        return bytes([(payload[0] & 0xE0) | (payload[1] & 31)])


class H265(_Units):
    """RFC 7798, without decoding order numbers (sprop-max-don-diff 0)."""

    parameter_kinds = (_H265_VPS, _H265_SPS, _H265_PPS)
    header_bytes, aggregate, fragment = 2, _H265_AP, _H265_FU

    def kind(self, unit: bytes) -> int:
        return (unit[0] >> 1) & 63

    def opens(self, kind: int) -> bool:
        return _H265_FIRST_RANDOM_ACCESS <= kind <= _H265_LAST_RANDOM_ACCESS

    def fragment_head(self, payload: bytes) -> bytes:
        return bytes([(payload[0] & 0x81) | ((payload[2] & 63) << 1), payload[1]])
