"""The size of pictures, read from sequence parameter sets: H.264 (ITU-T H.264 §7.3.2.1) and H.265
(ITU-T H.265 §7.3.2.2)."""

from __future__ import annotations

from shared.media.containers.bits import BitReader, InvalidBitstream
from shared.media.limits import check_size

_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_CROP_UNITS_PX = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
"""Unit of cropping, horizontal and vertical, by chroma format."""


def read_picture_size(codec: str, data: bytes) -> tuple[int, int]:
    """Returns width and height in px, 0 when they cannot be read. Raises VideoTooLarge."""
    offset = 0
    while (offset := data.find(b"\0\0\1", offset)) >= 0:
        offset += 3
        # Removes the emulation prevention bytes.
        unit = data[offset : offset + 512].replace(b"\0\0\3", b"\0\0")
        try:
            if codec == "h264" and unit and unit[0] & 31 == 7:
                size = _read_h264_size(BitReader(unit[1:]))
            elif codec == "hevc" and len(unit) > 2 and unit[0] >> 1 & 63 == 33:
                size = _read_h265_size(BitReader(unit[2:]))
            else:
                continue
        except InvalidBitstream:
            return 0, 0
        check_size(*size)
        return size
    return 0, 0


def _read_h264_size(bits: BitReader) -> tuple[int, int]:
    profile = bits.read(8)
    bits.read(16)
    bits.read_golomb()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.read_golomb()
        if chroma == 3:
            bits.read(1)
        bits.read_golomb()
        bits.read_golomb()
        bits.read(1)
        if bits.read(1):
            for n in range(8 if chroma != 3 else 12):
                if bits.read(1):
                    _skip_scaling_list(bits, 16 if n < 6 else 64)
    bits.read_golomb()
    order_count_type = bits.read_golomb()
    if order_count_type == 0:
        bits.read_golomb()
    elif order_count_type == 1:
        bits.read(1)
        bits.read_golomb()
        bits.read_golomb()
        for _ in range(min(bits.read_golomb(), 256)):
            bits.read_golomb()
    bits.read_golomb()
    bits.read(1)
    width, map_height = 16 * (bits.read_golomb() + 1), 16 * (bits.read_golomb() + 1)
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)
    height = map_height * (2 - frames_only)
    bits.read(1)
    if bits.read(1):
        unit_width, unit_height = _CROP_UNITS_PX.get(chroma, (1, 1))
        left, right, top, bottom = (bits.read_golomb() for _ in range(4))
        width -= (left + right) * unit_width
        height -= (top + bottom) * unit_height * (2 - frames_only)
    return width, height


def _skip_scaling_list(bits: BitReader, count: int) -> None:
    last = scale = 8
    for _ in range(count):
        if scale:
            code = bits.read_golomb()
            scale = (last + ((code + 1) // 2 if code & 1 else -(code // 2)) + 256) % 256
        last = scale or last


def _read_h265_size(bits: BitReader) -> tuple[int, int]:
    bits.read(4)
    layers = bits.read(3)
    bits.read(1)
    bits.read(88 + 8)
    present = [(bits.read(1), bits.read(1)) for _ in range(layers)]
    if layers:
        bits.read(2 * (8 - layers))
    for profile, level in present:
        bits.read(88 * profile + 8 * level)
    bits.read_golomb()
    chroma = bits.read_golomb()
    if chroma == 3:
        bits.read(1)
    width, height = bits.read_golomb(), bits.read_golomb()
    if bits.read(1):
        unit_width, unit_height = _CROP_UNITS_PX.get(chroma, (1, 1))
        left, right, top, bottom = (bits.read_golomb() for _ in range(4))
        width -= (left + right) * unit_width
        height -= (top + bottom) * unit_height
    return width, height
