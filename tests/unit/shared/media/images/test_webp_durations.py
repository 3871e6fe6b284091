"""Pictures of an animated WebP are shown as long as browsers show them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction

import pytest
from PIL import Image

from functions.upload_trigger.probes.webp import probe_webp
from shared.media.images.webp import decode_webp_frames


def _make_webp(durations_ms: Sequence[int]) -> bytes:
    frames = [Image.new("RGB", (32, 32), (20 * n, 0, 0)) for n in range(len(durations_ms))]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True,
                   duration=list(durations_ms))  # fmt: skip
    return out.getvalue()


@pytest.mark.parametrize(
    ("durations_ms", "shown_ms"),
    [
        ([0] * 10, [100] * 10),
        ([0, 200, 0], [100, 200, 100]),
        ([10, 11, 20], [100, 11, 20]),
        ([1, 1, 1], [100, 100, 100]),
        ([40, 40, 40], [40, 40, 40]),
        ([300, 0], [300, 100]),
    ],
)
def test_short_durations_are_a_tenth_of_a_second(
    durations_ms: Sequence[int], shown_ms: Sequence[int]
) -> None:
    data = _make_webp(durations_ms)
    info = probe_webp(io.BytesIO(data), len(data))
    assert info.duration == Fraction(sum(shown_ms), 1000)
    frames = list(decode_webp_frames(io.BytesIO(data)))
    assert [frame.duration for frame in frames] == list(shown_ms)
    assert [frame.pts for frame in frames] == [sum(shown_ms[:n]) for n in range(len(shown_ms))]
