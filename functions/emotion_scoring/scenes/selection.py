"""Selects the scenes that a film may show, and the frame that shows each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from functions.emotion_scoring.scenes.collector import FrameSample, Scene

MAX_SCENES = 24
"""As many as fit the document of the job and a choice in the console."""
WANTED_SCENES = 6
"""Long scenes are divided until there are as many sections, the largest number of moments that a
film shows."""
MIN_DIVIDED_S = Fraction(16)
"""Shorter scenes are not divided: each half is as long as the longest clip, 8 s."""
STILL_CHANGE = 1.0
"""In a scene with a lower mean change, of 255, hardly anything moves, so that its sections would
look the same."""


def select_scenes(scenes: Sequence[Scene]) -> list[Scene]:
    """Returns at most MAX_SCENES scenes, or sections of them, in the order of time.

    Scenes without a frame are left out, and scenes that are black from the beginning to the
    end if there are others.
    """
    seen = [scene for scene in scenes if scene.frames]
    bright = [scene for scene in seen if not all(frame.is_dark for frame in scene.frames)]
    sections = _divide(bright or seen)
    return sorted(_spread(sections), key=lambda scene: scene.begin)


def find_key_frame(scene: Scene) -> FrameSample:
    """Returns the frame nearest to the middle of the scene that is not almost black."""
    middle = scene.begin + scene.length / 2
    bright = [frame for frame in scene.frames if not frame.is_dark]
    return min(bright or scene.frames, key=lambda frame: abs(frame.time - middle))


def _spread(scenes: list[Scene]) -> list[Scene]:
    """Returns at most MAX_SCENES: the longest of each part of the video, and the longest others."""
    longest = sorted(scenes, key=lambda scene: (-scene.length, scene.begin))
    begin, end = (pick(scene.begin for scene in scenes) for pick in (min, max))
    span = max(end - begin, Fraction(1, 1000))
    by_part: dict[int, Scene] = {}
    for scene in longest:
        part = min(MAX_SCENES - 1, int((scene.begin - begin) / span * MAX_SCENES))
        by_part.setdefault(part, scene)
    chosen = {scene.begin for scene in by_part.values()}
    others = [scene for scene in longest if scene.begin not in chosen]
    return [*by_part.values(), *others][:MAX_SCENES]


def _divide(scenes: list[Scene]) -> list[Scene]:
    """Halves the longest scene in which something moves until there are WANTED_SCENES sections."""
    sections = list(scenes)
    while len(sections) < WANTED_SCENES:
        divisible = [
            scene
            for scene in sections
            if scene.length >= MIN_DIVIDED_S and len(scene.frames) > 1 and not _is_still(scene)
        ]
        if not divisible:
            break
        longest = max(divisible, key=lambda scene: scene.length)
        sections.remove(longest)
        sections += _halve(longest)
    return sections


def _halve(scene: Scene) -> tuple[Scene, Scene]:
    middle = scene.begin + scene.length / 2
    count = sum(frame.time < middle for frame in scene.frames)
    # The first half has a frame, and so has the second: there are at least two frames.
    count = min(max(1, count), len(scene.frames) - 1)
    second = replace(scene, frames=scene.frames[count:], begin=scene.frames[count].time)
    return replace(scene, frames=scene.frames[:count], end=second.begin), second


def _is_still(scene: Scene) -> bool:
    # The first frame differs from the scene before.
    changes = [frame.change for frame in scene.frames[1:] if frame.change is not None]
    return bool(changes) and sum(changes) / len(changes) < STILL_CHANGE
