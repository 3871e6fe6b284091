"""Reads from Matroska and WebM which part of the pictures is shown (PixelCrop, RFC 9559 §5.1.4)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from shared.media.containers.boxes import File
from shared.recipes.picture_shape import NO_CROP, Crop

_SEGMENT, _TRACKS, _ENTRY, _TYPE, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0x83, 0xE0
_CLUSTER = 0x1F43B675
_VIDEO_TYPE = 1
_WIDTH, _HEIGHT = 0xB0, 0xBA
_LEFT, _TOP, _RIGHT, _BOTTOM = 0x54CC, 0x54BB, 0x54DD, 0x54AA
_MAX_ELEMENTS = 4096
_MAX_NUMBER_BYTES = 8


def read_crop(file: File, number: int) -> Crop:
    """Returns the crop of the video track with this number among the video tracks, from 0. The
    position in the file does not change, so that FFmpeg can read on."""
    position = file.tell()
    try:
        return _find_crop(file, file.seek(0, io.SEEK_END), number)
    finally:
        file.seek(position)


def _find_crop(file: File, size_bytes: int, number: int) -> Crop:
    budget = [_MAX_ELEMENTS]
    for kind, begin, end in _iterate(file, 0, size_bytes, budget):
        if kind == _SEGMENT:
            for child, child_begin, child_end in _iterate(file, begin, end, budget):
                if child == _CLUSTER:
                    return NO_CROP
                if child == _TRACKS:
                    crops = list(_read_crops(file, child_begin, child_end, budget))
                    return crops[number] if number < len(crops) else NO_CROP
    return NO_CROP


def _read_crops(file: File, begin: int, end: int, budget: list[int]) -> Iterator[Crop]:
    for kind, entry_begin, entry_end in _iterate(file, begin, end, budget):
        if kind != _ENTRY:
            continue
        elements = {item[0]: item for item in _iterate(file, entry_begin, entry_end, budget)}
        if _TYPE not in elements or _read_number(file, elements[_TYPE]) != _VIDEO_TYPE:
            continue
        numbers: dict[int, int] = {}
        if _VIDEO in elements:
            for item in _iterate(file, *elements[_VIDEO][1:], budget):
                numbers[item[0]] = _read_number(file, item)
        crop = Crop(*(numbers.get(kind, 0) for kind in (_LEFT, _TOP, _RIGHT, _BOTTOM)))
        yield crop if crop.fits(numbers.get(_WIDTH, 0), numbers.get(_HEIGHT, 0)) else NO_CROP


def _iterate(file: File, begin: int, end: int, budget: list[int]) -> Iterator[tuple[int, int, int]]:
    """Yields (id, begin, end) of the elements between two positions (RFC 8794 §4-6). `budget` has
    one element, the number of elements that may still be read; it is reduced."""
    position = begin
    while position < end and budget[0] > 0:
        budget[0] -= 1
        file.seek(position)
        head = file.read(12)
        id_bytes = 9 - head[0].bit_length() if head else 0
        size_bytes = 9 - head[id_bytes].bit_length() if 0 < id_bytes < len(head) else 0
        if not (1 <= id_bytes <= 4 and 1 <= size_bytes <= 8):
            return
        size = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big")
        size &= (1 << 7 * size_bytes) - 1
        payload = position + id_bytes + size_bytes
        is_unknown = size == (1 << 7 * size_bytes) - 1
        stop = end if is_unknown else min(end, payload + size)
        yield int.from_bytes(head[:id_bytes], "big"), payload, stop
        position = stop


def _read_number(file: File, element: tuple[int, int, int]) -> int:
    """The value of an unsigned integer; 0 for other elements, which are longer."""
    _, begin, end = element
    if end - begin > _MAX_NUMBER_BYTES:
        return 0
    file.seek(begin)
    return int.from_bytes(file.read(end - begin), "big")
