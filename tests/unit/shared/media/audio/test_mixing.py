"""Any layout of channels is mixed to one or two without clipping, as ITU-R BS.775 mixes."""

from __future__ import annotations

import io

import numpy as np
import pytest

from shared.media.audio.pcm import Samples, decode_sound
from tests.fixtures.media.sounds import make_wav

RATE = 48_000
FULL = 32_767
CENTRE = np.sqrt(0.5)
MASKS = {
    "mono": (1, 0x4),
    "stereo": (2, 0x3),
    "2.1": (3, 0xB),
    "3.0": (3, 0x7),
    "quad": (4, 0x33),
    "4.0": (4, 0x107),
    "5.0": (5, 0x37),
    "5.1": (6, 0x3F),
    "5.1(side)": (6, 0x60F),
    "hexagonal": (6, 0x137),
    "6.1": (7, 0x70F),
    "7.1": (8, 0x63F),
    "7.1(wide)": (8, 0xFF),
    "heights": (8, 0x5003F),
}
"""Number of channels and speakers of a WAV (WAVE_FORMAT_EXTENSIBLE)."""


def decode(data: bytes, channels: int = 2) -> Samples:
    blocks = decode_sound(io.BytesIO(data), rate_hz=RATE, channels=channels, max_duration_s=60)
    return np.concatenate(list(blocks), axis=1)


def tone(hz: float) -> np.ndarray:
    return np.asarray(FULL * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE), np.int16)


def distortion(channel: Samples, hz: float) -> float:
    """Returns the energy beside the tone relative to its own."""
    spectrum = np.abs(np.fft.rfft(channel[:RATE])) ** 2
    own = spectrum[round(hz) - 2 : round(hz) + 3].sum()
    return float(np.sqrt((spectrum.sum() - own) / own))


@pytest.mark.parametrize("mixed_channels", [1, 2])
@pytest.mark.parametrize("name", MASKS)
def test_full_level_on_all_channels_does_not_clip(name: str, mixed_channels: int) -> None:
    channels, mask = MASKS[name]
    sound = decode(make_wav(np.tile(tone(440), (channels, 1)), RATE, mask=mask), mixed_channels)

    assert sound.shape == (mixed_channels, RATE)
    assert np.abs(sound).max() <= 1
    assert np.abs(sound).max() == pytest.approx(1, abs=0.01)
    assert all(distortion(channel, 440) < 0.001 for channel in sound)


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_without_names_are_mixed_by_their_number(channels: int) -> None:
    source = np.zeros((channels, RATE), np.int16)
    source[0] = tone(440)
    source[-1] = tone(700)
    sound = decode(make_wav(source, RATE))
    spectrum = np.abs(np.fft.rfft(sound.sum(axis=0)))

    assert spectrum[700] > 1000
    assert channels == 1 or spectrum[440] > 1000
    assert np.abs(sound).max() <= 1


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (0, (1, 0)),
        (1, (0, 1)),
        (2, (CENTRE, CENTRE)),
        (3, (0, 0)),  # low frequency effects
        (4, (CENTRE, 0)),
        (5, (0, CENTRE)),
    ],
)
def test_coefficients_of_5_1_are_those_of_bs_775(channel: int, expected: object) -> None:
    source = np.zeros((6, RATE), np.int16)
    source[channel] = 16_384
    left_right = decode(make_wav(source, RATE, mask=0x3F))[:, RATE // 2]

    assert left_right * 2 * (1 + 2 * CENTRE) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(("channels", "mask"), [(1, 0x4), (2, 0x3)])
def test_mono_and_stereo_keep_their_level(channels: int, mask: int) -> None:
    sound = decode(make_wav(np.full((channels, RATE), 16_384, np.int16), RATE, mask=mask))

    assert sound[:, RATE // 2] == pytest.approx([0.5, 0.5])


def test_resampled_mix_does_not_clip() -> None:
    """At another rate, tones stay within the bound; only steps overshoot in the filter."""
    source = np.tile(tone(440), (6, 1))
    sound = decode(make_wav(source, 44_100, mask=0x3F))

    assert np.abs(sound).max() <= 1.001
