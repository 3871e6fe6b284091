"""What is seen in a passage, picture by picture: slides, how they move and give way, and what is
written on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from functions.stitching.film.encoding import Planes, Shown, frame_of
from functions.stitching.film.motion import CYCLE, Move, focus_of
from functions.stitching.film.segments import FADE, FADE_FRAMES, Passage
from functions.stitching.film.timeline import STEP, Timeline
from functions.stitching.subtitles.burn import Burner

PictureOf = Callable[[int], Planes]
"""A slide's picture by its number, in the film's size."""


class Scenery:
    """The pictures of one film. `names` are the slides' own: two slides of one name look alike."""

    def __init__(
        self,
        film: Timeline,
        names: Sequence[str],
        picture_of: PictureOf,
        size: tuple[int, int],
        language: str,
    ) -> None:
        self._film = film
        self._names = names
        self._size = size
        self._language = language
        self._burner = Burner(size, language)
        # A fade shows two at once.
        self._picture_of = lru_cache(maxsize=2)(picture_of)
        self._move_of = lru_cache(maxsize=2)(self._moved)

    def content(self, passage: Passage) -> list[Any]:
        """All that the passage looks like, JSON-able: equal for what looks alike."""
        return [
            self._names[passage.scene],
            passage.length,
            passage.offset % CYCLE if passage.moves else None,
            self._before(passage) if passage.fades else None,
            passage.last,
            [[one.start, one.end, *one.lines] for one in passage.burned],
            self._language if passage.burned else None,
        ]

    def shown(self, passage: Passage) -> Shown:
        """Its pictures in order. A picture that stays is the same object."""
        before: tuple[Any, ...] = ()
        frame = None
        for at in passage.times:
            fading = passage.fades and at < FADE
            state = (at if passage.moves or fading else None, passage.lines_at(at))
            if frame is None or state != before:
                frame, before = frame_of(self._seen(passage, at)), state
            yield at, frame

    def _seen(self, passage: Passage, at: int) -> Planes:
        picture = self._slide(passage.scene, passage.offset + at, passage.moves)
        if passage.fades and at < FADE:
            number = passage.scene - 1
            gone = self._slide(number, self._length(number) + at, passage.moves)
            picture = _mixed(gone, picture, (at // STEP + 1) / (FADE_FRAMES + 1))
        lines = passage.lines_at(at)
        return self._burner.overlay(lines).on(picture) if lines else picture

    def _slide(self, number: int, at: int, moves: bool) -> Planes:
        return self._move_of(number).at(at) if moves else self._picture_of(number)

    def _moved(self, number: int) -> Move:
        return Move(self._picture_of(number), self._size, focus_of(self._names[number]))

    def _before(self, passage: Passage) -> list[Any]:
        number = passage.scene - 1
        gone = self._length(number) % CYCLE if passage.moves else None
        return [self._names[number], gone]

    def _length(self, number: int) -> int:
        scene = self._film.scenes[number]
        return scene.end - scene.start


def _mixed(before: Planes, after: Planes, share: float) -> Planes:
    """`share` of the second picture over the first, in video values."""
    weight = round(share * 256)
    mixed = before + ((after.astype(np.int32) - before) * weight >> 8)
    return mixed.astype(np.uint8)
