"""What a recap knows about its video: the result of emotion_scoring, and the title."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.slide_generation.deck.outline import remove_bidi_controls
from functions.slide_generation.recap.phrases import adjective, format_time
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult, MoodPoint, SceneFrame
from shared.recipes.films.deck_fields import remove_unsupported_characters
from shared.recipes.upload_results import Uploads

MIN_NAMED_CONFIDENCE = 0.5
"""An expression with a lower confidence is not named in a recap."""


@dataclass(frozen=True)
class Timeline:
    """The result of emotion_scoring for a job. Times in seconds, shares and confidences 0 to 1.

    Attributes:
        moments: The moments whose expression is named, by their numbers in the result.
        mood: From it follow all statements about the whole video, and the mood chart.
        scenes: Those that the film may show, of `scene_count` scenes of the video.
        is_scored: Whether faces were searched and scored.
    """

    title: str
    duration_s: float
    faces: int
    moments: Mapping[int, EmotionMoment]
    mood: Sequence[MoodPoint]
    scenes: Sequence[SceneFrame]
    scene_count: int
    is_scored: bool

    @classmethod
    def of(cls, title: str, facts: Mapping[str, Any], files: Collection[str] = ()) -> Timeline:
        """Builds the timeline from the job's facts. `files` are the names of the uploaded files."""
        emotions = EmotionsResult.require(facts)
        duration = Uploads.require(facts).input("video").media_info.duration or 0
        last = emotions.mood[-1].time_s if emotions.mood else 0.0
        return cls(
            title=_slide_title(title, files),
            duration_s=max(float(duration), last),
            faces=emotions.faces,
            moments={
                n: moment
                for n, moment in enumerate(emotions.moments, 1)
                if moment.confidence >= MIN_NAMED_CONFIDENCE
            },
            mood=emotions.mood,
            scenes=emotions.scenes,
            scene_count=emotions.scene_count,
            is_scored=emotions.is_scored,
        )

    @property
    def has_mood(self) -> bool:
        """Whether any face was scored."""
        return any(row.share is not None for row in self.mood)

    @property
    def reason_for_scenes(self) -> str | None:
        """Why the film shows scenes and not moments, in plain English; None if it shows moments."""
        if not self.is_scored:
            return "Faces were not scored, because no consent is stated"
        if not self.faces:
            return "No face was found in the video"
        return None if self.moments else "No strong expression was found in the video"

    @property
    def dominant(self) -> str | None:
        """The emotion with the largest mean share, or None if no face was scored."""
        rows = [point.share for point in self.mood if point.share is not None]
        return find_strongest(rows) if rows else None


def build_subtitle(timeline: Timeline, *facts: str) -> str:
    """Returns the subtitle of the opening, such as `1:22 of video · 2 faces · mostly calm`."""
    mood = () if timeline.dominant is None else (f"mostly {adjective(timeline.dominant)}",)
    return " · ".join([f"{format_time(timeline.duration_s)} of video", *facts, *mood])


Shares = Sequence[Mapping[str, float]]


def split_halves(mood: Sequence[MoodPoint]) -> tuple[Shares, Shares]:
    """Splits the points that have a face into two halves; a half without any face has no mood."""
    seen = [row.share for row in mood if row.share is not None]
    middle = max(1, len(seen) // 2)
    return seen[:middle], seen[middle:] or seen[:middle]


def find_strongest(shares: Shares) -> str:
    """Returns the emotion with the largest mean share."""
    means = mean_share(shares)
    return max(means, key=lambda name: means[name])


def mean_share(shares: Shares) -> dict[str, float]:
    """Returns the mean share of each emotion."""
    sums: dict[str, float] = {}
    for row in shares:
        for name, share in row.items():
            sums[name] = sums.get(name, 0.0) + share
    return {name: total / len(shares) for name, total in sums.items()}


def _slide_title(title: str, files: Collection[str]) -> str:
    """Returns a title for a slide. A file name loses its extension and its underscores."""
    stem, dot, _ = title.rpartition(".")
    name = (stem if dot else title).replace("_", " ") if title in files else title
    words = " ".join(remove_bidi_controls(remove_unsupported_characters(name)).split())[
        :110
    ].strip()
    return words[:1].upper() + words[1:] or "A video"
