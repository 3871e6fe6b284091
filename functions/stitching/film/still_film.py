"""A film of one picture with one sound track, as long as the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
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
    planes_to_frame,
    rgb_to_planes,
    to_ticks,
)
from functions.stitching.film.motion import (
    CYCLE_SAMPLES,
    MOTION_SAMPLES,
    PanZoom,
    choose_focus,
    zoomed_size,
)
from functions.stitching.film.mp4 import FilmMetadata, FilmWriter, Samples
from functions.stitching.film.pictures import encode_poster, to_rgb_array
from functions.stitching.film.segment_cache import SEGMENT_VERSION, encoder_versions
from functions.stitching.film.segment_encoder import encode_segment
from functions.stitching.film.segments import (
    LAST_FRAME_SAMPLES,
    MAX_SEGMENT_SAMPLES,
    REPEAT_SAMPLES,
)
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.film_result import RenderedFilm
from functions.stitching.inputs import FilmInputs
from functions.stitching.objects import name_content
from shared.entrypoints.stage import UnitContext
from shared.errors import InvalidOption
from shared.media.errors import UndecodableSound
from shared.pipeline import FILM_CACHE_PREFIX
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import StillOptions
from shared.recipes.results import FilmResult
from shared.recipes.upload_results import Upload, Uploads
from shared.runtime.owner_cache import OwnerCache
from shared.typography.versions import drawing_versions

_BLOCK_SAMPLES = RATE_HZ
_MIN_SAMPLES = RATE_HZ // 10
"""A sound of less than a tenth of a second is rejected."""


@dataclass(frozen=True)
class StillFilm:
    """The uploaded picture and sound, as upload_trigger recorded them. `cache` is that of the job's
    owner."""

    objects: ObjectStore
    cache: OwnerCache
    title: str
    picture: Upload
    sound: Upload
    options: StillOptions

    @classmethod
    def from_context(cls, context: UnitContext) -> StillFilm:
        """Reads inputs and options from the job. Raises InvalidOption."""
        uploads = Uploads.require(context.job.facts)
        try:
            options = StillOptions.parse(context.job.options)
        except ValueError as error:
            raise InvalidOption(str(error)) from error
        return cls(
            context.objects,
            OwnerCache(context.objects, FILM_CACHE_PREFIX, context.job.owner),
            context.job.title,
            uploads.input("picture"),
            uploads.input("sound"),
            options,
        )

    @property
    def content(self) -> list[Any]:
        """All that the film depends on, as JSON values: the film of another job with the same
        content is the same. Raises SourceExpired if an input is gone."""
        return [
            SEGMENT_VERSION,
            encoder_versions(),
            drawing_versions(),
            self._picture_name,
            name_content(self.objects, self.sound.stored_object),
            self.title,
            self.options.to_dict(),
        ]

    @cached_property
    def _picture_name(self) -> str:
        return name_content(self.objects, self.picture.stored_object)

    def write(self, path: Path, check: Callable[[], None]) -> RenderedFilm:
        """Writes the film to `path`. Raises UndecodableSound, and the errors of reading inputs."""
        inputs = FilmInputs(self.objects, check)
        picture, size = self._read_picture(inputs)
        factors = self._measure_factors(inputs, check)
        metadata = FilmMetadata(channels=2, title=self.title, aac_coder="twoloop")
        segment = encode_segment(self._frames(picture, size), size, self.options.motion, check)
        step = MOTION_SAMPLES if self.options.motion == "gentle" else REPEAT_SAMPLES
        # The length of the sound is known only at its end: until then the segment is repeated.
        frames = cycle(segment.frames)
        with FilmWriter(path, metadata, size, self.options.motion) as film:
            next_sample = 0
            for block in self._scaled_blocks(inputs, factors):
                check()
                film.write_sound(block)
                while next_sample < film.sound_samples - LAST_FRAME_SAMPLES:
                    _write_frame(film, next(frames), next_sample)
                    next_sample += step
            if film.sound_samples < _MIN_SAMPLES:
                raise UndecodableSound("The sound is shorter than a tenth of a second.")
            _write_frame(film, next(frames), film.sound_samples - LAST_FRAME_SAMPLES)
            seconds = film.sound_samples / RATE_HZ
        return RenderedFilm(encode_poster(picture), FilmResult(round(seconds, 3), *size))

    def _read_picture(self, inputs: FilmInputs) -> tuple[Image.Image, tuple[int, int]]:
        """Returns the picture, larger than the film if it has motion, and the size of the film."""
        info = self.picture.picture_info
        size = self.options.film_size(info.width, info.height)
        frame_size = zoomed_size(size) if self.options.motion == "gentle" else size
        stored = self.picture.stored_object
        return inputs.read_fitted(stored, frame_size, max_side_px=2 * max(size)), size

    def _frames(self, picture: Image.Image, size: tuple[int, int]) -> TimedFrames:
        """Returns the frames of one segment: a static picture, or one cycle of its motion."""
        planes = rgb_to_planes(to_rgb_array(picture))
        if self.options.motion == "gentle":
            motion = PanZoom(planes, size, choose_focus(self._picture_name))
            return (
                (at, planes_to_frame(motion.render_at(at)))
                for at in range(0, CYCLE_SAMPLES, MOTION_SAMPLES)
            )
        frame = planes_to_frame(planes)
        return ((at, frame) for at in range(0, MAX_SEGMENT_SAMPLES, REPEAT_SAMPLES))

    def _measure_factors(self, inputs: FilmInputs, check: Callable[[], None]) -> FloatArray | None:
        """Returns the gain of every frame, or None if the loudness is kept."""
        if self.options.loudness == "keep":
            return None
        profile = LoudnessProfile()
        for block in self._blocks(inputs):
            check()
            profile.add(block, RATE_HZ)
        return compute_gains(profile, TARGET_LUFS)

    def _scaled_blocks(self, inputs: FilmInputs, factors: FloatArray | None) -> Iterator[Samples]:
        at = 0
        for block in self._blocks(inputs):
            if factors is not None:
                length = block.shape[1]
                block *= interpolate_gains(factors, at, length, RATE_HZ / FRAMES_PER_SECOND)
                at += length
            yield block

    def _blocks(self, inputs: FilmInputs) -> Iterator[Samples]:
        """Yields the sound in blocks of a second; the last one may be shorter."""
        chunks: list[Samples] = []
        available = 0
        for block in inputs.decode_sound(self.sound.stored_object):
            chunks.append(block)
            available += block.shape[1]
            while available >= _BLOCK_SAMPLES:
                joined = np.concatenate(chunks, axis=1)
                yield np.ascontiguousarray(joined[:, :_BLOCK_SAMPLES])
                chunks, available = [joined[:, _BLOCK_SAMPLES:]], available - _BLOCK_SAMPLES
        if available:
            yield np.concatenate(chunks, axis=1)


def _write_frame(film: FilmWriter, frame: EncodedFrame, sample: int) -> None:
    film.write_frame(frame.data, to_ticks(sample), is_key=frame.is_key)
