"""Speech recognition with faster-whisper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.emulators.stt.models import WhisperModel, language_tag, whisper_code

THREADS = 1
"""Threads of the network. On a busy machine several wait for each other for minutes."""
SAMPLE_RATE_HZ = 16_000
"""The sample rate of the sound that Whisper takes."""
_BEAM_SIZE = 5
# OpenAI's own limits: text beyond them is invented.
_MAX_NO_SPEECH = 0.6
_MIN_LOG_PROBABILITY = -1.0
_MIN_SPEECH = 0.3
"""Of the voice activity detector: the default, 0.5, takes half of the speech of a telephone for
noise, and noise, tones and music are below 0.3."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its punctuation, its time in seconds, and its probability."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Words that belong together, about a sentence."""

    words: tuple[Word, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Transcription:
    """The segments of a sound, and the BCP 47 tag of its language."""

    segments: tuple[Segment, ...]
    language: str


class Whisper:
    """The models of Whisper. A model is loaded by its first sound, which takes 1 s and 250 MB."""

    def __init__(self) -> None:
        self._models: dict[Path, Any] = {}

    def transcribe(
        self, samples: bytes, model: WhisperModel, folder: Path, language: str
    ) -> Transcription:
        """Recognizes the words of mono samples of 16 bits at SAMPLE_RATE_HZ.

        Args:
            language: A tag of the model, or "" to detect the language. A model of one language
                takes all speech for that language.
        """
        # Imported late: these packages are only in the environment with speech recognition.
        import numpy as np

        if folder not in self._models:
            self._models[folder] = _load_model(folder)
        if not language and not model.detects_language:
            language = model.languages[0]
        segments, info = self._models[folder].transcribe(
            np.frombuffer(samples, "<i2").astype(np.float32) / 32768.0,
            language=whisper_code(language) or None,
            beam_size=_BEAM_SIZE,
            # Without retries with random sampling, so that the same sound has the same words.
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=_MAX_NO_SPEECH,
            log_prob_threshold=_MIN_LOG_PROBABILITY,
            word_timestamps=True,
            # Whisper invents words for silence and music, with a high probability.
            vad_filter=True,
            vad_parameters={"threshold": _MIN_SPEECH},
        )
        return Transcription(
            tuple(_read_segments(segments, len(samples) / 2 / SAMPLE_RATE_HZ)),
            language_tag(info.language),
        )


def _read_segments(segments: Any, duration_s: float) -> Iterator[Segment]:
    for segment in segments:
        if segment.avg_logprob < _MIN_LOG_PROBABILITY:
            continue
        words = tuple(
            Word(
                word.word.strip(),
                min(float(word.start), duration_s),
                min(float(word.end), duration_s),
                float(word.probability),
            )
            for word in segment.words
            if word.word.strip()
        )
        if words:
            yield Segment(words, sum(word.probability for word in words) / len(words))


def _load_model(folder: Path) -> Any:
    from faster_whisper import WhisperModel as Model  # type: ignore[import-not-found]

    return Model(
        str(folder), device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True
    )
