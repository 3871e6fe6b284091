"""Reads the pictures and the sound of shots from the video, in sandbox processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from struct import Struct

import numpy as np

from functions.stitching.film.encoding import Planes
from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.footage.view import View
from functions.stitching.inputs import PICTURE_LIMITS
from shared.media.sandbox.run import declare_work, iterate_in_sandbox, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.ports.objects import ObjectStore
from shared.recipes.media_info import COUNTED_CONTAINERS, WEBP, MediaInfo
from shared.recipes.stored_object import StoredObject

_HEADER = Struct(">q")
_BLOCK_BYTES = 1 << 20
_READ_PICTURES = declare_work("functions.stitching.footage.decoders", "read_pictures_in_sandbox")
_DECODE_WINDOW = declare_work("functions.stitching.footage.decoders", "decode_window_in_sandbox")


def find_obstacle(media_info: MediaInfo) -> str | None:
    """Returns why no clips can be cut from a video, or None if they can."""
    if media_info.container.split(",")[0] in COUNTED_CONTAINERS:
        return (
            "The film shows still pictures instead of clips: this kind of file does not say when "
            "pictures appear."
        )
    if media_info.container == WEBP:
        return (
            "The film shows still pictures instead of clips: they cannot be cut from an animated "
            "WebP."
        )
    return None


@dataclass(frozen=True)
class FootageReader:
    """Reads parts of one video. `check` is called often and raises to stop the work."""

    objects: ObjectStore
    video: StoredObject
    media_info: MediaInfo
    check: Callable[[], None]

    def read_pictures(
        self, begin: Fraction, length: int, view: View
    ) -> Iterator[tuple[int, Planes]]:
        """Yields pictures with the samples from `begin` at which they are shown, the first at 0.

        Args:
            begin: In seconds from the first picture of the video.
            length: In samples.
            view: The size of the pictures, and what they show of those of the video.

        Raises:
            PermanentError: One that names the cause.
        """
        width, height = view.size
        size_bytes = _HEADER.size + width * height * 3 // 2
        messages = iterate_in_sandbox(
            _READ_PICTURES,
            self.media_info,
            begin,
            begin + Fraction(length, RATE_HZ),
            view,
            RATE_HZ,
            source=self._source(),
            limits=PICTURE_LIMITS,
            check=self.check,
            label="clip",
        )
        pending = bytearray()
        with closing(messages):
            for message in messages:
                pending += message
                while len(pending) >= size_bytes:
                    (at,) = _HEADER.unpack_from(pending)
                    picture = np.frombuffer(bytes(pending[_HEADER.size : size_bytes]), np.uint8)
                    del pending[:size_bytes]
                    yield at, picture.reshape(height * 3 // 2, width)

    def read_sound(self, begin: Fraction, length: int) -> Samples | None:
        """Returns the sound from `begin` on, float32 of shape (2, length) at 48 kHz, or None if the
        video has none there."""
        value = run_in_sandbox(
            _DECODE_WINDOW,
            self.media_info,
            begin,
            length,
            RATE_HZ,
            source=self._source(),
            limits=PICTURE_LIMITS,
            check=self.check,
            label="clip",
        ).value
        if not value:
            return None
        return np.frombuffer(value, np.float32).reshape(-1, 2).T.copy()

    def _source(self) -> Source:
        read_at = self.objects.range_reader(self.video.bucket, *self.video.version)
        return Source(read_at, self.video.size_bytes, _BLOCK_BYTES)
