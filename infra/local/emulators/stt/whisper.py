"""Speech recognition with faster-whisper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_PAUSE_MS = 300
"""No word has a silence of this length within it."""
_MAX_SILENCE_S, _MAX_SILENCE_AROUND_S = 2.0, 1.0
"""A longer silence within a sound, and before or after its speech, is removed."""
_MAX_MISSING_S = 1.0
"""How long before the end of speech the last word may end."""
_WINDOW_S = 30.0
"""What Whisper takes at once."""


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
        from faster_whisper.vad import (  # type: ignore[import-not-found]
            VadOptions,
            get_speech_timestamps,
        )

        sound = np.frombuffer(samples, "<i2").astype(np.float32) / 32768.0
        options = VadOptions(
            threshold=_MIN_SPEECH, speech_pad_ms=0, min_silence_duration_ms=_PAUSE_MS
        )
        spans = get_speech_timestamps(sound, options)
        if not spans:
            return Transcription((), language)
        if folder not in self._models:
            self._models[folder] = _load_model(folder)
        if not language and not model.detects_language:
            language = model.languages[0]
        duration_s = len(sound) / SAMPLE_RATE_HZ
        onsets = [span["start"] / SAMPLE_RATE_HZ for span in spans]
        ends = [span["end"] / SAMPLE_RATE_HZ for span in spans]
        # With time stamps of its own, which the times of words do not need, Whisper stops early in
        # a window and decodes its rest again. That costs a third more, and 9 instead of 6 of 368
        # words were wrong.
        is_one_window = duration_s <= _WINDOW_S
        segments, info = self._models[folder].transcribe(
            sound,
            language=whisper_code(language) or None,
            beam_size=_BEAM_SIZE,
            # Without retries with random sampling, so that the same sound has the same words.
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=_MAX_NO_SPEECH,
            log_prob_threshold=_MIN_LOG_PROBABILITY,
            word_timestamps=True,
            without_timestamps=is_one_window,
            # Whisper invents words for silence and music, with a high probability.
            vad_filter=_has_silence(onsets, ends, duration_s),
            vad_parameters={"threshold": _MIN_SPEECH},
        )
        if is_one_window:
            segments = _take_until(segments, ends[-1] - _MAX_MISSING_S)
        return Transcription(
            tuple(_read_segments(segments, onsets, duration_s)), language_tag(info.language)
        )


def _take_until(segments: Iterator[Any], end_s: float) -> Iterator[Any]:
    """Yields the segments up to the one that ends after `end_s`: what is decoded after it has no
    speech. Where Whisper ends before, mostly with another speaker, it goes on."""
    for segment in segments:
        yield segment
        if segment.words and segment.words[-1].end >= end_s:
            return


def _has_silence(onsets: Sequence[float], ends: Sequence[float], duration_s: float) -> bool:
    """Whether a sound has silence to be removed. `onsets` and `ends` are those of its speech."""
    pauses = zip(ends, onsets[1:], strict=False)
    return (
        max(onsets[0], duration_s - ends[-1]) > _MAX_SILENCE_AROUND_S
        or max((onset - end for end, onset in pauses), default=0) > _MAX_SILENCE_S
    )


def _read_segments(segments: Any, onsets: Sequence[float], duration_s: float) -> Iterator[Segment]:
    """Yields the segments. `onsets` are the seconds at which speech begins: Whisper starts the
    first word with the silence before it, which the detector keeps."""
    for segment in segments:
        if segment.avg_logprob < _MIN_LOG_PROBABILITY:
            continue
        words = tuple(
            Word(
                word.word.strip(),
                min(_find_start(float(word.start), float(word.end), onsets), duration_s),
                min(float(word.end), duration_s),
                float(word.probability),
            )
            for word in segment.words
            if word.word.strip()
        )
        if words:
            yield Segment(words, sum(word.probability for word in words) / len(words))


def _find_start(start_s: float, end_s: float, onsets: Sequence[float]) -> float:
    """Returns when a word starts that has its speech from the last onset within it."""
    return max((onset for onset in onsets if start_s < onset < end_s), default=start_s)


def _load_model(folder: Path) -> Any:
    from faster_whisper import WhisperModel as Model  # type: ignore[import-not-found]

    return Model(
        str(folder), device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True
    )
