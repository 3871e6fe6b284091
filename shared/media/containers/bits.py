"""Reads the fields of bitstreams: parameter sets, slice headers, decoder configurations."""

from __future__ import annotations

_MAX_GOLOMB_ZEROS = 32
"""The longest Exp-Golomb codes of H.264 and H.265 have 32 leading zeros."""


class InvalidBitstream(ValueError):
    """The data ends within a field, or a field has no valid form."""


class BitReader:
    """Reads fields from the most significant bit of the first byte on. Raises InvalidBitstream."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._remaining_bits = 8 * len(data)

    def read(self, count: int) -> int:
        """Returns the next `count` bits as an unsigned number."""
        if count > self._remaining_bits:
            raise InvalidBitstream
        self._remaining_bits -= count
        return self._value >> self._remaining_bits & ((1 << count) - 1)

    def read_golomb(self) -> int:
        """Returns an Exp-Golomb code, ue(v) (ITU-T H.264 §9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > _MAX_GOLOMB_ZEROS:
                raise InvalidBitstream
        return (1 << zeros) - 1 + self.read(zeros)
