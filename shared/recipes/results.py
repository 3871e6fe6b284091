"""What each stage records for the stages after it, as typed values.

A job's document holds the result of each finished stage in `facts`, under the stage's name; a
unit's document holds the result of a part in its own `facts`. The names of the fields here are
the stored names. `upload_results.py` has those of upload_trigger, `emotions/results.py` those of
emotion_scoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from shared.recipes.films.narration import SpokenSentence
from shared.recipes.record import Record
from shared.recipes.stored_object import StoredObject


class MissingResult(ValueError):
    """A stage has not recorded its result, or one of its inputs is not in it."""


class StageResult(Record):
    """The result of a whole stage, which its join records with the job."""

    __slots__ = ()
    STAGE: ClassVar[str]

    @classmethod
    def find(cls, facts: Mapping[str, Any]) -> Self | None:
        """Returns the stage's result out of a job's facts, or None while it is not recorded."""
        data = facts.get(cls.STAGE)
        return cls.from_dict(data) if data else None

    @classmethod
    def require(cls, facts: Mapping[str, Any]) -> Self:
        """Returns the stage's result out of a job's facts.

        Raises:
            MissingResult: When it is not recorded.
        """
        result = cls.find(facts)
        if result is None:
            raise MissingResult(f"{cls.STAGE} has recorded no result.")
        return result


@dataclass(frozen=True, slots=True)
class FramesPart(Record):
    """A window's result of frame_extraction: its frames, and sentences for the user."""

    frames: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FramesResult(StageResult):
    """How many frames there are in the ZIP."""

    STAGE: ClassVar[str] = "frame_extraction"
    frames: int


@dataclass(frozen=True, slots=True)
class DeckPart(Record):
    """How a deck was written: `calls` to the model, `hits` of its cache; sentences for the user."""

    calls: int
    hits: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlideImage:
    """A rendered slide; width and height in pixels."""

    stored_object: StoredObject
    width: int
    height: int

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return {**self.stored_object.to_dict(), "width": self.width, "height": self.height}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlideImage:
        """Reads what `to_dict` wrote. Raises ValueError when something is missing."""
        size = _Size.from_dict(data)
        return cls(StoredObject.from_dict(data), size.width, size.height)


@dataclass(frozen=True, slots=True)
class _Size(Record):
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class DeckResult(StageResult):
    """The deck of a revision and its slides as pictures. `drawn` slides were rendered for it,
    `found` ones are of earlier revisions."""

    STAGE: ClassVar[str] = "slide_generation"
    calls: int
    hits: int
    revision: int
    rendered: int
    reused: int
    deck: StoredObject
    slides: tuple[SlideImage, ...]


@dataclass(frozen=True, slots=True)
class SpeechPart(Record):
    """The speech of one slide. `calls` sentences of `characters` in all were synthesized, `hits`
    were found; without `rate_hz` and `samples` the slide is silent."""

    slide: int
    sentences: tuple[SpokenSentence, ...]
    hits: int
    calls: int
    characters: int
    rate_hz: int | None = None
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class NarrationResult(StageResult):
    """Where the narration of all slides is stored, and what it took, as for its parts."""

    STAGE: ClassVar[str] = "text_to_speech"
    narration: StoredObject
    spoken_s: float
    hits: int
    calls: int
    characters: int


@dataclass(frozen=True, slots=True)
class FilmResult(StageResult):
    """A film: its duration in seconds and its size in pixels. `spec` is the hash of its inputs.
    Of a deck's film also its slides, and how many scenes were encoded and found."""

    STAGE: ClassVar[str] = "stitching"
    duration_s: float
    width: int
    height: int
    spec: str = ""
    slides: int | None = None
    scenes_encoded: int | None = None
    scenes_reused: int | None = None
