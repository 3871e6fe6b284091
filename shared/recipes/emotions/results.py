"""What emotion_scoring records for the stages after it, as typed values.

Times are seconds of the video. Shares, confidences and probabilities are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from shared.recipes.record import Record
from shared.recipes.results import StageResult


@dataclass(frozen=True, slots=True)
class EmotionsPart(Record):
    """The frame pack that a part scored."""

    pack: str
    generation: int


@dataclass(frozen=True, slots=True)
class PackedFrame(Record):
    """One encoded frame within a pack of the work bucket: `size_bytes` from `offset` on."""

    object: str
    generation: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EmotionMoment(Record):
    """A strongest moment of an expression. `box` is x, y, width and height of the face in pixels
    of the frame, `number` counts frames from 1, `thumbnail` names a result of the job."""

    time_s: float
    emotion: str
    confidence: float
    face_id: int
    begin_s: float
    end_s: float
    frame: str
    number: int
    box: tuple[float, ...]
    thumbnail: str
    picture: PackedFrame


@dataclass(frozen=True, slots=True)
class MoodPoint(Record):
    """Each emotion's mean probability in a stretch that begins at `time_s`; None without a face."""

    time_s: float
    share: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class SceneFrame(Record):
    """A frame from somewhere in the video."""

    time_s: float
    picture: PackedFrame


@dataclass(frozen=True, slots=True)
class EmotionsResult(StageResult):
    """The emotion timeline in short.

    Attributes:
        share: Of the scored time, by emotion; two faces for one second are two seconds.
        scored_s: The scored time of all faces together.
        quality: How many readings had each quality flag.
        models: Every set of models that was used.
        purpose: What the user wants the scores for.
    """

    STAGE: ClassVar[str] = "emotion_scoring"
    frames: int
    frames_without_face: int
    no_face_share: float
    faces: int
    most_faces_at_once: int
    scored_s: float
    uncertain_share: float
    share: Mapping[str, float]
    quality: Mapping[str, int]
    moments: tuple[EmotionMoment, ...]
    mood: tuple[MoodPoint, ...]
    scenes: tuple[SceneFrame, ...]
    models: tuple[Mapping[str, Any], ...]
    purpose: str
    smooth: bool
    mirror: bool
    note: str

    @property
    def has_mood(self) -> bool:
        """Whether any face was scored."""
        return any(one.share is not None for one in self.mood)
