"""Loudness matches FFmpeg's ebur128, and every voice is brought to -16 LUFS."""

from __future__ import annotations

import numpy as np
import pytest

from functions.stitching.audio.loudness import (
    FRAMES_PER_SECOND,
    LoudnessProfile,
    compute_gains,
    interpolate_gains,
    measure_loudness,
)
from functions.stitching.film.mp4 import Samples
from tests.fixtures.media.films import measure_ebur128

RATES = [16000, 22050, 24000, 44100, 48000]


def make_voice_like_sound(rate: int, seconds: float = 20, seed: int = 1) -> Samples:
    """Syllables of noise and tones with pauses, in float32 of shape (1, n)."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * t), 0, 1) * (np.sin(2 * np.pi * 0.21 * t) > -0.6)
    sound = np.sin(2 * np.pi * 210 * t) + 0.5 * np.sin(2 * np.pi * 1370 * t)
    return (0.1 * syllables * (sound + 0.4 * random.standard_normal(len(t))))[None].astype("f4")


def measure_profile(sound: Samples, rate: int) -> LoudnessProfile:
    profile = LoudnessProfile()
    profile.add(sound, rate)
    return profile


def normalize(sound: Samples, rate: int) -> Samples:
    factors = compute_gains(measure_profile(sound, rate))
    return sound * interpolate_gains(factors, 0, sound.shape[1], rate / FRAMES_PER_SECOND)


@pytest.mark.parametrize("rate", RATES)
def test_loudness_matches_ffmpeg(rate: int) -> None:
    sound = make_voice_like_sound(rate)
    assert measure_loudness(measure_profile(sound, rate).energies) == pytest.approx(
        measure_ebur128(sound, rate)[0], abs=0.1
    )


def test_full_scale_sine_of_997_hz_is_minus_3_lufs() -> None:
    tone = np.sin(2 * np.pi * 997 * np.arange(48000 * 5) / 48000)[None].astype("f4")
    assert measure_loudness(measure_profile(tone, 48000).energies) == pytest.approx(-3.01, abs=0.05)


def test_loudness_sums_the_channels() -> None:
    sound = make_voice_like_sound(48000)
    stereo = np.concatenate([sound, sound])
    mono_lufs = measure_loudness(measure_profile(sound, 48000).energies)
    assert measure_loudness(measure_profile(stereo, 48000).energies) == pytest.approx(
        mono_lufs + 3.01, abs=0.02
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gain_db", [-20, -12, 0, 12])
def test_quiet_and_loud_voices_get_the_same_loudness(rate: int, gain_db: float) -> None:
    sound = np.clip(make_voice_like_sound(rate) * np.float32(10 ** (gain_db / 20)), -1, 1)
    after, peak = measure_ebur128(normalize(sound, rate), rate)
    assert after == pytest.approx(-16, abs=1)
    assert peak <= -1


def test_limiter_attenuates_single_peaks_only() -> None:
    sound = make_voice_like_sound(24000)
    sound[0, 5000::24000] = 0.9
    after, peak = measure_ebur128(normalize(sound, 24000), 24000)
    assert after == pytest.approx(-16, abs=1)
    assert peak <= -1
    assert float(np.abs(normalize(sound, 24000)).max()) <= 10 ** (-3 / 20) + 1e-4


def test_silence_has_no_loudness_and_no_gain() -> None:
    silence = np.zeros((1, 48000), np.float32)
    assert measure_loudness(measure_profile(silence, 48000).energies) == -np.inf
    assert (compute_gains(measure_profile(silence, 48000)) == 1).all()
    assert len(compute_gains(LoudnessProfile())) == 0


def test_pause_does_not_change_the_loudness() -> None:
    sound = make_voice_like_sound(24000)
    with_pause = measure_profile(sound, 24000)
    with_pause.add_silence(60)
    expected = measure_loudness(measure_profile(sound, 24000).energies)
    assert measure_loudness(with_pause.energies) == pytest.approx(expected, abs=0.1)


def test_interpolation_in_blocks_gives_the_same_curve() -> None:
    factors = np.linspace(0.2, 1, 40, dtype=np.float32)
    curve = interpolate_gains(factors, 0, 9600, 240)
    blocks = [interpolate_gains(factors, at, 1600, 240) for at in range(0, 9600, 1600)]
    assert np.allclose(curve, np.concatenate(blocks))
