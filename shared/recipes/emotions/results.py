"""The results that emotion_scoring records for later stages, as typed values.

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
    """The frame pack that was scored by a part."""

    pack: str
    generation: int


@dataclass(frozen=True, slots=True)
class PackedFrame(Record):
    """One encoded frame in a pack of the work bucket: `size_bytes` bytes from `offset`."""

    object: str
    generation: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FacePosition(Record):
    """The centre of a face at a time and its size, as fractions of the width and height of the
    picture. The size is 0 in results of versions that did not record it."""

    time_s: float
    x: float
    y: float
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class MomentSentence(Record):
    """The sentence that is said at a moment: its number from 1 among the segments of the
    transcript, and its times. No words: they are in objects only."""

    number: int
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class EmotionMoment(Record):
    """One of the strongest moments of an expression.

    Attributes:
        time_s: The time of the frame.
        begin_s: The start of the moment.
        end_s: The end of the moment.
        number: The number of the frame, from 1.
        box: The face in the frame: x, y, width and height in pixels.
        thumbnail: The name of an artifact of the job.
        track: The positions of the face around the moment, for films; empty in other recipes and
            in results of versions before clips.
        others: Likewise, the positions of the other faces.
        sentence: What is said at the moment; None without a transcript, or if nothing is said.
    """

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
    track: tuple[FacePosition, ...] = ()
    others: tuple[FacePosition, ...] = ()
    sentence: MomentSentence | None = None


@dataclass(frozen=True, slots=True)
class MoodPoint(Record):
    """The mean probability of each emotion in a segment that begins at `time_s`.

    `share` is None when the segment has no face.
    """

    time_s: float
    share: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class SceneFrame(Record):
    """A frame that shows a scene of the video, or a section of a long scene.

    Attributes:
        time_s: The time of the frame.
        begin_s: The start of the scene or section. None, as `end_s` and `number`, in results of
            versions before scenes were detected.
        end_s: Its end.
        number: The number of the scene in the video, from 1.
    """

    time_s: float
    picture: PackedFrame
    begin_s: float | None = None
    end_s: float | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class EmotionsResult(StageResult):
    """The summary of the emotion timeline.

    Attributes:
        share: The share of each emotion in the scored time.
        scored_s: The scored time, summed over faces: two faces for one second count two seconds.
        quality: The number of readings by quality flag.
        models: Each set of models that was used.
        purpose: What the user uses the scores for; "" if nothing is scored.
        scenes: For films: the longest scenes in the order of time. Empty in other recipes.
        is_scored: Whether faces were searched and scored. If not, there is no moment and no mood,
            and every number of faces is 0.
        scene_count: The number of scenes in the video; 0 if none were detected.
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
    is_scored: bool = True
    scene_count: int = 0

    @property
    def has_mood(self) -> bool:
        """Whether any face was scored."""
        return any(point.share is not None for point in self.mood)
