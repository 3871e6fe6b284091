"""Detects truncated files by the lengths that their containers declare, with few small reads."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO

from functions.upload_trigger.probes.duration import CLUSTER, TAIL_BYTES
from shared.media.containers.boxes import read_top_boxes
from shared.media.containers.range_file import RangeFile

_PACKET_BYTES = (188, 192, 204)
"""Of a transport stream as in ISO/IEC 13818-1, with the time stamps of Blu-ray discs and cameras,
and with the checksums of DVB."""
_BOX_HEADER_BYTES = 8
_SEGMENT = b"\x18\x53\x80\x67"
_HEAD_BYTES = 4096
_TAIL_BYTES = 128 << 10
"""Longer than two of the longest pages of Ogg and packets of MPEG-PS, of 64 KiB each."""
_PACK = b"\0\0\1\xba"
File = BinaryIO | RangeFile


def is_truncated(family: str, file: File, size_bytes: int) -> bool:
    """Returns True only if the container's structure proves it. `family` is FFmpeg's name."""
    check = _CHECKS.get(family)
    return check is not None and check(file, size_bytes)


def _mov(file: File, size_bytes: int) -> bool:
    """The last box ends beyond the file (ISO/IEC 14496-12 §4.2)."""
    end, has_fragments = 0, False
    for box in read_top_boxes(file, size_bytes):
        end, has_fragments = box.end, has_fragments or box.kind == b"moof"
    if 0 < size_bytes - end < _BOX_HEADER_BYTES:
        # Some writers of QuickTime end a list of boxes with zeros, but not one of fragments.
        return has_fragments or any(_read(file, end, size_bytes - end))
    return end > size_bytes


def _matroska(file: File, size_bytes: int) -> bool:
    """The segment ends beyond the file (RFC 8794 §6, RFC 9559 §5.1)."""
    head = _read(file, 0, _HEAD_BYTES)
    at = head.find(_SEGMENT)
    if at < 0 or at + 13 > len(head):
        return False
    first = head[at + 4]
    length = 9 - first.bit_length()
    if not 1 <= length <= 8:
        return False
    unknown = (1 << 7 * length) - 1
    value = int.from_bytes(head[at + 4 : at + 4 + length], "big") & unknown
    if value == unknown:
        return _is_last_cluster_cut(file, size_bytes)
    return at + 4 + length + value > size_bytes


def _is_last_cluster_cut(file: File, size_bytes: int) -> bool:
    """An element of the last cluster ends beyond the file: a recording of unknown length was cut
    off within a picture. Without a cluster near the end this is not known."""
    for length in TAIL_BYTES:
        tail = _read(file, max(0, size_bytes - length), length)
        clusters = list(CLUSTER.finditer(tail))
        if clusters:
            # At the id of the first element.
            return _is_element_cut(tail, clusters[-1].end() - 1)
    return False


def _is_element_cut(tail: bytes, at: int) -> bool:
    """Whether the last of the consecutive elements from `at` on ends beyond the tail."""
    while at < len(tail):
        id_bytes = 9 - tail[at].bit_length()
        size = tail[at + id_bytes : at + id_bytes + 8]
        length = 9 - size[0].bit_length() if size else 9
        if id_bytes > 4 or length > 8:
            # The length is missing, or this is not an element.
            return not size
        # A size of 127 in two bytes is known (RFC 8794 §6.2).
        unknown = (1 << 7 * length) - 1
        value = int.from_bytes(size[:length], "big") & unknown
        if value == unknown:
            return False
        at += id_bytes + length + value
    return at > len(tail)


def _avi(file: File, size_bytes: int) -> bool:
    """The first RIFF chunk ends beyond the file."""
    head = _read(file, 0, 8)
    return len(head) == 8 and 8 + int.from_bytes(head[4:], "little") > size_bytes


def _gif(file: File, size_bytes: int) -> bool:
    """The trailer is missing (GIF89a §27)."""
    tail = _read(file, max(0, size_bytes - 64), 64).rstrip(b"\0")
    return not tail.endswith(b";")


def _flv(file: File, size_bytes: int) -> bool:
    """The last four bytes are not the size of the tag before them (FLV 10.1, annex E.3)."""
    (size,) = struct.unpack(">I", _read(file, size_bytes - 4, 4).rjust(4, b"\0"))
    start = _read(file, size_bytes - 4 - size, 4) if 11 <= size <= size_bytes - 4 else b""
    declared_size = int.from_bytes(start[1:4], "big") + 11
    return len(start) < 4 or start[0] & 0x1F not in (8, 9, 18) or declared_size != size


def _mpegts(file: File, size_bytes: int) -> bool:
    """The last packet is incomplete (ISO/IEC 13818-1 §2.4.3.2)."""
    head = _read(file, 0, 4 * _PACKET_BYTES[-1])
    for packet_bytes in _PACKET_BYTES:
        for start in range(packet_bytes):
            if head[start : start + 2 * packet_bytes + 1 : packet_bytes] == b"GGG":
                # The first four bytes of a packet of 192 bytes are before the sync byte.
                start -= 4 if packet_bytes == 192 else 0
                return (size_bytes - start) % packet_bytes != 0
    return False


def _mpeg_ps(file: File, size_bytes: int) -> bool:
    """The last packet ends beyond the file (ISO/IEC 13818-1 §2.5.3)."""
    tail = _read(file, max(0, size_bytes - _TAIL_BYTES), _TAIL_BYTES)
    at = tail.rfind(_PACK)
    if at < 0:
        return False
    while at + 4 <= len(tail) and tail[at : at + 3] == b"\0\0\1":
        size = _ps_unit_bytes(tail[at : at + 14])
        if size is None:
            return True
        at += size
        while tail[at : at + 1] == b"\0" and tail[at : at + 3] != b"\0\0\1":
            at += 1
    return at > len(tail) or 0 < len(tail) - at < 4


def _ps_unit_bytes(unit: bytes) -> int | None:
    """The size of a pack header, a packet or the end code; None if its size is missing."""
    if unit.startswith(_PACK):
        # The first bits tell MPEG-1 from MPEG-2, whose header ends with up to 7 stuffing bytes.
        if unit[4:5] and unit[4] >> 6 != 1:
            return 12
        return 14 + (unit[13] & 7) if len(unit) == 14 else None
    if unit[3] == 0xB9:
        return 4
    return 6 + int.from_bytes(unit[4:6], "big") if len(unit) >= 6 else None


def _ogg(file: File, size_bytes: int) -> bool:
    """The last page ends beyond the file (RFC 3533 §6)."""
    tail = _read(file, max(0, size_bytes - _TAIL_BYTES), _TAIL_BYTES)
    page = tail[max(0, tail.rfind(b"OggS\0")) :]
    table = page[27 : 27 + page[26]] if len(page) > 27 else b""
    return not table or len(table) < page[26] or 27 + len(table) + sum(table) > len(page)


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


_CHECKS: dict[str, Callable[[File, int], bool]] = {
    "mov": _mov,
    "matroska": _matroska,
    "avi": _avi,
    "gif": _gif,
    "flv": _flv,
    "mpegts": _mpegts,
    "mpeg": _mpeg_ps,
    "ogg": _ogg,
}
