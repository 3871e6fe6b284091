"""Loudness (ITU-R BS.1770-4, EBU R 128), and the gain that brings a voice to -16 LUFS.

The sound is measured once in frames of 5 ms (K-weighted energy, highest sample). Loudness, gain and
the curve of a peak limiter are computed from these two arrays, without reading the samples again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

TARGET_LUFS = -16.0
CEILING_DBFS = -3.0
"""Maximum of single samples. Inter-sample peaks and the AAC encoder add up to about 2 dB."""
FRAMES_PER_SECOND = 200
MAX_GAIN_DB = 40.0
_BLOCK, _HOP = 80, 20
"""Gating blocks of 400 ms that overlap by three quarters, in frames."""
_ABSOLUTE_LUFS, _RELATIVE_LU = -70.0, -10.0
_OFFSET = -0.691
_REACH = 1
"""Attack and release of the limiter in frames. Longer ones attenuate whole words instead of their
peaks, and then -16 LUFS cannot be reached."""
_FFT = 1 << 15
_FILTER_LENGTH = 1 << 13
"""Samples after which the impulse response of the filters is negligible, at up to 48 kHz."""


class LoudnessProfile:
    """Energies and peaks of a sound in frames. Silence may be added between blocks."""

    def __init__(self) -> None:
        self._energies: list[FloatArray] = []
        self._peaks: list[FloatArray] = []

    def add(self, samples: FloatArray, rate_hz: int) -> slice:
        """Measures a block, float32 of shape (channels, n). Returns the slice of its frames."""
        count = -(-samples.shape[1] * FRAMES_PER_SECOND // rate_hz)
        # Frames are not a whole number of samples at every rate: each begins at the nearest one.
        starts = (np.arange(count) * rate_hz + FRAMES_PER_SECOND // 2) // FRAMES_PER_SECOND
        lengths = np.diff(np.append(starts, samples.shape[1])).clip(1)
        energy = np.zeros(count, np.float32)
        peak = np.zeros(count, np.float32)
        if count:
            starts = starts.clip(max=samples.shape[1] - 1)
            for channel in samples:
                energy += np.add.reduceat(_k_weight(channel, rate_hz) ** 2, starts) / lengths
                peak = np.maximum(peak, np.maximum.reduceat(np.abs(channel), starts))
        return self._append(energy, peak)

    def add_silence(self, seconds: float) -> None:
        """Adds silence."""
        zeros = np.zeros(round(seconds * FRAMES_PER_SECOND), np.float32)
        self._append(zeros, zeros)

    @property
    def energies(self) -> FloatArray:
        """Mean squares after K-weighting, summed over the channels."""
        return np.concatenate([np.zeros(0, np.float32), *self._energies])

    @property
    def peaks(self) -> FloatArray:
        """The highest sample of any channel; full scale is 1."""
        return np.concatenate([np.zeros(0, np.float32), *self._peaks])

    def _append(self, energy: FloatArray, peak: FloatArray) -> slice:
        start = sum(map(len, self._energies))
        self._energies.append(energy)
        self._peaks.append(peak)
        return slice(start, start + len(energy))


def measure_loudness(energies: FloatArray) -> float:
    """Returns the integrated loudness in LUFS; -inf for silence."""
    count = len(energies)
    if count == 0:
        return -np.inf
    if count < _BLOCK:
        energies = np.pad(energies, (0, _BLOCK - count))
    sums = np.concatenate([[0.0], np.cumsum(energies, dtype=np.float64)])
    blocks = (sums[_BLOCK:] - sums[:-_BLOCK])[::_HOP] / _BLOCK
    gated = blocks[blocks > to_energy(_ABSOLUTE_LUFS)]
    if not len(gated):
        return -np.inf
    gated = gated[gated > gated.mean() * 10 ** (_RELATIVE_LU / 10)]
    return float(_OFFSET + 10 * np.log10(gated.mean()))


def compute_gains(profile: LoudnessProfile, target_lufs: float = TARGET_LUFS) -> FloatArray:
    """Returns the factor of every frame: one gain for the whole sound, reduced where peaks would
    exceed the ceiling. The gain compensates the loudness that the limiter removes."""
    energies, peaks = profile.energies, profile.peaks
    gain_db = 0.0
    for _ in range(8):
        curve = _limit(peaks, gain_db)
        measured = measure_loudness(energies * curve**2)
        if not np.isfinite(measured):
            return np.ones_like(energies)
        gain_db = float(np.clip(gain_db + target_lufs - measured, -MAX_GAIN_DB, MAX_GAIN_DB))
    return _limit(peaks, gain_db)


def interpolate_gains(
    factors: FloatArray, start: int, sample_count: int, samples_per_frame: float
) -> FloatArray | float:
    """Returns the factors of `sample_count` samples from `start` on, interpolated linearly between
    the centres of the frames."""
    first = max(0, int(start / samples_per_frame) - 1)
    nearby = factors[first : int((start + sample_count) / samples_per_frame) + 2]
    if len(nearby) == 0 or nearby.min() == nearby.max():
        return float(nearby[0]) if len(nearby) else 1.0
    centres = (np.arange(first, first + len(nearby)) + 0.5) * samples_per_frame
    return np.interp(np.arange(start, start + sample_count), centres, nearby).astype(np.float32)


def _limit(peaks: FloatArray, gain_db: float) -> FloatArray:
    gain, ceiling = 10 ** (gain_db / 20), 10 ** (CEILING_DBFS / 20)
    allowed = np.minimum(gain, ceiling / np.maximum(peaks, 1e-9)).astype(np.float32)
    if len(allowed) == 0 or allowed.min() >= gain:
        return np.full_like(peaks, gain)
    # The minimum of the neighbours, then the mean: never above the limit of a frame, also not
    # between frames after linear interpolation.
    minimum = _windows(allowed, _REACH + 1).min(axis=1)
    smooth: FloatArray = _windows(minimum, _REACH).mean(axis=1, dtype=np.float32)
    return smooth


def _windows(values: FloatArray, reach: int) -> FloatArray:
    padded = np.pad(values, reach, mode="edge")
    windows: FloatArray = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return windows


def _k_weight(samples: FloatArray, rate_hz: int) -> FloatArray:
    """Applies K-weighting by overlap-save: blocks are filtered in the frequency domain."""
    response = _response(rate_hz)
    step = _FFT - _FILTER_LENGTH
    padded = np.pad(samples, (_FILTER_LENGTH, -len(samples) % step))
    out = np.empty(len(padded) - _FILTER_LENGTH, np.float32)
    for at in range(0, len(out), step):
        spectrum = np.fft.rfft(padded[at : at + _FFT])
        spectrum *= response
        out[at : at + step] = np.fft.irfft(spectrum, _FFT)[_FILTER_LENGTH:]
    return out[: len(samples)]


@cache
def _response(rate_hz: int) -> NDArray[np.complex64]:
    """Returns the frequency response of the two filters of BS.1770-4 at any rate.

    The analogue prototypes are transformed bilinearly. At 48 kHz this gives the coefficients of the
    standard.
    """
    z = np.exp(-2j * np.pi * np.arange(_FFT // 2 + 1) / _FFT)

    def ratio(b: tuple[float, ...], a: tuple[float, ...]) -> NDArray[Any]:
        numerator = b[0] + b[1] * z + b[2] * z**2
        response: NDArray[Any] = numerator / (a[0] + a[1] * z + a[2] * z**2)
        return response

    k, q = np.tan(np.pi * 1681.974450955533 / rate_hz), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    shelf = ratio(
        (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k),
        (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k),
    )
    k, q = np.tan(np.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    low = 1 + k / q + k * k
    high_pass = ratio((1, -2, 1), (1, 2 * (k * k - 1) / low, (1 - k / q + k * k) / low))
    combined: NDArray[np.complex64] = (shelf * high_pass).astype(np.complex64)
    return combined


def to_energy(lufs: float) -> float:
    """Returns the mean square of a sound of this loudness, summed over the channels."""
    return float(10 ** ((lufs - _OFFSET) / 10))
