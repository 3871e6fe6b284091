"""When everything in a film of slides happens, in samples of 48 kHz. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from shared.errors import PermanentError
from shared.recipes.films.narration import Narration, SlideSpeech
from shared.recipes.films.options import MAX_FILM_S

RATE_HZ = 48_000
FRAME_SAMPLES = RATE_HZ // 30
"""One picture of what moves: 30 are shown in a second."""
LEAD_SAMPLES = round(0.35 * RATE_HZ)
"""Before the first word: the eye arrives before the ear."""
TAIL_SAMPLES = round(0.65 * RATE_HZ)
SILENT_SLIDE_SAMPLES = 4 * RATE_HZ
"""How long a slide without a word is shown."""


class FilmTooLong(PermanentError):
    """The film would be longer than what one job may make."""

    code = "film-too-long"


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """A sentence, from the sample at which it begins to the one at which it has ended."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One slide: shown from `start` to `end`, its speech begins at `speech_at`."""

    start: int
    speech_start: int
    speech_end: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """All scenes without a gap, and all sentences in order."""

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


def build_timeline(narration: Narration) -> Timeline:
    """Lay the slides one behind the other, each as long as its speech. Raises FilmTooLong."""
    scenes: list[Scene] = []
    sentences: list[TimedSentence] = []
    at = 0
    for speech in narration.slides:
        begin = at + LEAD_SAMPLES
        length = to_film_sample(speech.samples, speech)
        if speech.samples:
            scene = Scene(at, begin, begin + length, begin + length + TAIL_SAMPLES)
        else:
            scene = Scene(at, begin, begin, at + SILENT_SLIDE_SAMPLES)
        sentences += [
            TimedSentence(
                one.text,
                begin + to_film_sample(one.start, speech),
                begin + to_film_sample(one.end, speech),
            )
            for one in speech.sentences
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
    """The nearest sample of 48 kHz to one of the speech's own rate."""
    return round(Fraction(sample * RATE_HZ, speech.rate_hz)) if sample else 0


def build_chapters(
    timeline: Timeline, titles: Sequence[str]
) -> tuple[tuple[Fraction, Fraction, str], ...]:
    """(start, end, title) of every slide, in seconds."""
    return tuple(
        (Fraction(scene.start, RATE_HZ), Fraction(scene.end, RATE_HZ), title)
        for scene, title in zip(timeline.scenes, titles, strict=True)
    )
