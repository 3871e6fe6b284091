"""The times of slides and sentences in a film, in samples of 48 kHz. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from shared.errors import PermanentError
from shared.recipes.films.narration import Narration, SlideSpeech
from shared.recipes.films.options import MAX_FILM_S
from shared.subtitles.cues import TAIL_SAMPLES
from shared.subtitles.timed_sentence import RATE_HZ, TimedSentence

__all__ = [
    "FRAME_SAMPLES",
    "LEAD_SAMPLES",
    "RATE_HZ",
    "SILENT_SLIDE_SAMPLES",
    "TAIL_SAMPLES",
    "FilmTooLong",
    "Pacing",
    "Scene",
    "Timeline",
    "build_chapters",
    "build_timeline",
    "to_film_sample",
]

FRAME_SAMPLES = RATE_HZ // 30
"""One frame of a picture with motion, at 30 frames per second."""
LEAD_SAMPLES = round(0.35 * RATE_HZ)
"""Time from the start of a slide to its first word, to let viewers see the slide first. It does not
depend on the speed of the voice."""
SILENT_SLIDE_SAMPLES = 4 * RATE_HZ
"""Length of a slide without speech."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """The times of a scene in samples.

    Attributes:
        lead: From the start of the scene to its first word.
        tail: From its last word to its end.
        min_length: The shortest length of the scene.
        silent_length: The length of the scene if nothing is spoken.
    """

    lead: int = LEAD_SAMPLES
    tail: int = TAIL_SAMPLES
    min_length: int = 0
    silent_length: int = SILENT_SLIDE_SAMPLES


class FilmTooLong(PermanentError):
    """The film would exceed the maximum length."""

    code = "film-too-long"


@dataclass(frozen=True, slots=True)
class Scene:
    """One slide, shown from `start` to `end`, with speech from `speech_start` to `speech_end`."""

    start: int
    speech_start: int
    speech_end: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """All scenes without gaps, and all sentences in order."""

    scenes: tuple[Scene, ...]
    sentences: tuple[TimedSentence, ...]

    @property
    def end(self) -> int:
        """The film's length in samples."""
        return self.scenes[-1].end

    @property
    def duration(self) -> Fraction:
        """The film's length in seconds."""
        return Fraction(self.end, RATE_HZ)


def build_timeline(
    narration: Narration, pacing: Mapping[int, Pacing] = MappingProxyType({})
) -> Timeline:
    """Arranges the slides one after another, each as long as its speech.

    Args:
        narration: The speech of the slides.
        pacing: The times of the slides that differ from the usual ones.

    Raises FilmTooLong.
    """
    scenes: list[Scene] = []
    sentences: list[TimedSentence] = []
    at = 0
    for number, speech in enumerate(narration.slides):
        times = pacing.get(number, Pacing())
        begin = at + times.lead
        length = to_film_sample(speech.samples, speech)
        if speech.samples:
            end = max(begin + length + times.tail, at + times.min_length)
            scene = Scene(at, begin, begin + length, end)
        else:
            scene = Scene(at, begin, begin, at + times.silent_length)
        sentences += [
            TimedSentence(
                sentence.text,
                begin + to_film_sample(sentence.start, speech),
                begin + to_film_sample(sentence.end, speech),
                tuple(begin + to_film_sample(sample, speech) for sample in sentence.resumes),
            )
            for sentence in speech.sentences
        ]
        scenes.append(scene)
        at = scene.end
    if at > MAX_FILM_S * RATE_HZ:
        raise FilmTooLong(
            f"The film would be {at / RATE_HZ / 60:.0f} minutes long; the limit is "
            f"{MAX_FILM_S // 60}. Shorten what is spoken."
        )
    return Timeline(tuple(scenes), tuple(sentences))


def to_film_sample(sample: int, speech: SlideSpeech) -> int:
    """Converts a sample of the speech's rate to the nearest sample of 48 kHz."""
    return round(Fraction(sample * RATE_HZ, speech.rate_hz)) if sample else 0


def build_chapters(
    timeline: Timeline, titles: Sequence[str]
) -> tuple[tuple[Fraction, Fraction, str], ...]:
    """Returns (start, end, title) of every slide, in seconds."""
    return tuple(
        (Fraction(scene.start, RATE_HZ), Fraction(scene.end, RATE_HZ), title)
        for scene, title in zip(timeline.scenes, titles, strict=True)
    )
