"""The results that stages record for later stages, as typed values.

A job's document holds the result of each finished stage in `facts`, under the stage's name. A
unit's document holds the result of a part in its own `facts`. The field names are the stored
names. `upload_results.py` contains the results of upload_trigger, `emotions/results.py` those of
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
    """A stage has not recorded its result, or the result lacks an input."""


class StageResult(Record):
    """The result of a stage, which its join records with the job."""

    __slots__ = ()
    STAGE: ClassVar[str]

    @classmethod
    def find(cls, facts: Mapping[str, Any]) -> Self | None:
        """Returns the stage's result from the facts of a job, or None if it is not recorded."""
        data = facts.get(cls.STAGE)
        return cls.from_dict(data) if data else None

    @classmethod
    def find_current(cls, facts: Mapping[str, Any]) -> Self | None:
        """Returns the stage's result. None also for a result of an older version, whose fields
        differ: such a job can still be shown, changed and deleted."""
        try:
            return cls.find(facts)
        except ValueError:
            return None

    @classmethod
    def require(cls, facts: Mapping[str, Any]) -> Self:
        """Returns the stage's result from the facts of a job.

        Raises:
            MissingResult: When it is not recorded.
        """
        result = cls.find(facts)
        if result is None:
            raise MissingResult(f"{cls.STAGE} has recorded no result.")
        return result


@dataclass(frozen=True, slots=True)
class FramesPart(Record):
    """A window's result of frame_extraction. `warnings` are messages for the user."""

    frames: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FramesResult(StageResult):
    """The number of frames in the ZIP."""

    STAGE: ClassVar[str] = "frame_extraction"
    frames: int


@dataclass(frozen=True, slots=True)
class DeckPart(Record):
    """How a deck was generated.

    Attributes:
        calls: Calls of the model.
        hits: Answers from its cache.
        warnings: Messages for the user.
    """

    calls: int
    hits: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlideImage:
    """A rendered slide. Width and height are in pixels.

    `content` is the hash of all that its look depends on, "" for slides of earlier versions.
    `picture` is the box of a picture without text on it, which may move: left, top, width and
    height, all even.
    """

    stored_object: StoredObject
    width: int
    height: int
    content: str = ""
    picture: tuple[int, int, int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the image as it is stored."""
        return {
            **self.stored_object.to_dict(),
            "width": self.width,
            "height": self.height,
            "content": self.content,
            "picture": None if self.picture is None else list(self.picture),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlideImage:
        """Reads what `to_dict` wrote. Raises ValueError when a field is missing."""
        size = _Size.from_dict(data)
        content = str(data.get("content", ""))
        box = data.get("picture")
        picture = None if box is None else tuple(map(int, box))
        return cls(StoredObject.from_dict(data), size.width, size.height, content, picture)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Size(Record):
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class DeckResult(StageResult):
    """The deck of a revision and its slides as pictures.

    `rendered` slides were drawn for this revision, `reused` slides are those of earlier ones.
    """

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
    """The speech of one slide.

    Attributes:
        calls: Sentences that were synthesized.
        characters: The length of the synthesized sentences.
        hits: Sentences from the cache.
        rate_hz: None for a silent slide.
        samples: None for a silent slide.
        voice: The name of the voice that speaks. None for a silent slide, and in results of earlier
            versions.
        content: The hash of the samples. None like `voice`.
    """

    slide: int
    sentences: tuple[SpokenSentence, ...]
    hits: int
    calls: int
    characters: int
    rate_hz: int | None = None
    samples: int | None = None
    voice: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True)
class NarrationResult(StageResult):
    """The object with the narration of all slides, the name of the voice that speaks it (None
    for a silent film), and the sums over its parts."""

    STAGE: ClassVar[str] = "text_to_speech"
    narration: StoredObject
    spoken_s: float
    hits: int
    calls: int
    characters: int
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class FilmResult(StageResult):
    """A film: its duration in seconds and its size in pixels.

    `spec` is the hash of its inputs. For the film of a deck also the number of slides, and of
    scenes that were encoded and reused.
    """

    STAGE: ClassVar[str] = "stitching"
    duration_s: float
    width: int
    height: int
    spec: str = ""
    slides: int | None = None
    scenes_encoded: int | None = None
    scenes_reused: int | None = None
