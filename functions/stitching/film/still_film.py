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
    FRAMES_PER_SECOND,
    TARGET_LUFS,
    FloatArray,
    LoudnessProfile,
    compute_gains,
    interpolate_gains,
)
from functions.stitching.film.encoding import (
    EncodedFrame,
    TimedFrames,
    encode_segment,
    planes_to_frame,
    read_segment,
    rgb_to_planes,
    to_ticks,
)
from functions.stitching.film.motion import CYCLE_SAMPLES, PanZoom, choose_focus, zoomed_size
from functions.stitching.film.mp4 import FilmMetadata, FilmWriter, Samples
from functions.stitching.film.pictures import encode_poster, fit_to_frame, to_rgb_array
from functions.stitching.film.segments import (
    LAST_FRAME_SAMPLES,
    MAX_SEGMENT_SAMPLES,
    REPEAT_SAMPLES,
)
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ
from functions.stitching.film_result import RenderedFilm
from functions.stitching.objects import read_stored
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.media.audio.pcm import decode_sound
from shared.media.audio.probe import UndecodableSound
from shared.media.containers.range_file import RangeFile
from shared.media.images.still import read_picture
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import MAX_FILM_S, StillOptions
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
    def of(cls, context: UnitContext) -> StillFilm:
        """Read the order out of the job."""
        uploads = Uploads.require(context.job.facts)
        try:
            options = StillOptions.parse(context.job.options)
        except ValueError as wrong:
            raise InvalidOption(str(wrong)) from wrong
        return cls(
            context.objects,
            context.job.title,
            uploads.input("picture"),
            uploads.input("sound"),
            options,
        )

    @property
    def content(self) -> list[Any]:
        """What the film is made of, JSON-able."""
        sources = [list(one.stored_object.version) for one in (self.picture, self.sound)]
        return [sources, self.title, self.options.to_dict()]

    def write(self, path: Path, check: Callable[[], None]) -> RenderedFilm:
        """Write the film to `path`. Raises what reading the picture and the sound raises."""
        shown, size = self._shown()
        factors = self._factors(check)
        about = FilmMetadata(channels=2, title=self.title)
        run = encode_segment(self._pictures(shown, size), size, self.options.motion, check)
        step = FRAME_SAMPLES if self.options.motion == "gentle" else REPEAT_SAMPLES
        # How long the sound is shows only at its end: until then one run follows another.
        pictures = cycle(read_segment(run)[1])
        with FilmWriter(path, about, run) as film:
            following = 0
            for block in self._evened(factors):
                check()
                film.write_sound(block)
                while following < film.sound_samples - LAST_FRAME_SAMPLES:
                    _show(film, next(pictures), following)
                    following += step
            if film.sound_samples < _SHORTEST:
                raise UndecodableSound("The sound is shorter than a tenth of a second.")
            _show(film, next(pictures), film.sound_samples - LAST_FRAME_SAMPLES)
            seconds = film.sound_samples / RATE_HZ
        return self._made(shown, size, seconds)

    def describe(self) -> RenderedFilm:
        """What `write` would give, without writing the film."""
        seconds = sum(block.shape[1] for block in self._blocks()) / RATE_HZ
        return self._made(*self._shown(), seconds)

    def _made(self, shown: Image.Image, size: tuple[int, int], seconds: float) -> RenderedFilm:
        return RenderedFilm(encode_poster(shown), FilmResult(round(seconds, 3), *size))

    def _shown(self) -> tuple[Image.Image, tuple[int, int]]:
        """The picture, larger than the film if a move comes nearer to it, and the film's size."""
        data = read_stored(self.objects, self.picture.stored_object)
        info = self.picture.picture_info
        size = self.options.film_size(info.width, info.height)
        picture = read_picture(data, max_side_px=2 * max(size))
        return fit_to_frame(
            picture, zoomed_size(size) if self.options.motion == "gentle" else size
        ), size

    def _pictures(self, shown: Image.Image, size: tuple[int, int]) -> TimedFrames:
        """One run: a picture that stays, or a move that ends where it began."""
        planes = rgb_to_planes(to_rgb_array(shown))
        if self.options.motion == "gentle":
            move = PanZoom(planes, size, choose_focus(self.picture.stored_object.name))
            return (
                (at, planes_to_frame(move.render_at(at)))
                for at in range(0, CYCLE_SAMPLES, FRAME_SAMPLES)
            )
        frame = planes_to_frame(planes)
        return ((at, frame) for at in range(0, MAX_SEGMENT_SAMPLES, REPEAT_SAMPLES))

    def _factors(self, check: Callable[[], None]) -> FloatArray | None:
        """The gain of every frame, when the loudness shall be evened."""
        if self.options.loudness == "keep":
            return None
        profile = LoudnessProfile()
        for block in self._blocks():
            check()
            profile.add(block, RATE_HZ)
        return compute_gains(profile, TARGET_LUFS)

    def _evened(self, factors: FloatArray | None) -> Iterator[Samples]:
        at = 0
        for block in self._blocks():
            if factors is not None:
                length = block.shape[1]
                block *= interpolate_gains(factors, at, length, RATE_HZ / FRAMES_PER_SECOND)
                at += length
            yield block

    def _blocks(self) -> Iterator[Samples]:
        """The sound in blocks of a second: the last one may be shorter."""
        sound = self.sound.stored_object
        file = RangeFile(self.objects.range_reader(sound.bucket, *sound.version), sound.size_bytes)
        pieces: list[Samples] = []
        there = 0
        for block in decode_sound(file, rate_hz=RATE_HZ, channels=2, max_duration_s=MAX_FILM_S):
            pieces.append(block)
            there += block.shape[1]
            while there >= _BLOCK:
                whole = np.concatenate(pieces, axis=1)
                yield np.ascontiguousarray(whole[:, :_BLOCK])
                pieces, there = [whole[:, _BLOCK:]], there - _BLOCK
        if there:
            yield np.concatenate(pieces, axis=1)


def _show(film: FilmWriter, one: EncodedFrame, sample: int) -> None:
    film.write_frame(one.data, to_ticks(sample), is_key=one.is_key)
