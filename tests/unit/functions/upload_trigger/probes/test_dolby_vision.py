"""The configuration of Dolby Vision in each container. The corpus has files of every kind."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from functions.upload_trigger.probes.dolby_vision import DolbyVision, read_dolby_vision
from functions.upload_trigger.probes.matroska_tracks import read_block_additions
from functions.upload_trigger.probes.program_map import read_descriptors
from tests.corpus.byte_edits import make_box, make_full_box

CONFIGURATION = bytes([1, 0, 8 << 1, 0b1101, 4 << 4]).ljust(24, b"\0")


def _stream(stream_id: int = 1, index: int = 0) -> Any:
    return SimpleNamespace(id=stream_id, index=index)


def _movie(entry: bytes, *, version: int = 0) -> bytes:
    times = bytes(16 if version else 8)
    header = make_full_box(b"tkhd", 0, times + (7).to_bytes(4, "big") + bytes(20), version)
    samples = make_full_box(b"stsd", 0, (1).to_bytes(4, "big") + entry)
    media = make_box(b"mdia", make_box(b"minf", make_box(b"stbl", samples)))
    return make_box(b"ftyp", b"isom") + make_box(b"moov", make_box(b"trak", header + media))


def _element(element_id: int, payload: bytes) -> bytes:
    length = (element_id.bit_length() + 7) // 8
    size = (len(payload) | 1 << 28).to_bytes(4, "big")
    return element_id.to_bytes(length, "big") + size + payload


def _matroska(*tracks: bytes) -> bytes:
    entries = b"".join(_element(0xAE, track) for track in tracks)
    return _element(0x1A45DFA3, b"") + _element(0x18538067, _element(0x1654AE6B, entries))


def _mapping(kind: bytes) -> bytes:
    return _element(0x41E4, _element(0x41E7, kind) + _element(0x41ED, CONFIGURATION))


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("kind", [b"dvcC", b"dvvC", b"dvwC"])
def test_box_of_an_mp4(kind: bytes, version: int) -> None:
    data = _movie(make_box(b"hvc1", bytes(78) + make_box(kind, CONFIGURATION)), version=version)
    found = read_dolby_vision(io.BytesIO(data), len(data), _stream(7), "mov")
    assert found == DolbyVision(8, 4)
    assert read_dolby_vision(io.BytesIO(data), len(data), _stream(8), "mov") is None


def test_mapping_of_matroska_belongs_to_its_track() -> None:
    data = _matroska(b"", _mapping(b"\0\0\0\0dvvC"), _mapping(b"hvcE"))
    found = read_block_additions(io.BytesIO(data), len(data), [b"dvvC"])
    assert found == {1: CONFIGURATION}


@pytest.mark.parametrize(
    ("profile", "compatibility", "is_usable"),
    [(5, 0, False), (5, 1, False), (8, 0, False), (10, 0, False), (20, 0, False), (4, 2, True),
     (7, 6, True), (7, 0, True), (8, 1, True), (8, 2, True), (8, 4, True), (9, 2, True),
     (10, 1, True), (10, 4, True)],
)  # fmt: skip
def test_base_layer_is_usable(profile: int, compatibility: int, is_usable: bool) -> None:
    assert DolbyVision(profile, compatibility).has_usable_base_layer is is_usable


@pytest.mark.parametrize("family", ["mov", "matroska", "mpegts", "avi"])
def test_damaged_container_has_no_configuration(family: str) -> None:
    movie = _movie(make_box(b"hvc1", bytes(78) + make_box(b"dvcC", CONFIGURATION)))
    matroska = _matroska(_mapping(b"dvcC"))
    packets = (b"G\x40\x00\x30\xff" + b"\xff" * 183) * 20
    for data in (movie, matroska, packets, b"", b"\x1a\x45\xdf\xa3" + b"\xff" * 40):
        for end in range(0, len(data), 7):
            cut = data[:end]
            found = read_dolby_vision(io.BytesIO(cut), len(cut), _stream(7), family)
            assert found is None or found == DolbyVision(8, 4)


def test_descriptors_of_an_unknown_stream() -> None:
    assert read_descriptors(io.BytesIO(b"G" * 188 * 9), 256) == {}
