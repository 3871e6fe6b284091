"""Recognizes ICC profiles of high dynamic range, which LittleCMS converts without tone mapping."""

from __future__ import annotations

from shared.media.colour.conversion import LIGHT_CURVES, PEAK_LIGHT, Conversion, find_conversion
from shared.media.colour.primaries import Matrix, Vector, matrix_from_profile
from shared.recipes.colour_description import HLG, PQ

_TAG_TABLE = 128
_MAX_TAGS = 100
_XYZ_BYTES = 20
_CICP_BYTES = 12
_CURVE_HEADER_BYTES = 12
_MIN_CURVE_POINTS = 16
_SAMPLES = (0.25, 0.5, 0.75, 0.9)
_CURVE_TOLERANCE = 0.004


def find_high_range(profile: bytes) -> Conversion | None:
    """Returns the conversion for a profile of PQ or HLG; None for every other profile.

    Such a profile has a `cicp` tag (ICC.1:2022 §9.2.17), or the curve of PQ or HLG as a table.
    """
    tags = _read_tags(profile)
    cicp = tags.get(b"cicp", b"")
    if len(cicp) >= _CICP_BYTES and cicp[9] in (PQ, HLG):
        return find_conversion(cicp[8], cicp[9])
    transfer = _match_curve(tags.get(b"gTRC", b""))
    columns = [_read_xyz(tags.get(name, b"")) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    red, green, blue = columns
    if transfer is None or red is None or green is None or blue is None:
        return None
    colorants: Matrix = (red, green, blue)
    return Conversion.from_matrix(transfer, matrix_from_profile(colorants))


def _read_tags(profile: bytes) -> dict[bytes, bytes]:
    """ICC.1 §7.3: a number, then the signature, offset and size of each tag."""
    count = int.from_bytes(profile[_TAG_TABLE : _TAG_TABLE + 4], "big")
    tags = {}
    for n in range(min(count, _MAX_TAGS)):
        entry = profile[_TAG_TABLE + 4 + 12 * n : _TAG_TABLE + 16 + 12 * n]
        offset, size = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
        tags[entry[:4]] = profile[offset : offset + size]
    return tags


def _match_curve(tag: bytes) -> int | None:
    """Returns PQ or HLG if a `curv` (ICC.1 §10.6) has the values of one."""
    count = int.from_bytes(tag[8:_CURVE_HEADER_BYTES], "big")
    table = tag[_CURVE_HEADER_BYTES : _CURVE_HEADER_BYTES + 2 * count]
    if tag[:4] != b"curv" or count < _MIN_CURVE_POINTS or len(table) != 2 * count:
        return None
    for transfer in (PQ, HLG):
        curve, scale = LIGHT_CURVES[transfer], PEAK_LIGHT[transfer]
        if all(abs(_interpolate(table, x) - curve(x) / scale) < _CURVE_TOLERANCE for x in _SAMPLES):
            return transfer
    return None


def _interpolate(table: bytes, x: float) -> float:
    position = x * (len(table) // 2 - 1)
    n = int(position)
    low, high = (int.from_bytes(table[2 * i : 2 * i + 2], "big") for i in (n, n + 1))
    return (low + (position - n) * (high - low)) / 65535


def _read_xyz(tag: bytes) -> Vector | None:
    """ICC.1 §10.31: three numbers with 16 bits after the point."""
    if len(tag) < _XYZ_BYTES or tag[:4] != b"XYZ ":
        return None
    x, y, z = (int.from_bytes(tag[at : at + 4], "big", signed=True) / 65536 for at in (8, 12, 16))
    return x, y, z
