"""Fields of bitstreams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.media.containers.bits import BitReader, InvalidBitstream


def test_bits_are_read_from_the_most_significant_on() -> None:
    bits = BitReader(bytes([0b1010_0001, 0b1000_0000]))
    assert [bits.read(count) for count in (1, 3, 0, 5, 7)] == [1, 0b010, 0, 0b00011, 0]
    with pytest.raises(InvalidBitstream):
        bits.read(1)


@given(st.lists(st.integers(0, (1 << 32) - 2), max_size=20))
def test_golomb_codes_are_read(numbers: list[int]) -> None:
    codes = "".join(
        f"{number + 1:b}".zfill(2 * (number + 1).bit_length() - 1) for number in numbers
    )
    codes += "0" * (-len(codes) % 8)
    bits = BitReader(int(codes or "0", 2).to_bytes(len(codes) // 8))
    assert [bits.read_golomb() for _ in numbers] == numbers


@pytest.mark.parametrize("data", [b"", b"\0", b"\x08", bytes(4) + b"\x40" + bytes(8)])
def test_incomplete_or_too_long_golomb_code_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidBitstream):
        BitReader(data).read_golomb()
