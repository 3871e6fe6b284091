"""A speech recognizer for sounds whose words are tones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.ports.speech_recognition import (
    AUTO_LANGUAGE,
    MAX_SOUND_S,
    SAMPLE_RATE_HZ,
    LanguageNotRecognized,
    Recognition,
    RecognitionRequest,
    RecognizedWord,
)

LOWEST_HZ, STEP_HZ = 400, 50
"""The frequency of the word w0, and from one word to the next."""
_FRAME = SAMPLE_RATE_HZ // 100
_MIN_FRAMES = 4


@dataclass
class ToneRecognizer:
    """Recognizes each tone as a word named by its frequency: w0, w1, …

    `failures` are raised by the next requests, one each; None lets a request pass. `languages` are
    those that it knows; None: every one.
    """

    engine: str = "fake/tones"
    failures: list[Exception | None] = field(default_factory=list)
    requests: list[RecognitionRequest] = field(default_factory=list)
    mark: str = ""
    """Added to each word, such as a full stop."""
    speaker: str = ""
    german_from: int = 1000
    """The number of the first word that is German. The most words of a request are its language."""
    languages: tuple[str, ...] | None = None

    def recognize(self, request: RecognitionRequest) -> Recognition:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        duration_s = len(request.samples) / 2 / SAMPLE_RATE_HZ
        if duration_s > MAX_SOUND_S:
            raise ValueError(f"{duration_s:.1f} s of sound; a request has at most {MAX_SOUND_S} s.")
        tag = request.language.partition("-")[0]
        if self.languages is not None and tag not in (AUTO_LANGUAGE, *self.languages):
            raise LanguageNotRecognized(f"The fake does not know {tag}.")
        self.requests.append(request)
        samples = np.frombuffer(request.samples, np.int16).astype(np.float64)
        tones = find_tones(samples)
        words = tuple(
            RecognizedWord(f"w{word}{self.mark}", start, end, 0.9, self.speaker)
            for word, start, end in tones
        )
        german = sum(word >= self.german_from for word, _, _ in tones)
        language = "de-DE" if german > len(tones) / 2 else "en-US"
        return Recognition(words, language if words else "")


def find_tones(samples: NDArray[np.float64]) -> list[tuple[int, float, float]]:
    """Returns the number of each tone, its start and its end in seconds."""
    count = len(samples) // _FRAME
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    loud = np.sqrt((frames**2).mean(axis=1)) > 600
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud, [0])).astype(int)))
    found = []
    for start, end in edges.reshape(-1, 2):
        if end - start < _MIN_FRAMES:
            continue
        tone = samples[start * _FRAME : end * _FRAME]
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 1 << 14))
        frequency = np.argmax(spectrum[300:]) + 300
        number = round((frequency * SAMPLE_RATE_HZ / (1 << 14) - LOWEST_HZ) / STEP_HZ)
        found.append((number, start * _FRAME / SAMPLE_RATE_HZ, end * _FRAME / SAMPLE_RATE_HZ))
    return found
