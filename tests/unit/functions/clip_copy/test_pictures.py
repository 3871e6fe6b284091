"""The pictures of a copy: their times, colours, orientation and size, by value."""

from __future__ import annotations

import struct
from typing import Any, cast

import numpy as np
import pytest

from functions.clip_copy.encode import encode_piece
from functions.clip_copy.join import join_pieces
from functions.clip_copy.orientation import read_jpeg_orientation
from tests.fixtures.media.mjpeg_clips import MemorySandbox, ReadCopy, make_mjpeg_clip, read_copy

RED, GREEN, BLUE, GREY, WHITE = (
    (200, 30, 30), (20, 180, 40), (30, 40, 210), (128, 128, 128), (255, 255, 255),
)  # fmt: skip
IRREGULAR = [0, 3001, 9000, 9001, 90_123, 181_999, 270_000, 900_017]
"""Times of pictures in ticks; several seconds have none."""


def copy(clip: bytes, spans: list[tuple[int, int | None]]) -> ReadCopy:
    pieces = []
    for begin_s, end_s in spans:
        sandbox = MemorySandbox(clip)
        encode_piece(cast(Any, sandbox), begin_s, end_s, 2)
        pieces.append(sandbox.output)
    joined = MemorySandbox(*pieces, clip)
    join_pieces(cast(Any, joined), [*map(len, pieces), len(clip)])
    assert joined.progress == sorted(joined.progress)
    assert joined.progress[-1] == 100
    return read_copy(joined.output)


def test_times_of_a_copy_are_those_of_the_clip() -> None:
    clip = make_mjpeg_clip(IRREGULAR, [RED, GREEN], last_length=4321)
    # The third and the fourth piece have no picture.
    result = copy(clip, [(0, 2), (2, 4), (4, 6), (6, 8), (8, None)])
    assert result.times == IRREGULAR
    ends = [*IRREGULAR[1:], IRREGULAR[-1] + 4321]
    assert result.lengths == [end - time for time, end in zip(IRREGULAR, ends, strict=True)]
    assert len(result.pictures) == len(IRREGULAR)


@pytest.mark.parametrize("pix_fmt", ["yuvj420p", "yuvj422p", "yuvj444p"])
def test_colours_of_a_copy_are_those_of_the_clip_and_tagged(pix_fmt: str) -> None:
    colours = [RED, GREEN, BLUE, GREY, WHITE]
    clip = make_mjpeg_clip([n * 6000 for n in range(5)], colours, pix_fmt=pix_fmt)
    result = copy(clip, [(0, None)])
    assert (result.codec, result.pix_fmt) == ("h264", "yuv420p")
    # BT.709, limited range.
    assert result.colour == (1, 1, 1, 1)
    for picture, colour in zip(result.pictures, colours, strict=True):
        assert picture[24, 32] == pytest.approx(np.array(colour), abs=8)


def with_orientation(value: int) -> Any:
    """Returns a function that adds an EXIF orientation to a JPEG."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, value, 0)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    body = b"Exif\0\0" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return lambda data: data[:2] + segment + data[2:]


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (0, 1)), (3, (1, 1)), (4, (1, 0)), (5, (0, 0)), (6, (0, 1)), (7, (1, 1)),
     (8, (1, 0))],
)  # fmt: skip
def test_copy_is_upright(orientation: int, corner: tuple[int, int]) -> None:
    """The picture is white in its top left quarter, as it is coded."""
    clip = make_mjpeg_clip(
        [0, 6000], [BLUE], marked=WHITE, first_bytes=with_orientation(orientation)
    )
    (first, _) = copy(clip, [(0, None)]).pictures
    assert first.shape == ((64, 48, 3) if orientation > 4 else (48, 64, 3))
    height, width = first.shape[:2]
    bright = [
        (down, across) for down in (0, 1) for across in (0, 1)
        if first[height // 4 + down * height // 2, width // 4 + across * width // 2, 0] > 200
    ]  # fmt: skip
    assert bright == [corner]


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe1\0\x10Exif\0\0MM\0*\xff\xff\xff\xff"])
def test_invalid_orientation_is_none(data: bytes) -> None:
    assert read_jpeg_orientation(data) == (0, False)


def test_odd_and_large_pictures_fit_browsers() -> None:
    odd = copy(make_mjpeg_clip([0], [RED], size=(63, 47), pix_fmt="yuvj444p"), [(0, None)])
    large = copy(make_mjpeg_clip([0], [RED], size=(2560, 100)), [(0, None)])
    assert odd.pictures[0].shape == (46, 62, 3)
    assert large.pictures[0].shape == (74, 1920, 3)


def test_damaged_picture_does_not_end_a_copy() -> None:
    def damage(data: bytes, count: list[int] = [0]) -> bytes:  # noqa: B006
        count[0] += 1
        return b"not a picture" if count[0] == 2 else data

    result = copy(make_mjpeg_clip([0, 6000, 12_000], [RED], first_bytes=damage), [(0, None)])
    assert result.times == [0, 12_000]
