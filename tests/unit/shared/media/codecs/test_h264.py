"""Detection of H.264 keyframes at which decoding can begin."""

from __future__ import annotations

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.media.codecs.h264 import is_clean_start, nal_length_bytes
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec

IDR = bytes([0x65, 0x88])
# Slice headers: first_mb_in_slice ue(0) = "1"; slice_type I ue(7) = "0001000", P ue(5) = "00110".
INTRA = bytes([0x41, 0b1000_1000, 0x80])
PREDICTED = bytes([0x41, 0b1001_1010, 0x80])
# SEI: payload type 6, size 1, recovery_frame_cnt ue(0) = "1", ue(11) = "0001100".
RECOVERED_IMMEDIATELY = bytes([0x06, 6, 1, 0b1100_0000, 0x80])
RECOVERED_LATER = bytes([0x06, 6, 1, 0b0001_1001, 0x80])
OTHER_MESSAGE_FIRST = bytes([0x06, 5, 2, 9, 9, 6, 1, 0b0001_1001, 0x80])


def _annex_b(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def _length_prefixed(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ((IDR,), True),
        ((INTRA, INTRA), True),
        ((PREDICTED,), False),
        ((INTRA, PREDICTED), False),
        ((RECOVERED_IMMEDIATELY, PREDICTED), True),
        ((RECOVERED_LATER, INTRA), False),
        ((OTHER_MESSAGE_FIRST, INTRA), False),
        ((bytes([0x67, 1, 2]), bytes([0x68, 1]), IDR), True),
        ((bytes([0x09, 0xF0]),), False),
        ((), False),
    ],
)
def test_clean_start_is_detected_from_units(units: tuple[bytes, ...], expected: bool) -> None:
    assert is_clean_start(_annex_b(*units), None) is expected
    assert is_clean_start(_length_prefixed(*units), 4) is expected


@pytest.mark.parametrize(
    ("clip_spec", "count"),
    [
        (CLIP_SPECS["cfr30"], 7),
        (CLIP_SPECS["mpegts"], 6),
        (CLIP_SPECS["open-gop"], 8),
        (RARE_CLIP_SPECS["gradual-refresh"], 1),
        (RARE_CLIP_SPECS["gradual-refresh-ts"], 1),
    ],
)
def test_real_streams_have_the_expected_starts(clip_spec: ClipSpec, count: int) -> None:
    with av.open(str(clip_spec.encode().path)) as container:
        stream = container.streams.video[0]
        length_bytes = nal_length_bytes(stream.codec_context.extradata)
        starts = [
            packet
            for packet in container.demux(stream)
            if packet.is_keyframe and is_clean_start(bytes(packet), length_bytes)
        ]
    assert len(starts) == count


@given(st.binary(max_size=200), st.sampled_from([None, 1, 2, 3, 4]))
def test_arbitrary_bytes_raise_no_error(noise: bytes, length_bytes: int | None) -> None:
    assert is_clean_start(noise, length_bytes) in (True, False)
    assert nal_length_bytes(noise) in (None, 1, 2, 3, 4)
