"""A film of one picture under one sound, as long as the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from functions.stitching.audio.loudness import (
    FRAMES_A_SECOND,
    TARGET_LUFS,
    Profile,
    Row,
    curve_of,
    gains,
)
from functions.stitching.film.encoding import (
    Coded,
    Shown,
    encode_run,
    frame_of,
    planes_of,
    read_run,
    ticks,
)
from functions.stitching.film.motion import CYCLE, Move, focus_of, nearest
from functions.stitching.film.mp4 import About, Film, Samples
from functions.stitching.film.pictures import fitted, pixels, poster
from functions.stitching.film.segments import LAST, LONGEST, REPEAT
from functions.stitching.film.timeline import RATE_HZ, STEP
from functions.stitching.film_result import Made
from functions.stitching.objects import read_recorded
from shared.entrypoints.stage import Task
from shared.errors import InvalidOption
from shared.media.audio.pcm import decode_sound
from shared.media.audio.probe import UndecodableSound
from shared.media.containers.range_file import RangeFile
from shared.media.images.still import read_picture
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import FILM_LONGEST_S, StillOptions
from shared.recipes.results import FilmResult
from shared.recipes.upload_results import Upload, Uploads

_BLOCK = RATE_HZ
_SHORTEST = RATE_HZ // 10
"""A film of less than a tenth of a second is none."""


@dataclass(frozen=True)
class StillFilm:
    """The uploaded picture and sound, as upload_trigger recorded them."""

    objects: ObjectStore
    title: str
    picture: Upload
    sound: Upload
    options: StillOptions

    @classmethod
    def of(cls, task: Task) -> StillFilm:
        """Read the order out of the job."""
        uploads = Uploads.of(task.job.facts)
        try:
            options = StillOptions.parse(task.job.options)
        except ValueError as wrong:
            raise InvalidOption(str(wrong)) from wrong
        return cls(
            task.objects, task.job.title, uploads.input("picture"), uploads.input("sound"), options
        )

    @property
    def content(self) -> list[Any]:
        """What the film is made of, JSON-able."""
        sources = [list(one.stored.version) for one in (self.picture, self.sound)]
        return [sources, self.title, self.options.to_dict()]

    def write(self, path: Path, check: Callable[[], None]) -> Made:
        """Write the film to `path`. Raises what reading the picture and the sound raises."""
        shown, size = self._shown()
        factors = self._factors(check)
        about = About(channels=2, title=self.title)
        run = encode_run(self._pictures(shown, size), size, self.options.motion, check)
        step = STEP if self.options.motion == "gentle" else REPEAT
        # How long the sound is shows only at its end: until then one run follows another.
        pictures = cycle(read_run(run)[1])
        with Film(path, about, run) as film:
            following = 0
            for block in self._evened(factors):
                check()
                film.sound(block)
                while following < film.heard - LAST:
                    _show(film, next(pictures), following)
                    following += step
            if film.heard < _SHORTEST:
                raise UndecodableSound("The sound is shorter than a tenth of a second.")
            _show(film, next(pictures), film.heard - LAST)
            seconds = film.heard / RATE_HZ
        return self._made(shown, size, seconds)

    def describe(self) -> Made:
        """What `write` would give, without writing the film."""
        seconds = sum(block.shape[1] for block in self._blocks()) / RATE_HZ
        return self._made(*self._shown(), seconds)

    def _made(self, shown: Image.Image, size: tuple[int, int], seconds: float) -> Made:
        return Made(poster(shown), FilmResult(round(seconds, 3), *size))

    def _shown(self) -> tuple[Image.Image, tuple[int, int]]:
        """The picture, larger than the film if a move comes nearer to it, and the film's size."""
        data = read_recorded(self.objects, self.picture.stored)
        info = self.picture.picture
        size = self.options.film_size(info.width, info.height)
        picture = read_picture(data, most_side_px=2 * max(size))
        return fitted(picture, nearest(size) if self.options.motion == "gentle" else size), size

    def _pictures(self, shown: Image.Image, size: tuple[int, int]) -> Shown:
        """One run: a picture that stays, or a move that ends where it began."""
        planes = planes_of(pixels(shown))
        if self.options.motion == "gentle":
            move = Move(planes, size, focus_of(self.picture.stored.name))
            return ((at, frame_of(move.at(at))) for at in range(0, CYCLE, STEP))
        frame = frame_of(planes)
        return ((at, frame) for at in range(0, LONGEST, REPEAT))

    def _factors(self, check: Callable[[], None]) -> Row | None:
        """The gain of every frame, when the loudness shall be evened."""
        if self.options.loudness == "keep":
            return None
        profile = Profile()
        for block in self._blocks():
            check()
            profile.add(block, RATE_HZ)
        return gains(profile, TARGET_LUFS)

    def _evened(self, factors: Row | None) -> Iterator[Samples]:
        at = 0
        for block in self._blocks():
            if factors is not None:
                length = block.shape[1]
                block *= curve_of(factors, at, length, RATE_HZ / FRAMES_A_SECOND)
                at += length
            yield block

    def _blocks(self) -> Iterator[Samples]:
        """The sound in blocks of a second: the last one may be shorter."""
        sound = self.sound.stored
        file = RangeFile(self.objects.read_at(sound.bucket, *sound.version), sound.size_bytes)
        pieces: list[Samples] = []
        there = 0
        for block in decode_sound(file, rate_hz=RATE_HZ, channels=2, most_s=FILM_LONGEST_S):
            pieces.append(block)
            there += block.shape[1]
            while there >= _BLOCK:
                whole = np.concatenate(pieces, axis=1)
                yield np.ascontiguousarray(whole[:, :_BLOCK])
                pieces, there = [whole[:, _BLOCK:]], there - _BLOCK
        if there:
            yield np.concatenate(pieces, axis=1)


def _show(film: Film, one: Coded, sample: int) -> None:
    film.picture(one.data, ticks(sample), key=one.key)
