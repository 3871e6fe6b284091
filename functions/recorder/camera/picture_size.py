"""The size of pictures, read from sequence parameter sets: H.264 (ITU-T H.264 §7.3.2.1) and H.265
(ITU-T H.265 §7.3.2.2)."""

from __future__ import annotations

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
                size = _read_h264_size(_BitReader(unit[1:]))
            elif codec == "hevc" and len(unit) > 2 and unit[0] >> 1 & 63 == 33:
                size = _read_h265_size(_BitReader(unit[2:]))
            else:
                continue
        except IndexError:
            return 0, 0
        check_size(*size)
        return size
    return 0, 0


class _BitReader:
    """Reads bits. Raises IndexError behind the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._position = data, 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._position >> 3] >> (7 - (self._position & 7)) & 1
            self._position += 1
        return value

    def golomb(self) -> int:
        """Returns an Exp-Golomb code, ue(v) (§9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)


def _read_h264_size(bits: _BitReader) -> tuple[int, int]:
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            for n in range(8 if chroma != 3 else 12):
                if bits.take(1):
                    _skip_scaling_list(bits, 16 if n < 6 else 64)
    bits.golomb()
    order_count_type = bits.golomb()
    if order_count_type == 0:
        bits.golomb()
    elif order_count_type == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 256)):
            bits.golomb()
    bits.golomb()
    bits.take(1)
    width, map_height = 16 * (bits.golomb() + 1), 16 * (bits.golomb() + 1)
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    height = map_height * (2 - frames_only)
    bits.take(1)
    if bits.take(1):
        unit_width, unit_height = _CROP_UNITS_PX.get(chroma, (1, 1))
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width -= (left + right) * unit_width
        height -= (top + bottom) * unit_height * (2 - frames_only)
    return width, height


def _skip_scaling_list(bits: _BitReader, count: int) -> None:
    last = scale = 8
    for _ in range(count):
        if scale:
            code = bits.golomb()
            scale = (last + ((code + 1) // 2 if code & 1 else -(code // 2)) + 256) % 256
        last = scale or last


def _read_h265_size(bits: _BitReader) -> tuple[int, int]:
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    bits.take(88 + 8)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    if bits.take(1):
        unit_width, unit_height = _CROP_UNITS_PX.get(chroma, (1, 1))
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width -= (left + right) * unit_width
        height -= (top + bottom) * unit_height
    return width, height
