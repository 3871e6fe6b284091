"""Matrices from the primaries of ITU-T H.273, table 2, to those of BT.709. Without NumPy."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

Vector: TypeAlias = tuple[float, float, float]
Matrix: TypeAlias = tuple[Vector, Vector, Vector]
"""Three rows."""
_Point: TypeAlias = tuple[float, float]

BT709 = 1
_D65, _C, _DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
_SMPTE_C = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
_CHROMATICITIES: dict[int, tuple[_Point, _Point, _Point, _Point]] = {
    BT709: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: _SMPTE_C,
    7: _SMPTE_C,
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
"""x and y of red, green, blue and white."""
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)
"""The cone response of chromatic adaptation (ICC.1 annex E)."""
_SRGB_D50: Matrix = (
    (0.43607, 0.38515, 0.14307),
    (0.22249, 0.71687, 0.06061),
    (0.01392, 0.09708, 0.71410),
)
"""The columns of sRGB in an ICC profile: its primaries, adapted to D50."""


@lru_cache(maxsize=16)
def matrix_to_bt709(primaries: int) -> Matrix:
    """Returns the matrix for linear light. Unknown primaries count as BT.709."""
    points = _CHROMATICITIES.get(primaries, _CHROMATICITIES[BT709])
    target = _CHROMATICITIES[BT709]
    adapted = multiply(_adaptation(points[3], target[3]), _to_xyz(points))
    return multiply(invert(_to_xyz(target)), adapted)


def matrix_from_profile(columns: Matrix) -> Matrix:
    """Returns the matrix to BT.709 for the colorants of an ICC profile: XYZ of red, green, blue."""
    return multiply(invert(_SRGB_D50), _transpose(columns))


def is_known(primaries: int) -> bool:
    """Returns whether the chromaticities of these primaries are known."""
    return primaries in _CHROMATICITIES


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """Returns the product of two matrices."""
    columns = _transpose(right)
    return _rows([apply(columns, row) for row in left])


def apply(matrix: Matrix, vector: Vector) -> Vector:
    """Returns the product of a matrix and a vector."""
    x, y, z = vector
    first, second, third = (row[0] * x + row[1] * y + row[2] * z for row in matrix)
    return first, second, third


def invert(matrix: Matrix) -> Matrix:
    """Returns the inverse of a matrix."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    adjugate = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return _rows([tuple(value / determinant for value in row) for row in adjugate])


def _to_xyz(points: tuple[_Point, _Point, _Point, _Point]) -> Matrix:
    """Returns the matrix from RGB to XYZ, such that white has a Y of 1 (SMPTE RP 177)."""
    red, green, blue, white = (_xyz(point) for point in points)
    columns = _transpose((red, green, blue))
    scale = apply(invert(columns), white)
    return _rows([(row[0] * scale[0], row[1] * scale[1], row[2] * scale[2]) for row in columns])


def _adaptation(source: _Point, target: _Point) -> Matrix:
    before, after = apply(_BRADFORD, _xyz(source)), apply(_BRADFORD, _xyz(target))
    scaled = _rows(
        [
            (a / b * row[0], a / b * row[1], a / b * row[2])
            for row, a, b in zip(_BRADFORD, after, before, strict=True)
        ]
    )
    return multiply(invert(_BRADFORD), scaled)


def _xyz(point: _Point) -> Vector:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _transpose(matrix: Matrix) -> Matrix:
    return _rows(list(zip(*matrix, strict=True)))


def _rows(rows: list[tuple[float, ...]] | list[Vector]) -> Matrix:
    first, second, third = ((row[0], row[1], row[2]) for row in rows)
    return first, second, third
