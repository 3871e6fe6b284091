"""Builds the deck of a recap from an emotion timeline, in plain English.

The slides are the opening, the strongest moments in the order of time, the mood chart and the
closing. All statements follow from the timeline. A model may reword them but not add to them. The
functions are pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.slide_generation.deck.outline import remove_bidi_controls
from functions.slide_generation.deck.phrases import (
    adjective,
    count_noun,
    face_count,
    faces_look,
    format_spoken_time,
    format_time,
)
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult, MoodPoint, SceneFrame
from shared.recipes.films.deck_fields import remove_unsupported_characters
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.upload_results import Uploads

RECAP_LANGUAGE = "en"
_VERY_MUCH_FROM = 0.8
_CLEARLY_FROM = 0.6
MIN_NAMED_CONFIDENCE = 0.5
"""An expression with a lower confidence is not named in a recap."""
MIN_CHART_LENGTH_S = 35
"""A shorter film has no mood chart."""
_OPENING_S, _CHART_S, _CLOSING_S, _MOMENT_S = 8, 7, 11, 8
"""Usual lengths of the parts of a film; that of a moment includes its second of the montage."""
_NOTE = (
    "Remember that a score says how much a face resembles an expression. It does not say what a "
    "person feels, thinks or intends."
)


@dataclass(frozen=True)
class Timeline:
    """The result of emotion_scoring for a job. Times in seconds, shares and confidences 0 to 1.

    Attributes:
        moments: The moments whose expression is named, by their numbers in the result.
        mood: From it follow all statements about the whole video, and the mood chart.
    """

    title: str
    duration_s: float
    faces: int
    moments: Mapping[int, EmotionMoment]
    mood: Sequence[MoodPoint]
    scenes: Sequence[SceneFrame]

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
        )

    @property
    def has_mood(self) -> bool:
        """Whether any face was scored."""
        return any(row.share is not None for row in self.mood)


def count_moments(length_s: int, *, with_chart: bool) -> int:
    """Returns how many moments a film of this length shows, at least 1."""
    others = _OPENING_S + _CLOSING_S + (_CHART_S if with_chart else 0)
    return max(1, round((length_s - others) / _MOMENT_S))


def build_slides(
    timeline: Timeline, max_slides: int, options: RecapOptions
) -> list[dict[str, Any]]:
    """Returns 3 to `max_slides` slides as `Slide.from_dict` reads them, and never fewer than 3."""
    with_chart = timeline.has_mood and max_slides >= 4 and options.length >= MIN_CHART_LENGTH_S
    max_moments = min(
        max(1, max_slides - 2 - with_chart),
        options.moments,
        count_moments(options.length, with_chart=with_chart),
    )
    strongest = sorted(timeline.moments.items(), key=lambda row: -row[1].confidence)
    slides = [
        _moment(number, moment, timeline.faces)
        for number, moment in sorted(strongest[:max_moments], key=lambda row: row[0])
    ]
    if not slides:
        slides = [_scene(n, scene) for n, scene in enumerate(timeline.scenes, 1)][:max_moments]
    chart = [_chart(timeline)] if with_chart else []
    return [_opening(timeline, len(slides), with_chart), *slides, *chart, _closing(timeline)]


def _opening(timeline: Timeline, moments: int, with_chart: bool) -> dict[str, Any]:
    faces = face_count(timeline.faces)
    length = format_spoken_time(timeline.duration_s)
    mood = " and how the mood moved" if with_chart else ""
    contents = (
        f"It shows {count_noun(moments, 'strong moment')}{mood}."
        if timeline.moments
        else "No strong expression was found in it, so it shows what was seen."
    )
    subtitle = f"{format_time(timeline.duration_s)} of video · {faces}"
    if (dominant := _dominant(timeline)) is not None:
        subtitle += f" · mostly {adjective(dominant)}"
    return {
        "id": "opening",
        "layout": "title",
        "heading": timeline.title,
        "bullets": [subtitle],
        "notes": f"This film looks back on a video of {length}, in which {faces} "
        f"{'was' if timeline.faces < 2 else 'were'} seen. {contents}",
    }


def _moment(number: int, moment: EmotionMoment, faces: int) -> dict[str, Any]:
    mood = adjective(moment.emotion)
    who = f"face {moment.face_id}" if faces > 1 else "the face"
    percent = int(100 * moment.confidence)
    begin, end = moment.begin_s, moment.end_s
    first, last = format_time(begin), format_time(end)
    degree = (
        "very much"
        if moment.confidence >= _VERY_MUCH_FROM
        else "clearly"
        if moment.confidence >= _CLEARLY_FROM
        else "somewhat"
    )
    return {
        "id": f"moment-{number}",
        "layout": "picture",
        "picture": f"moment:{number}",
        "heading": f"{mood.capitalize()} at {format_time(moment.time_s)}",
        "bullets": [
            *([who.capitalize()] if faces > 1 else []),
            f"{percent} % {moment.emotion}",
            *([f"From {first} to {last}"] if first != last else []),
        ],
        "notes": f"At {format_spoken_time(moment.time_s)}, {who} looks {degree} {mood}: "
        f"{percent} percent.",
    }


def _scene(number: int, scene: SceneFrame) -> dict[str, Any]:
    return {
        "id": f"scene-{number}",
        "layout": "picture",
        "picture": f"scene:{number}",
        "heading": f"At {format_time(scene.time_s)}",
        "bullets": ["No strong expression"],
        "notes": f"This is what was seen at {format_spoken_time(scene.time_s)}.",
    }


def _chart(timeline: Timeline) -> dict[str, Any]:
    first, last = (_strongest(half) for half in _halves(timeline.mood))
    if first == last:
        bullet = f"Mostly {adjective(first)} from the beginning to the end"
        notes = f"The mood stayed much the same: mostly {adjective(first)}, from the beginning "
        notes += "to the end."
    else:
        bullet = f"First mostly {adjective(first)}, later mostly {adjective(last)}"
        notes = f"The mood moved. In the first half {faces_look(timeline.faces)} mostly "
        notes += f"{adjective(first)}, in the second half mostly {adjective(last)}."
    return {
        "id": "mood",
        "layout": "chart",
        "picture": MOOD_CHART,
        "heading": "How the mood moved",
        "bullets": [bullet],
        "notes": notes,
    }


def _closing(timeline: Timeline) -> dict[str, Any]:
    shares = _mean_share([point.share for point in timeline.mood if point.share is not None])
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    rows = [(adjective(name), round(100 * share)) for name, share in ranked[:2] if share >= 0.005]
    bullets = [f"{name.capitalize()}: {percent} % on average" for name, percent in rows]
    spoken = " and ".join(f"{percent} percent {name}" for name, percent in rows)
    look = faces_look(timeline.faces)
    totals = f"On average, {look} {spoken}. " if spoken else ""
    return {
        "id": "closing",
        "layout": "closing",
        "heading": "In short",
        "bullets": [*bullets, "A score is not a feeling"],
        "notes": f"{totals}{_NOTE}",
    }


def _dominant(timeline: Timeline) -> str | None:
    """Returns the emotion with the largest mean share, or None if no face was scored."""
    rows = [point.share for point in timeline.mood if point.share is not None]
    return _strongest(rows) if rows else None


Shares = Sequence[Mapping[str, float]]


def _halves(mood: Sequence[MoodPoint]) -> tuple[Shares, Shares]:
    """Splits the points that have a face into two halves; a half without any face has no mood."""
    seen = [row.share for row in mood if row.share is not None]
    middle = max(1, len(seen) // 2)
    return seen[:middle], seen[middle:] or seen[:middle]


def _strongest(shares: Shares) -> str:
    means = _mean_share(shares)
    return max(means, key=lambda name: means[name])


def _mean_share(shares: Shares) -> dict[str, float]:
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
