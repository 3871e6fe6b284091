"""Builds the deck of a recap from an emotion timeline, in plain English.

The slides are the opening, the strongest moments in the order of time, the mood chart and the
closing. A video without a strong moment, or whose faces are not scored, is shown by its scenes
(`scene_slides.py`). All statements follow from the timeline. A model may reword them but not add to
them. The functions are pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.slide_generation.recap.phrases import (
    adjective,
    count_noun,
    face_count,
    faces_look,
    format_spoken_time,
    format_time,
)
from functions.slide_generation.recap.scene_slides import (
    build_scene_slides,
    build_scenes_closing,
    build_scenes_opening,
    choose_scenes,
)
from functions.slide_generation.recap.timeline import (
    Timeline,
    build_subtitle,
    find_strongest,
    mean_share,
    split_halves,
)
from shared.recipes.emotions.results import EmotionMoment
from shared.recipes.films.deck_pictures import MOOD_CHART
from shared.recipes.films.recap_options import RecapOptions

_VERY_MUCH_FROM = 0.8
_CLEARLY_FROM = 0.6
MIN_CHART_LENGTH_S = 35
"""A shorter film has no mood chart."""
_OPENING_S, _CHART_S, _CLOSING_S, _SCENES_CLOSING_S, _MOMENT_S = 8, 7, 11, 7, 8
"""Usual lengths of the parts of a film; that of a moment includes its second of the montage."""
_QUOTE_S = 4
"""How much longer a moment is whose sentence is heard."""
MIN_GAP_S = 6
"""The usual length of a clip. Closer moments of the same expression of a face would show the same
part of the video again."""
_NOTE = (
    "Remember that a score says how much a face resembles an expression. It does not say what a "
    "person feels, thinks or intends."
)


def count_moments(
    length_s: int, *, with_chart: bool, has_mood: bool = True, has_quotes: bool = False
) -> int:
    """Returns how many moments a film of this length shows, at least 1.

    Args:
        has_mood: Whether the closing states the mood.
        has_quotes: Whether what is said at the moments is heard before their narration.
    """
    others = _OPENING_S + (_CLOSING_S if has_mood else _SCENES_CLOSING_S)
    rest_s = length_s - others - (_CHART_S if with_chart else 0)
    return max(1, round(rest_s / (_MOMENT_S + (_QUOTE_S if has_quotes else 0))))


def build_slides(
    timeline: Timeline, max_slides: int, options: RecapOptions
) -> list[dict[str, Any]]:
    """Returns 3 to `max_slides` slides as `Slide.from_dict` reads them, and never fewer than 3."""
    with_chart = timeline.has_mood and max_slides >= 4 and options.length >= MIN_CHART_LENGTH_S
    max_moments = min(
        max(1, max_slides - 2 - with_chart),
        options.moments,
        count_moments(
            options.length,
            with_chart=with_chart,
            has_mood=timeline.has_mood,
            has_quotes=options.has_quotes,
        ),
    )
    slides = [
        _moment(number, timeline.moments[number], timeline.faces)
        for number in _choose_moments(timeline.moments, max_moments)
    ]
    chart = [_chart(timeline)] if with_chart else []
    if slides:
        return [_opening(timeline, len(slides), with_chart), *slides, *chart, _closing(timeline)]
    numbers = choose_scenes(timeline.scenes, max_moments)
    return [
        build_scenes_opening(timeline, numbers, with_chart=with_chart),
        *build_scene_slides(timeline, numbers),
        *chart,
        _closing(timeline) if timeline.has_mood else build_scenes_closing(timeline),
    ]


def _choose_moments(moments: Mapping[int, EmotionMoment], count: int) -> list[int]:
    """Returns the numbers of the strongest moments, at most `count`, in the order of time."""
    chosen: dict[int, EmotionMoment] = {}
    for number, moment in sorted(moments.items(), key=lambda row: (-row[1].confidence, row[0])):
        is_shown = any(
            (other.emotion, other.face_id) == (moment.emotion, moment.face_id)
            and abs(other.time_s - moment.time_s) < MIN_GAP_S
            for other in chosen.values()
        )
        if not is_shown and len(chosen) < count:
            chosen[number] = moment
    return sorted(chosen)


def _opening(timeline: Timeline, moments: int, with_chart: bool) -> dict[str, Any]:
    faces = face_count(timeline.faces)
    length = format_spoken_time(timeline.duration_s)
    mood = " and how the mood moved" if with_chart else ""
    return {
        "id": "opening",
        "layout": "title",
        "heading": timeline.title,
        "bullets": [build_subtitle(timeline, faces)],
        "notes": f"This film looks back on a video of {length}, in which {faces} "
        f"{'was' if timeline.faces < 2 else 'were'} seen. "
        f"It shows {count_noun(moments, 'strong moment')}{mood}.",
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


def _chart(timeline: Timeline) -> dict[str, Any]:
    first, last = (find_strongest(half) for half in split_halves(timeline.mood))
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
    shares = mean_share([point.share for point in timeline.mood if point.share is not None])
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
