"""Reads the descriptors of a stream from the program map of an MPEG transport stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from shared.media.containers.range_file import RangeFile

_PACKET_BYTES, _HEADER_BYTES, _CRC_BYTES = 188, 4, 4
_STRIDES = (188, 192, 204)
"""Packets of ISO/IEC 13818-1, with a time stamp before them (M2TS), with error correction after."""
_SYNC = 0x47
_SCAN_BYTES = 2 << 20
"""Program maps are repeated at least every half second."""
_PROGRAM_MAP_TABLE = 2
_MAX_SECTION_BYTES = 1024


def read_descriptors(file: BinaryIO | RangeFile, pid: int) -> dict[int, bytes]:
    """Returns the descriptors of the elementary stream, by tag (ISO/IEC 13818-1 §2.4.4.9)."""
    file.seek(0)
    data = file.read(_SCAN_BYTES)
    for section in _sections(data):
        program_info = int.from_bytes(section[10:12], "big") & 0xFFF
        at = 12 + program_info
        while at + 5 <= len(section) - _CRC_BYTES:
            stream_pid = int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF
            length = int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF
            if stream_pid == pid:
                return _parse(section[at + 5 : at + 5 + length])
            at += 5 + length
    return {}


def _parse(data: bytes) -> dict[int, bytes]:
    result, at = {}, 0
    while at + 2 <= len(data):
        result[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return result


def _sections(data: bytes) -> Iterator[bytes]:
    """Yields the sections of program maps, each put together from the packets of its PID."""
    parts: dict[int, bytes] = {}
    for packet in _packets(data):
        pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
        has_adaptation, has_payload = packet[3] & 0x20, packet[3] & 0x10
        start = _HEADER_BYTES + (1 + packet[4] if has_adaptation else 0)
        payload = packet[start:]
        if not has_payload or not payload:
            continue
        if packet[1] & 0x40:
            parts[pid] = payload[1 + payload[0] :]
        elif pid in parts:
            parts[pid] += payload
        section = parts.get(pid, b"")
        if section[:1] != bytes([_PROGRAM_MAP_TABLE]):
            parts.pop(pid, None)
            continue
        length = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
        if 3 < length <= len(section) and length <= _MAX_SECTION_BYTES:
            del parts[pid]
            yield section[:length]


def _packets(data: bytes) -> Iterator[bytes]:
    for stride in _STRIDES:
        for first in range(stride):
            if all(data[first + n * stride : first + n * stride + 1] == b"G" for n in range(5)):
                for at in range(first, len(data) - _PACKET_BYTES + 1, stride):
                    if data[at] == _SYNC:
                        yield data[at : at + _PACKET_BYTES]
                return
