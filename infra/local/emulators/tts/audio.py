"""Changes the rate and the pitch of synthesized speech by linear interpolation, which is sufficient
for an emulator."""

from __future__ import annotations

from array import array

from shared.recipes.films.speech import SpeechAudio


def resample(speech: SpeechAudio, rate_hz: int) -> SpeechAudio:
    """Returns the same speech with `rate_hz` samples per second."""
    if rate_hz == speech.rate_hz or not speech.samples:
        return SpeechAudio(speech.pcm, rate_hz)
    return SpeechAudio(_interpolate(speech.pcm, rate_hz / speech.rate_hz), rate_hz)


def play_faster(speech: SpeechAudio, factor: float) -> SpeechAudio:
    """Returns the speech `factor` times as fast and as high, at the same rate."""
    if factor == 1.0 or not speech.samples:
        return speech
    return SpeechAudio(_interpolate(speech.pcm, 1 / factor), speech.rate_hz)


def _interpolate(pcm: bytes, ratio: float) -> bytes:
    """Returns `ratio` times as many samples."""
    source = array("h", pcm)
    last = len(source) - 1
    out = array("h")
    for index in range(int(len(source) * ratio)):
        position = index / ratio
        low = int(position)
        high = source[min(low + 1, last)]
        out.append(round(source[low] + (high - source[low]) * (position - low)))
    return out.tobytes()
