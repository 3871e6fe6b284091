"""A recap's deck out of an emotion timeline: true by construction, in plain English.

Opening, the strongest moments in the order of time, how the mood moved, closing. A model may word
it better; it may not add to it. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.slide_generation.deck.outline import strip_markup
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult, MoodPoint, SceneFrame
from shared.recipes.films.deck_fields import remove_unsupported_characters
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.recipes.upload_results import Uploads

RECAP_LANGUAGE = "en"
_CLOSE_TO_CERTAIN = 0.8
_RATHER = 0.6
_ADJECTIVES = {
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "fear": "afraid",
    "disgust": "disgusted",
    "surprise": "surprised",
    "neutral": "calm",
}
_NOTE = (
    "Remember that a score says how much a face resembles an expression. It does not say what a "
    "person feels, thinks or intends."
)


@dataclass(frozen=True)
class Timeline:
    """What emotion_scoring recorded of a job. Times in seconds, shares and confidences 0 to 1."""

    title: str
    duration_s: float
    faces: int
    share: Mapping[str, float]
    moments: Sequence[EmotionMoment]
    mood: Sequence[MoodPoint]
    scenes: Sequence[SceneFrame]

    @classmethod
    def of(cls, title: str, facts: Mapping[str, Any], files: Collection[str] = ()) -> Timeline:
        """Out of the job's facts. `files` are the names of what was uploaded."""
        emotions = EmotionsResult.require(facts)
        duration = Uploads.require(facts).input("video").media_info.duration or 0
        last = emotions.mood[-1].time_s if emotions.mood else 0.0
        return cls(
            title=_named(title, files),
            duration_s=max(float(duration), last),
            faces=emotions.faces,
            share=emotions.share,
            moments=emotions.moments,
            mood=emotions.mood,
            scenes=emotions.scenes,
        )

    @property
    def has_mood(self) -> bool:
        """Whether somebody's face was scored at all."""
        return any(row.share is not None for row in self.mood)


def build_slides(timeline: Timeline, max_slides: int) -> list[dict[str, Any]]:
    """The slides as `Slide.from_dict` reads them: 3 to `most` of them, at least 3."""
    charted = timeline.has_mood and max_slides >= 4
    room = max(1, max_slides - 2 - charted)
    told = [_moment(n, one, timeline.faces) for n, one in enumerate(timeline.moments, 1)]
    if len(told) > room:
        kept = sorted(range(len(told)), key=lambda n: -timeline.moments[n].confidence)[:room]
        told = [told[n] for n in sorted(kept)]
    if not told:
        told = [_scene(n, one) for n, one in enumerate(timeline.scenes, 1)][:room]
    chart = [_chart(timeline)] if charted else []
    return [_opening(timeline, len(told), charted), *told, *chart, _closing(timeline)]


def _opening(timeline: Timeline, shown: int, charted: bool) -> dict[str, Any]:
    people = _people(timeline.faces)
    length = format_spoken_time(timeline.duration_s)
    mood = " and how the mood moved" if charted else ""
    what = (
        f"It shows {_counted(shown, 'strong moment')}{mood}."
        if timeline.moments
        else "No strong expression was found in it, so it shows what was seen."
    )
    under = f"{format_time(timeline.duration_s)} of video · {people}"
    if (most := _most(timeline.share)) is not None:
        under += f" · mostly {_adjective(most[0])}"
    return {
        "id": "opening",
        "layout": "title",
        "heading": timeline.title,
        "bullets": [under],
        "notes": f"This film looks back on a video of {length}, in which {people} "
        f"{'was' if timeline.faces < 2 else 'were'} seen. {what}",
    }


def _moment(number: int, told: EmotionMoment, faces: int) -> dict[str, Any]:
    adjective = _adjective(told.emotion)
    who = f"face {told.face_id}" if faces > 1 else "the face"
    percent = int(100 * told.confidence)
    begin, end = told.begin_s, told.end_s
    first, last = format_time(begin), format_time(end)
    sure = (
        "very much"
        if told.confidence >= _CLOSE_TO_CERTAIN
        else "clearly"
        if told.confidence >= _RATHER
        else "somewhat"
    )
    return {
        "id": f"moment-{number}",
        "layout": "picture",
        "picture": f"moment:{number}",
        "heading": f"{adjective.capitalize()} at {format_time(told.time_s)}",
        "bullets": [
            *([who.capitalize()] if faces > 1 else []),
            f"{percent} % {told.emotion}",
            *([f"From {first} to {last}"] if first != last else []),
        ],
        "notes": f"At {format_spoken_time(told.time_s)}, {who} looks {sure} {adjective}: "
        f"{percent} percent. "
        f"The moment lasts for about {format_spoken_time(max(1.0, end - begin))}.",
    }


def _scene(number: int, told: SceneFrame) -> dict[str, Any]:
    return {
        "id": f"scene-{number}",
        "layout": "picture",
        "picture": f"scene:{number}",
        "heading": f"At {format_time(told.time_s)}",
        "bullets": ["No strong expression"],
        "notes": f"This is what was seen at {format_spoken_time(told.time_s)}.",
    }


def _chart(timeline: Timeline) -> dict[str, Any]:
    first, last = (_strongest(part) for part in _halves(timeline.mood))
    if first == last:
        words = f"Mostly {_adjective(first)} from the beginning to the end"
        notes = f"The mood stayed much the same: mostly {_adjective(first)}, from the beginning "
        notes += "to the end."
    else:
        words = f"First mostly {_adjective(first)}, later mostly {_adjective(last)}"
        notes = f"The mood moved. In the first half {_look(timeline.faces)} mostly "
        notes += f"{_adjective(first)}, in the second half mostly {_adjective(last)}."
    return {
        "id": "mood",
        "layout": "chart",
        "picture": MOOD_CHART,
        "heading": "How the mood moved",
        "bullets": [words],
        "notes": notes,
    }


def _closing(timeline: Timeline) -> dict[str, Any]:
    ranked = sorted(timeline.share.items(), key=lambda one: -one[1])
    shares = [
        f"{_adjective(name).capitalize()} for {round(100 * share)} % of the time"
        for name, share in ranked[:2]
        if share >= 0.005
    ]
    spoken = [
        f"{round(100 * share)} percent {_adjective(name)}"
        for name, share in ranked[:2]
        if share >= 0.005
    ]
    summed = f"In all, {_look(timeline.faces)} {' and '.join(spoken)}. " if spoken else ""
    return {
        "id": "closing",
        "layout": "closing",
        "heading": "In short",
        "bullets": [*shares, "A score is not a feeling"],
        "notes": f"{summed}{_NOTE}",
    }


def format_time(seconds: float) -> str:
    """`0:12`, or `1:02:03` from an hour on."""
    whole = round(float(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def format_spoken_time(seconds: float) -> str:
    """`1 minute and 12 seconds`."""
    whole = round(float(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    named = [(hours, "hour"), (minutes, "minute"), (rest, "second")]
    parts = [_counted(count, noun) for count, noun in named if count]
    if not parts:
        return "0 seconds"
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _people(faces: int) -> str:
    return "no face" if not faces else _counted(faces, "face")


def _look(faces: int) -> str:
    return "the face looks" if faces == 1 else "the faces look"


def _adjective(emotion: str) -> str:
    return _ADJECTIVES.get(emotion, emotion)


def _most(share: Mapping[str, float]) -> tuple[str, float] | None:
    most = max(share.items(), key=lambda one: one[1], default=None)
    return most if most is not None and most[1] > 0 else None


Shares = Sequence[Mapping[str, float]]


def _halves(mood: Sequence[MoodPoint]) -> tuple[Shares, Shares]:
    """Of what was seen: a half without a face would have no mood."""
    seen = [row.share for row in mood if row.share is not None]
    middle = max(1, len(seen) // 2)
    return seen[:middle], seen[middle:] or seen[:middle]


def _strongest(shares: Shares) -> str:
    sums: dict[str, float] = {}
    for row in shares:
        for name, share in row.items():
            sums[name] = sums.get(name, 0.0) + share
    return max(sums, key=lambda name: sums[name])


def _named(title: str, files: Collection[str]) -> str:
    """A title for a slide; one that is a file's name goes without its ending and underscores."""
    stem, dot, _ = title.rpartition(".")
    name = (stem if dot else title).replace("_", " ") if title in files else title
    words = " ".join(strip_markup(remove_unsupported_characters(name)).split())[:110].strip()
    return words[:1].upper() + words[1:] or "A video"
