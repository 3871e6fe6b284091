"""Clean apertures are read to the nearest pixel; damaged boxes and elements give no crop."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.media.geometry.matroska import read_crop
from shared.media.geometry.visual_track import clean_aperture, read_visual_track
from shared.recipes.picture_shape import NO_CROP, Crop
from tests.corpus.byte_edits import make_box, make_full_box


@pytest.mark.parametrize(
    ("numbers", "size", "crop"),
    [
        ((320, 1, 160, 1, 0, 1, 0, 1), (320, 240), Crop(0, 40, 0, 40)),
        # The clean apertures of NTSC and PAL in ITU-R BT.601, as QuickTime writes them.
        ((704, 1, 480, 1, 0, 1, 0, 1), (720, 480), Crop(8, 0, 8, 0)),
        ((53333, 76, 576, 1, 0, 1, 0, 1), (720, 576), Crop(9, 0, 9, 0)),
        ((318, 1, 240, 1, 1, 1, 0, 1), (320, 240), Crop(2, 0, 0, 0)),
        ((318, 1, 238, 1, -1, 1, 1, 1), (320, 240), Crop(0, 2, 2, 0)),
        ((1919, 1, 1080, 1, -1, 2, -8, 2), (1920, 1088), Crop(0, 0, 1, 8)),
        ((321, 1, 240, 1, 0, 1, 0, 1), (320, 240), NO_CROP),
        ((320, 1, 160, 1, 0, 1, 41, 1), (320, 240), NO_CROP),
        ((320, 1, 160, 1, 0, 1, 0, 0), (320, 240), NO_CROP),
    ],
)
def test_clean_aperture_in_pixels(
    numbers: tuple[int, ...], size: tuple[int, int], crop: Crop
) -> None:
    assert clean_aperture(struct.pack(">IIIIiIiI", *numbers), *size) == crop


def _movie(table: bytes, *, descriptions: int = 2) -> bytes:
    entry = make_box(b"avc1", bytes(24) + struct.pack(">HH", 320, 240) + bytes(50))
    stsd = make_full_box(b"stsd", 0, struct.pack(">I", descriptions) + entry * descriptions)
    stbl = make_box(b"stbl", stsd + table)
    tkhd = make_full_box(b"tkhd", 0, bytes(8) + struct.pack(">I", 1) + bytes(68))
    trak = tkhd + make_box(b"mdia", make_box(b"minf", stbl))
    return make_box(b"moov", make_box(b"trak", trak))


def _table(rows: list[tuple[int, int, int]], offsets: list[int]) -> bytes:
    stsc = b"".join(struct.pack(">III", *row) for row in rows)
    stco = struct.pack(f">{len(offsets)}I", *offsets)
    return make_full_box(b"stsc", 0, struct.pack(">I", len(rows)) + stsc) + make_full_box(
        b"stco", 0, struct.pack(">I", len(offsets)) + stco
    )


def test_description_of_a_sample_is_found_by_its_offset() -> None:
    # The chunks 1, 2 and 4 have the first description; chunk 4 lies first in the file.
    rows = [(1, 5, 1), (3, 5, 2), (4, 5, 1)]
    track = read_visual_track(io.BytesIO(_movie(_table(rows, [200, 300, 400, 100]))), 1)
    assert track is not None
    assert track.offsets == (100, 400)
    assert track.numbers == (0, 1)
    assert track.entry_at(399, 0, 0) is track.entries[0]
    assert track.entry_at(450, 0, 0) is track.entries[1]


@pytest.mark.parametrize("rows", [[(3, 1, 2), (1, 1, 1)], [(1, 1, 1)] * 3, []])
def test_invalid_chunks_give_the_first_description(rows: list[tuple[int, int, int]]) -> None:
    track = read_visual_track(io.BytesIO(_movie(_table(rows, [1, 2, 3]))), 1)
    assert track is not None
    assert track.entry_at(2, 0, 0) is track.entries[0]


@given(st.data())
def test_damaged_boxes_raise_no_error(data: st.DataObject) -> None:
    content = bytearray(_movie(_table([(1, 5, 1), (2, 5, 2)], [8, 9])))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[at] = data.draw(st.integers(0, 255))
    file = io.BytesIO(bytes(content[: data.draw(st.integers(0, len(content)))]))
    file.seek(3)
    track = read_visual_track(file, 1)
    assert track is None or track.entry_at(5, 320, 240) in track.entries
    assert file.tell() == 3, "FFmpeg reads on"


@given(st.binary(max_size=60))
def test_damaged_elements_give_a_crop_that_fits(noise: bytes) -> None:
    for prefix in (b"", b"\x18\x53\x80\x67\xff\x16\x54\xae\x6b\xff\xae\xff\x83\x81\x01\xe0\xff"):
        crop = read_crop(io.BytesIO(prefix + noise), 0)
        assert crop.fits(1 << 64, 1 << 64)
