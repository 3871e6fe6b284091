"""H.264 (RFC 6184) and H.265 (RFC 7798) from RTP payloads, as access units with start codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from functions.recorder.camera.rtp import (
    MAX_ACCESS_UNIT_BYTES,
    AccessUnit,
    AccessUnitAssembler,
    RtpPacket,
)
from functions.recorder.errors import StreamRefused

START_CODE = b"\0\0\0\1"
_H264_STAP_A, _H264_FU_A = 24, 28
_H264_IDR, _H264_SPS, _H264_PPS = 5, 7, 8
_H265_AP, _H265_FU = 48, 49
_H265_VPS, _H265_SPS, _H265_PPS = 32, 33, 34
_H265_FIRST_RANDOM_ACCESS, _H265_LAST_RANDOM_ACCESS = 16, 21


class _NalUnitDepacketizer(AccessUnitAssembler):
    """Assembles pictures from NAL units.

    `parameter_sets` are those of the camera's SDP. A keyframe that comes without some of its
    parameter sets gets the last known ones, so that it can be decoded alone.
    """

    parameter_set_types: tuple[int, ...]
    header_bytes: int
    aggregation_type: int
    fragmentation_type: int

    def __init__(self, parameter_sets: Sequence[bytes]) -> None:
        super().__init__()
        self.parameter_sets = {
            self.nal_unit_type(unit): unit
            for unit in parameter_sets
            if len(unit) > self.header_bytes
        }
        self._fragment: bytearray | None = None

    def nal_unit_type(self, unit: bytes) -> int:
        """Returns `nal_unit_type` of a NAL unit."""
        raise NotImplementedError

    def is_random_access(self, kind: int) -> bool:
        """Whether decoding can begin at a NAL unit of this type."""
        raise NotImplementedError

    def fragment_header(self, payload: bytes) -> bytes:
        """Returns the header of the NAL unit that a fragment belongs to."""
        raise NotImplementedError

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        yield from self.begin_packet(packet)
        if packet.lost_count or packet.is_restart:
            self._fragment = None
        payload = packet.payload
        if len(payload) > self.header_bytes:
            kind = self.nal_unit_type(payload)
            if kind == self.aggregation_type:
                self._split_aggregate(payload)
            elif kind == self.fragmentation_type:
                self._join_fragment(payload)
            elif kind < self.aggregation_type:
                self.add_nal_unit(payload)
        if packet.marker:
            yield from self.flush()

    def assemble(self, ticks: int, units: list[bytes], is_broken: bool) -> Iterator[AccessUnit]:
        kinds = [self.nal_unit_type(unit) for unit in units]
        is_keyframe = any(self.is_random_access(kind) for kind in kinds)
        for kind, unit in zip(kinds, units, strict=True):
            if kind in self.parameter_set_types:
                self.parameter_sets[kind] = unit
        if is_keyframe:
            missing = [kind for kind in self.parameter_set_types if kind not in kinds]
            units = [
                self.parameter_sets[kind] for kind in missing if kind in self.parameter_sets
            ] + units
            is_keyframe = all(kind in self.parameter_sets for kind in self.parameter_set_types)
        if not any(kind not in self.parameter_set_types for kind in kinds):
            # Parameter sets with a timestamp of their own go with the next keyframe.
            return
        data = b"".join(START_CODE + unit for unit in units)
        yield AccessUnit(ticks, is_keyframe, data, is_broken)

    def _split_aggregate(self, payload: bytes) -> None:
        offset = self.header_bytes
        while offset + 2 < len(payload):
            size = int.from_bytes(payload[offset : offset + 2])
            unit = payload[offset + 2 : offset + 2 + size]
            if len(unit) < max(size, self.header_bytes + 1):
                self.mark_broken()
                return
            self.add_nal_unit(unit)
            offset += 2 + size

    def _join_fragment(self, payload: bytes) -> None:
        header = payload[self.header_bytes]
        is_start, is_end = header & 0x80, header & 0x40
        if is_start:
            self._fragment = bytearray(self.fragment_header(payload))
        if self._fragment is None:
            self.mark_broken()
            return
        self._fragment += payload[self.header_bytes + 1 :]
        if len(self._fragment) > MAX_ACCESS_UNIT_BYTES:
            raise StreamRefused
        if is_end:
            self.add_nal_unit(bytes(self._fragment))
            self._fragment = None


class H264Depacketizer(_NalUnitDepacketizer):
    """H.264: RFC 6184, packetization modes 0 and 1."""

    parameter_set_types = (_H264_SPS, _H264_PPS)
    header_bytes, aggregation_type, fragmentation_type = 1, _H264_STAP_A, _H264_FU_A

    def nal_unit_type(self, unit: bytes) -> int:
        return unit[0] & 31

    def is_random_access(self, kind: int) -> bool:
        return kind == _H264_IDR

    def fragment_header(self, payload: bytes) -> bytes:
        return bytes([(payload[0] & 0xE0) | (payload[1] & 31)])


class H265Depacketizer(_NalUnitDepacketizer):
    """H.265: RFC 7798, without decoding order numbers (sprop-max-don-diff 0)."""

    parameter_set_types = (_H265_VPS, _H265_SPS, _H265_PPS)
    header_bytes, aggregation_type, fragmentation_type = 2, _H265_AP, _H265_FU

    def nal_unit_type(self, unit: bytes) -> int:
        return (unit[0] >> 1) & 63

    def is_random_access(self, kind: int) -> bool:
        return _H265_FIRST_RANDOM_ACCESS <= kind <= _H265_LAST_RANDOM_ACCESS

    def fragment_header(self, payload: bytes) -> bytes:
        return bytes([(payload[0] & 0x81) | ((payload[2] & 63) << 1), payload[1]])
