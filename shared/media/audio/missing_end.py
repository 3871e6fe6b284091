"""Finds sounds whose end is missing: files that were cut off, or are damaged from some point on.

Decoders skip damage and stop at the end of what they know, so that such a sound is only shorter.
"""

from __future__ import annotations

import io
import re
import struct
from fractions import Fraction
from typing import Any, BinaryIO

from av.audio.stream import AudioStream

from shared.media.audio.packets import SoundPacket
from shared.media.audio.wav_size import count_missing_bytes
from shared.media.containers.range_file import RangeFile

File = BinaryIO | RangeFile
_MIN_MISSING_S, _MIN_DAMAGED_S = 1, Fraction(1, 2)
"""Damaged bytes look like packets here and there, so fewer of them tell."""
_MIN_MISSING_BYTES = 4096
_PACKED = frozenset({"mp3", "aac", "ac3", "eac3"})
"""Containers of FFmpeg in which one packet follows the other, without bytes between them."""
_OGG_PAGE = struct.Struct("<4s22xB")
"""The beginning of a page, with the number of its segments (RFC 3533 §6)."""
_MAX_PAGE_BYTES = 65_307
_LAST_PAGE = 4
"""A flag of the last page of a stream."""
_APE_FOOTER = struct.Struct("<8sII16x")
"""The footer of an APEv2 tag, with the size of the tag from the second item on."""
_ID3V1_BYTES = 128
_XING_SEARCH_BYTES = 2048
_XING = re.compile(rb"(?:Xing|Info)(....)(....)", re.DOTALL)
"""In the first frame of an MP3: flags, and the number of frames if they have _HAS_FRAMES."""
_HAS_FRAMES = 1


class PacketExtent:
    """Where the packets of a sound are in its file.

    Attributes:
        begin: The position of the first packet.
        last: The position of the last packet, in an Ogg of its page, and its size.
        size_bytes: The size of all packets.
    """

    def __init__(self) -> None:
        self.begin: int | None = None
        self.last = (0, 0)
        self.size_bytes = 0

    def add(self, packet: SoundPacket) -> None:
        """Adds a packet; those of a sound are in order."""
        if packet.pos is not None and packet.pos >= 0:
            self.begin = packet.pos if self.begin is None else self.begin
            self.last = (packet.pos, packet.size)
        self.size_bytes += packet.size


def is_end_missing(
    file: File, family: str, stream: AudioStream, extent: PacketExtent, duration: Fraction
) -> bool:
    """Returns whether more than a second of a sound is missing at its end.

    Args:
        family: FFmpeg's name of the container.
        stream: Of the open container.
        extent: Of all packets.
        duration: As measured, in seconds.
    """
    size_bytes = file.seek(0, io.SEEK_END)
    if extent.begin is None or not duration:
        return False
    rest = _count_rest(file, family, extent, size_bytes)
    if rest > max(_MIN_MISSING_BYTES, float(extent.size_bytes / duration * _MIN_DAMAGED_S)):
        return True
    if family == "ogg":
        return _is_cut_off(file, size_bytes)
    if family == "wav":
        bytes_per_s = Fraction(size_bytes - extent.begin) / duration
        return count_missing_bytes(file, size_bytes) > bytes_per_s * _MIN_MISSING_S
    if family == "mov":
        return any(entry.pos + entry.size > size_bytes for entry in stream.index_entries)
    declared = _declared_duration(file, family, stream, extent)
    return declared is not None and declared - duration > _MIN_MISSING_S


def _count_rest(file: File, family: str, extent: PacketExtent, size_bytes: int) -> int:
    """Returns the number of bytes that should be sound and are not."""
    begin, (last, length) = extent.begin or 0, extent.last
    if family in _PACKED:
        return size_bytes - begin - extent.size_bytes - _count_tag_bytes(file, size_bytes)
    if family == "flac":
        return size_bytes - last - length - _count_tag_bytes(file, size_bytes)
    if family == "ogg":
        return size_bytes - last - _page_bytes(file, last)
    return 0


def _count_tag_bytes(file: File, size_bytes: int) -> int:
    """Returns the size of the tags at the end: ID3v1 and APEv2."""
    count = 0
    if _read(file, size_bytes - _ID3V1_BYTES, 3) == b"TAG":
        count = _ID3V1_BYTES
    data = _read(file, size_bytes - count - _APE_FOOTER.size, _APE_FOOTER.size)
    if len(data) == _APE_FOOTER.size:
        mark, _, length = _APE_FOOTER.unpack(data)
        if mark == b"APETAGEX":
            # The header is as long as the footer, which the size includes.
            count += length + _APE_FOOTER.size
    return count


def _page_bytes(file: File, position: int) -> int:
    head = _read(file, position, _OGG_PAGE.size)
    if len(head) < _OGG_PAGE.size:
        return 0
    mark, segments = _OGG_PAGE.unpack(head)
    return _OGG_PAGE.size + segments + sum(file.read(segments)) if mark == b"OggS" else 0


def _is_cut_off(file: File, size_bytes: int) -> bool:
    """Returns whether the last page of an Ogg is not the last one of its stream."""
    data = _read(file, size_bytes - _MAX_PAGE_BYTES, _MAX_PAGE_BYTES)
    at = data.rfind(b"OggS")
    return 0 <= at < len(data) - 5 and not data[at + 5] & _LAST_PAGE


def _declared_duration(
    file: File, family: str, stream: AudioStream, extent: PacketExtent
) -> Fraction | None:
    """Returns the duration that a file states in its header, if it is not an estimate."""
    base: Any = stream.time_base
    if family == "flac" and base and stream.duration:
        return stream.duration * Fraction(base.numerator, base.denominator)
    if family == "mp3":
        begin = extent.begin or 0
        start = max(0, begin - _XING_SEARCH_BYTES)
        found = _XING.search(_read(file, start, begin - start))
        codec = stream.codec_context
        if found is not None and found[1][3] & _HAS_FRAMES and codec.sample_rate:
            return Fraction(int.from_bytes(found[2]) * codec.frame_size, codec.sample_rate)
    return None


def _read(file: File, position: int, length: int) -> bytes:
    file.seek(max(0, position))
    return file.read(length)
