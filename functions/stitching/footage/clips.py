"""The clips of a film: the pictures of the shots of its slides, with their labels."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from functions.stitching.film.encoding import Planes
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ
from functions.stitching.footage.labels import draw_label
from functions.stitching.footage.reader import FootageReader
from functions.stitching.footage.shots import Shot
from functions.stitching.footage.view import View
from functions.stitching.subtitles.overlay import Overlay

CLIPS_VERSION = 3
"""Incremented when the same shots look different."""
_FACE_REACH_S = 1
"""Faces are where they were last seen, up to this time before and after a clip."""


@dataclass(frozen=True, slots=True)
class Label:
    """The text on a clip, and the confidence that its bar shows; None for no bar."""

    text: str
    confidence: float | None


class Clips:
    """Renders the shots of one film. `shots` and `labels` are by the number of the slide."""

    def __init__(
        self,
        reader: FootageReader,
        shots: Mapping[int, Sequence[Shot]],
        labels: Mapping[int, Label],
        size: tuple[int, int],
        language: str,
    ) -> None:
        self._reader = reader
        self._shots = shots
        self._labels = labels
        self._size = size
        self._language = language
        self._draw_label = lru_cache(maxsize=2)(self._draw_label_of)
        self.read_last = lru_cache(maxsize=1)(self._read_last)

    def __contains__(self, scene: object) -> bool:
        return scene in self._shots

    def length(self, scene: int) -> int:
        """Returns the time in samples for which a scene shows the video, from its start on."""
        last = self._shots[scene][-1]
        return last.start + last.length

    def content(self, scene: int) -> list[Any]:
        """Returns the visible content of a scene as JSON values; equal content looks the same."""
        label = self._labels.get(scene)
        shots = [
            [shot.start, shot.length, str(shot.begin), *map(list, shot.moment.track)]
            for shot in self._shots[scene]
        ]
        return [
            CLIPS_VERSION,
            list(self._reader.video.version),
            shots,
            None if label is None else [label.text, label.confidence, self._language],
            *map(list, self._shots[scene][0].moment.faces),
        ]

    def read(self, scene: int) -> Iterator[tuple[int, Planes]]:
        """Yields the pictures of a scene with the samples of the scene at which they are shown."""
        for shot in self._shots[scene]:
            for at, picture in self._reader.read_pictures(
                shot.begin, shot.length, self._view(shot)
            ):
                yield shot.start + at, self._add_label(scene, picture)

    def _read_last(self, scene: int) -> Planes | None:
        """Returns the last picture of a scene; None if the video has none there."""
        shot = self._shots[scene][-1]
        last = shot.begin + Fraction(shot.length - FRAME_SAMPLES, RATE_HZ)
        for begin in (last, shot.begin):
            length = round((shot.begin - begin) * RATE_HZ) + shot.length
            pictures = self._reader.read_pictures(begin, length, self._view(shot))
            last_picture = deque(pictures, maxlen=1)
            if last_picture:
                return self._add_label(scene, last_picture[0][1])
        return None

    def _view(self, shot: Shot) -> View:
        return View(self._size, shot.moment.track)

    def _add_label(self, scene: int, picture: Planes) -> Planes:
        overlay = self._draw_label(scene)
        return picture if overlay is None else overlay.apply_to(picture)

    def _draw_label_of(self, scene: int) -> Overlay | None:
        label = self._labels.get(scene)
        if label is None:
            return None
        shot = self._shots[scene][0]
        width, height = self._reader.media_info.video.display_size
        view = self._view(shot)
        faces = [
            view.place(width, height, face)
            for face in shot.moment.faces
            if shot.begin - _FACE_REACH_S <= face[0] <= shot.begin + shot.length_s + _FACE_REACH_S
        ]
        return draw_label(label.text, label.confidence, self._size, self._language, faces)
