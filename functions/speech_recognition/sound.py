"""Reads the sound of a window, decoded in a sandbox process."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from shared.entrypoints.stage import UnitContext
from shared.media.audio.time_range import SoundRange
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from shared.ports.speech_recognition import SAMPLE_RATE_HZ
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import Upload

Mono = NDArray[np.int16]
LIMITS = Limits.for_function(FUNCTIONS["speech_recognition"])
_BLOCK_BYTES = 1 << 20
_AMPLIFIED_BLOCK = 1 << 16
_PEAK = 0.9 * 32_767
_MAX_GAIN = 10.0
"""A quieter sound than this below full scale is noise, and stays quiet."""
_DECODE = declare_work("functions.speech_recognition.decoders", "decode_range_in_sandbox", "sound")


@dataclass(frozen=True, slots=True)
class Sound:
    """A range of the sound: its samples at SAMPLE_RATE_HZ, and the time of the first one in
    seconds. Not complete if the rest of the range cannot be decoded."""

    samples: Mono
    begin_s: float
    is_complete: bool = True

    @property
    def end_s(self) -> float:
        """The end of the samples."""
        return self.to_seconds(len(self.samples))

    def to_seconds(self, sample: int) -> float:
        """Returns the time of a sample, in seconds as in a transcript."""
        return self.begin_s + sample / SAMPLE_RATE_HZ

    def to_sample(self, seconds: float) -> int:
        """Returns the nearest sample of a time, within the sound."""
        return max(0, min(len(self.samples), round((seconds - self.begin_s) * SAMPLE_RATE_HZ)))


def read_sound(context: UnitContext, upload: Upload, begin_s: float, end_s: float) -> Sound:
    """Returns the sound of a range; less of it if the sound ends in it. A quiet sound is amplified.

    Raises the errors of `decode_range` and of shared.media.sandbox.run.
    """
    stored = upload.stored_object
    read_at = context.objects.range_reader(stored.bucket, stored.name, stored.generation)
    sink = io.BytesIO()
    result = run_in_sandbox(
        _DECODE,
        _sound_range(upload, begin_s, end_s),
        SAMPLE_RATE_HZ,
        upload.info if is_joined(upload) else None,
        source=Source(read_at, stored.size_bytes, _BLOCK_BYTES),
        limits=LIMITS,
        sink=sink,
        check=context.check,
        label=context.job.id,
    )
    samples = np.frombuffer(sink.getbuffer(), np.int16)
    amplify(samples)
    return Sound(samples, begin_s, is_complete=not result.value)


def is_joined(upload: Upload) -> bool:
    """Whether a video consists of several recordings, whose time stamps jump."""
    info = upload.info
    return isinstance(info, MediaInfo) and bool(info.discontinuities or info.joined_at)


def _sound_range(upload: Upload, begin_s: float, end_s: float) -> SoundRange:
    begin, end, info = Fraction(begin_s), Fraction(end_s), upload.info
    if not isinstance(info, MediaInfo):
        return SoundRange(begin, end)
    can_seek = info.random_access != "none" and info.timestamps_reliable and not is_joined(upload)
    return SoundRange(begin, end, info.first_pts.seconds, can_seek)


def amplify(samples: Mono) -> None:
    """Amplifies the samples in place to a peak near full scale, by at most 20 dB: the detector of
    speech has thresholds of its own, and a mix of 5.1 channels is quiet."""
    peak = max(int(samples.max()), -int(samples.min())) if len(samples) else 0
    if not 0 < peak < _PEAK:
        return
    gain = np.float32(min(_MAX_GAIN, _PEAK / peak))
    # In blocks: the product has twice the size of the samples.
    for at in range(0, len(samples), _AMPLIFIED_BLOCK):
        block = samples[at : at + _AMPLIFIED_BLOCK]
        block[:] = np.round(block * gain)
