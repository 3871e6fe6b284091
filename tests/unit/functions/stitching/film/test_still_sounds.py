"""Films of a picture with unusual sounds, from the uploads to the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.media.films import decode_sound
from tests.fixtures.media.sounds import encode_with_pauses, make_wav
from tests.fixtures.media.uploads import make_rotated_jpeg, make_tone
from tests.fixtures.stage_harness import StageHarness
from tests.unit.functions.stitching.film.still_jobs import make_still_job, run_stitching

pytestmark = pytest.mark.slow

RATE = 48_000


def _full_level() -> np.ndarray:
    """A second of six correlated channels at -0.4 dB."""
    tone = 0.955 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    return np.tile(tone.astype(np.float32), (6, 1))


SOUNDS: dict[str, tuple[Callable[[], bytes], float]] = {
    "5.1 with a pause": (
        lambda: encode_with_pauses(
            np.tile(_full_level(), 2), "matroska", "flac", RATE, {1: 2}
        ),
        4,
    ),
    "transport stream with a pause": (
        lambda: encode_with_pauses(make_tone(2, RATE), "mpegts", "aac", RATE, {1: 2}),
        4,
    ),
    "WAV of a wrong size": (
        lambda: make_wav(np.asarray(_full_level() * 32_767, np.int16), RATE, data_bytes=4_000),
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUNDS)
def test_film_has_all_of_the_sound(harness: StageHarness, tmp_path: Path, name: str) -> None:
    make, seconds = SOUNDS[name]
    job = make_still_job(harness, make_rotated_jpeg(1), make())
    done, path = run_stitching(harness, job, tmp_path)
    sound, rate = decode_sound(path)

    assert done.facts is not None
    assert done.facts["duration_s"] == pytest.approx(seconds, abs=0.05)
    if seconds == 4:
        assert np.abs(sound[:, round(1.1 * rate) : round(2.9 * rate)]).max() < 0.02
        assert np.abs(sound[:, round(3.2 * rate) : round(3.8 * rate)]).max() > 0.3
    steady = sound[0, rate // 4 : rate // 4 + rate // 2]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)))) ** 2
    own = spectrum[round(440 / 2) - 4 : round(440 / 2) + 5].sum()
    assert np.sqrt((spectrum.sum() - own) / own) < 0.04, "the tone is distorted"
