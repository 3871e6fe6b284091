"""Videos with Dolby Vision, with and without a base layer that has usable colours."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from tests.corpus.build import invalid_file
from tests.corpus.byte_edits import change_boxes, make_box
from tests.corpus.colour.files import BT2100_HLG, HDR10, Colours, colour_file
from tests.corpus.corpus_file import CorpusFile
from tests.corpus.encoding import run_ffmpeg
from tests.fixtures.media.clips import cached_file
from tests.fixtures.media.colours import PQ


def list_files() -> Iterator[CorpusFile]:
    """All files of this module that are processed."""
    yield colour_file("Dolby Vision 8.4, HLG not stated", "libx265", "mp4", lambda:
                      add_dolby_vision(BT2100_HLG.encode("libx265", "mp4", {}), 8, 4),
                      "(HLG)")  # fmt: skip
    for profile, compatibility in ((8, 1), (7, 6), (7, 0)):
        yield colour_file(
            f"Dolby Vision {profile}.{compatibility}", "libx265", "mp4",
            lambda p=profile, c=compatibility: add_dolby_vision(  # type: ignore[misc]
                HDR10.encode("libx265", "mp4"), p, c), "(PQ)",
        )  # fmt: skip


def list_invalid_files() -> Iterator[CorpusFile]:
    """All files of this module that are refused."""

    def make(suffix: str, profile: int = 5, compatibility: int = 0) -> bytes:
        data = add_dolby_vision(HDR10.encode("libx265", "mp4", {}), profile, compatibility)
        if suffix in ("mp4", "mov"):
            return data if suffix == "mp4" else data.replace(b"ftypisom", b"ftypqt  ")
        source = cached_file(
            f"dolby {profile}", "mp4", lambda path: path.write_bytes(data) and None
        )
        arguments = ("-i", str(source), "-c", "copy", "-strict", "unofficial")
        remuxed = run_ffmpeg(f"dolby vision {profile}", suffix, *arguments)
        return _add_descriptor(remuxed, profile) if suffix == "ts" else remuxed

    for suffix in ("mp4", "mov", "mkv", "ts"):
        yield invalid_file(f"Dolby Vision 5 in {suffix}", "IPT-PQ-c2",
                           lambda _, s=suffix: make(s), "dolby-vision-only", suffix)  # type: ignore[misc]  # fmt: skip
    yield invalid_file("Dolby Vision 5 without a configuration", "metadata in HEVC",
                       lambda _: _make_bare_dolby_vision(), "dolby-vision-only", "ts")  # fmt: skip
    yield invalid_file("Dolby Vision 10.0", "AV1, IPT-PQ-c2", lambda _: add_dolby_vision(
        HDR10.encode("libsvtav1", "mp4", {}), 10, 0, b"av01"), "dolby-vision-only")  # fmt: skip


def add_dolby_vision(
    data: bytes, profile: int, compatibility: int, entry: bytes = b"hev1"
) -> bytes:
    """An MP4 whose video has a Dolby Vision configuration, with level 1 and a base layer."""
    configuration = struct.pack(">BBBBB", 1, 0, profile << 1, 1 << 3 | 0b101, compatibility << 4)
    kind = b"dvvC" if profile > 7 else b"dvcC"
    box = make_box(kind, configuration.ljust(24, b"\0"))
    return change_boxes(
        data, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", entry), lambda old: old + box
    )


def _make_bare_dolby_vision() -> bytes:
    """A transport stream of HEVC in full range, with metadata (NAL 62) after each picture."""
    stream = Colours(9, PQ, 9, 2).encode("libx265", "hevc", {"color_range": 2})
    metadata = b"\0\0\0\1\x7c\x01\x19" + bytes(range(4, 60)) + b"\x80"
    data = b""
    for unit in re.split(b"\0\0\0?\1", stream)[1:]:
        is_picture = (unit[0] >> 1 & 63) < 32
        data += b"\0\0\0\1" + unit + (metadata if is_picture else b"")
    source = cached_file("dolby vision", "hevc", lambda path: path.write_bytes(data) and None)
    return run_ffmpeg("bare dolby vision", "ts", "-i", str(source), "-c", "copy", "-bsf:v",
                      "setts=pts=9000*N:dts=9000*N")  # fmt: skip


def _add_descriptor(data: bytes, profile: int) -> bytes:
    """A transport stream whose program map describes Dolby Vision of its last stream."""
    descriptor = struct.pack(">BBBBBBB", 0xB0, 5, 1, 0, profile << 1, 1 << 3 | 0b101, 0)
    out = bytearray(data)
    for at in range(0, len(out), 188):
        section = at + 5
        if out[at + 1] & 0x40 and out[at + 4] == 0 and out[section] == 2:
            end = section + 3 + (int.from_bytes(out[section + 1 : section + 3], "big") & 0xFFF) - 4
            body = bytearray(out[section:end]) + descriptor
            length_at = 12 + body[11] + 3
            length = (int.from_bytes(body[length_at : length_at + 2], "big") & 0xFFF) + 7
            body[length_at : length_at + 2] = struct.pack(">H", 0xF000 | length)
            body[1:3] = struct.pack(">H", 0xB000 | len(body) + 1)
            body += struct.pack(">I", _crc(bytes(body)))
            out[section : section + len(body)] = body
    return bytes(out)


def _crc(data: bytes) -> int:
    """ISO/IEC 13818-1 annex A."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value
