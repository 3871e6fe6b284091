"""A recording of unknown length that was cut off within a picture is known as such."""

from __future__ import annotations

import io

import pytest

from functions.upload_trigger.probes.truncation import is_truncated

_HEAD = b"\x1a\x45\xdf\xa3\x80"
_SEGMENT_LIVE = b"\x18\x53\x80\x67\x01" + b"\xff" * 7
_CLUSTER_LIVE = b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7 + b"\xe7\x81\0"


def block(size_bytes: int, length: int) -> bytes:
    """A SimpleBlock whose size is written in `length` bytes (RFC 8794 §6)."""
    size = size_bytes | 1 << 7 * length
    return b"\xa3" + size.to_bytes(length, "big") + bytes(size_bytes)


@pytest.mark.parametrize(("size", "length"), [(126, 1), (127, 2), (16_383, 3), (2_097_151, 4)])
def test_cut_picture_behind_one_of_any_size_is_found(size: int, length: int) -> None:
    """127 in one byte is an unknown size; in two bytes it is a size."""
    whole = _HEAD + _SEGMENT_LIVE + _CLUSTER_LIVE + block(size, length) + block(100, 2)

    assert not is_truncated("matroska", io.BytesIO(whole), len(whole))
    assert is_truncated("matroska", io.BytesIO(whole[:-40]), len(whole) - 40)


def test_segment_of_127_bytes_in_two_bytes_has_a_known_size() -> None:
    whole = _HEAD + b"\x18\x53\x80\x67\x40\x7f" + bytes(127)

    assert not is_truncated("matroska", io.BytesIO(whole), len(whole))
    assert is_truncated("matroska", io.BytesIO(whole[:-1]), len(whole) - 1)
