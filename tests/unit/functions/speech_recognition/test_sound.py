"""The amplification of quiet sounds."""

from __future__ import annotations

import numpy as np
import pytest

from functions.speech_recognition.sound import amplify

FULL_SCALE = 32_767


@pytest.mark.parametrize(
    ("peak", "amplified"),
    [
        # At most 20 dB.
        (100, 1_000),
        (-1_000, -10_000),
        (10_000, round(0.9 * FULL_SCALE)),
        (-32_768, -32_768),
        (0, 0),
    ],
)
def test_quiet_sound_is_amplified_to_near_full_scale(peak: int, amplified: int) -> None:
    """Each block of a long sound by the same factor."""
    samples = np.zeros(200_000, np.int16)
    samples[[3, 199_999]] = peak, peak // 2
    amplify(samples)
    assert samples[3] == amplified
    assert samples[199_999] == pytest.approx(amplified / 2, abs=1)


def test_sound_without_samples_stays_empty() -> None:
    samples = np.zeros(0, np.int16)
    amplify(samples)
    assert len(samples) == 0
