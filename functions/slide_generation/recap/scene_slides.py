"""The slides of a recap that shows the scenes of its video, in plain English. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from functions.slide_generation.recap.phrases import (
    count_noun,
    face_count,
    format_spoken_time,
    format_time,
)
from functions.slide_generation.recap.timeline import Timeline, build_subtitle
from shared.recipes.emotions.results import SceneFrame


def choose_scenes(scenes: Sequence[SceneFrame], count: int) -> list[int]:
    """Returns the numbers, from 1, of at most `count` scenes, in the order of time.

    They are spread over the video: the longest scene of each `count`th of its time, and the longest
    others where a part of the video has no scene of its own.
    """
    if len(scenes) <= count:
        return list(range(1, len(scenes) + 1))
    longest = sorted(enumerate(scenes, 1), key=lambda row: (-_length(row[1]), row[0]))
    first_s, last_s = scenes[0].time_s, scenes[-1].time_s
    span_s = max(0.001, last_s - first_s)
    chosen: dict[int, int] = {}
    for number, scene in longest:
        chosen.setdefault(min(count - 1, int((scene.time_s - first_s) / span_s * count)), number)
    others = [number for number, _ in longest if number not in chosen.values()]
    return sorted([*chosen.values(), *others[: count - len(chosen)]])


def build_scenes_opening(
    timeline: Timeline, numbers: Sequence[int], *, with_chart: bool
) -> dict[str, Any]:
    """Returns the first slide of a film that shows the scenes with these numbers."""
    seen = (face_count(timeline.faces),) if timeline.is_scored else ()
    count = timeline.scene_count
    scenes = (count_noun(count, "scene"),) if count > 1 else ()
    reason = f" {timeline.reason_for_scenes}." if timeline.is_scored else ""
    mood = ", and how the mood moved" if with_chart else ""
    return {
        "id": "opening",
        "layout": "title",
        "heading": timeline.title,
        "bullets": [build_subtitle(timeline, *seen, *scenes)],
        "notes": f"{_describe_contents(timeline, numbers)}{mood}.{reason}",
    }


def build_scene_slides(timeline: Timeline, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Returns a slide for each of the scenes with these numbers."""
    return [_build_scene(timeline, number) for number in numbers]


def build_scenes_closing(timeline: Timeline) -> dict[str, Any]:
    """Returns the last slide of a film about a video in which no face was scored."""
    count, duration = timeline.scene_count, timeline.duration_s
    faces = "No face could be scored" if timeline.faces else "No face was found"
    faces = faces if timeline.is_scored else "Faces were not scored"
    spoken = ""
    bullets = [f"{format_time(duration)} of video"]
    if count > 1:
        begin, end = _find_longest(timeline.scenes)
        bullets = [
            f"{count} scenes in {format_time(duration)}",
            f"The longest: {format_time(end - begin)}, from {format_time(begin)}",
        ]
        start = f"begins at {format_spoken_time(begin)}" if round(begin) else "begins the video"
        spoken = f"The longest scene {start} and lasts {format_spoken_time(end - begin)}. "
    elif count:
        bullets.append("No cuts")
        spoken = "The video has no cuts. "
    return {
        "id": "closing",
        "layout": "closing",
        "heading": "In short",
        "bullets": [*bullets, faces],
        "notes": f"{spoken}{faces}.",
    }


def _describe_contents(timeline: Timeline, numbers: Sequence[int]) -> str:
    count, shown = timeline.scene_count, len(numbers)
    video = f"a video of {format_spoken_time(timeline.duration_s)}"
    if not count:
        return f"This film looks back on {video}"
    if count == 1:
        parts = "a part" if shown == 1 else f"{shown} parts"
        return f"This film shows {parts} of {video} without cuts"
    scenes = len({timeline.scenes[number - 1].number for number in numbers})
    share = "the" if scenes == count else f"{scenes} of the"
    return f"This film shows {share} {count} scenes of {video}"


def _build_scene(timeline: Timeline, number: int) -> dict[str, Any]:
    scene = timeline.scenes[number - 1]
    time, spoken_time = format_time(scene.time_s), format_spoken_time(scene.time_s)
    bullets = []
    heading, notes = f"At {time}", f"This is the video at {spoken_time}."
    if scene.begin_s is not None and scene.end_s is not None:
        first, last = format_time(scene.begin_s), format_time(scene.end_s)
        bullets = [f"From {first} to {last}"] if first != last else []
    if timeline.scene_count > 1 and scene.begin_s is not None:
        heading = f"Scene {scene.number} at {time}"
        sections = Counter(row.number for row in timeline.scenes)
        notes = (
            f"This is scene {scene.number} at {spoken_time}."
            if sections[scene.number] > 1
            else _describe_scene(scene)
        )
    return {
        "id": f"scene-{number}",
        "layout": "picture",
        "picture": f"scene:{number}",
        "heading": heading,
        "bullets": bullets,
        "notes": notes,
    }


def _describe_scene(scene: SceneFrame) -> str:
    begin_s = scene.begin_s or 0.0
    begin = f"begins at {format_spoken_time(begin_s)}" if round(begin_s) else "begins the video"
    length_s = _length(scene)
    length = format_spoken_time(length_s) if round(length_s) else "less than a second"
    return f"Scene {scene.number} {begin} and lasts {length}."


def _find_longest(scenes: Sequence[SceneFrame]) -> tuple[float, float]:
    """Returns begin and end of the longest scene, of which `scenes` may have sections."""
    extents: dict[int | None, tuple[float, float]] = {}
    for scene in scenes:
        begin, end = scene.begin_s or 0.0, scene.end_s or 0.0
        first, last = extents.get(scene.number, (begin, end))
        extents[scene.number] = min(first, begin), max(last, end)
    return max(extents.values(), key=lambda row: row[1] - row[0])


def _length(scene: SceneFrame) -> float:
    if scene.begin_s is None or scene.end_s is None:
        return 0.0
    return scene.end_s - scene.begin_s
