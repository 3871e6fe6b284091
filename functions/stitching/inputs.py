"""The inputs of a film: pictures and sounds, decoded in sandbox processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from PIL import Image

from functions.stitching.film.mp4 import Samples
from functions.stitching.film.timeline import RATE_HZ
from functions.stitching.objects import read_stored
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, iterate_in_sandbox, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from shared.ports.objects import ObjectStore
from shared.recipes.films.options import MAX_FILM_S
from shared.recipes.stored_object import StoredObject

_CHANNELS = 2
_FUNCTION = Limits.for_function(FUNCTIONS["stitching"])
# Together they fit the function, beside the encoders: the slides, a picture or clip, and a sound
# may be open at a time.
SLIDE_LIMITS = Limits(_FUNCTION.cpu_s, _FUNCTION.memory_mb // 4)
PICTURE_LIMITS = Limits(_FUNCTION.cpu_s, _FUNCTION.memory_mb // 2)
SOUND_LIMITS = Limits(_FUNCTION.cpu_s, _FUNCTION.memory_mb // 4)
_FIT = declare_work("functions.stitching.decoders", "fit_in_sandbox", "picture")
_DECODE_SOUND = declare_work("functions.stitching.decoders", "decode_sound_in_sandbox", "sound")


@dataclass(frozen=True)
class FilmInputs:
    """Reads and decodes inputs. `check` is called often and raises to stop the work."""

    objects: ObjectStore
    check: Callable[[], None]

    def read_fitted(
        self, stored: StoredObject, size: tuple[int, int], max_side_px: int
    ) -> Image.Image:
        """Returns a picture in RGB, fitted into a frame of `size`.

        Args:
            stored: A JPEG, PNG, WebP or HEIC.
            size: Width and height in pixels.
            max_side_px: A much larger JPEG is decoded at a fraction of its size, but not smaller
                than this.

        Raises:
            PermanentError: One that names the cause.
        """
        result = run_in_sandbox(
            _FIT,
            size,
            max_side_px,
            source=Source.from_bytes(read_stored(self.objects, stored)),
            limits=PICTURE_LIMITS,
            check=self.check,
            label="picture",
        )
        return Image.frombytes("RGB", size, result.value)

    def decode_sound(self, stored: StoredObject) -> Iterator[Samples]:
        """Yields a sound in blocks, float32 of shape (2, n) at 48 kHz.

        Raises:
            SoundTooLong: After MAX_FILM_S seconds.
            PermanentError: Another one that names the cause.
        """
        read_at = self.objects.range_reader(stored.bucket, *stored.version)
        messages = iterate_in_sandbox(
            _DECODE_SOUND,
            RATE_HZ,
            _CHANNELS,
            MAX_FILM_S,
            source=Source(read_at, stored.size_bytes),
            limits=SOUND_LIMITS,
            check=self.check,
            label="sound",
        )
        with closing(messages):
            for message in messages:
                samples = np.frombuffer(message, np.float32).reshape(-1, _CHANNELS)
                yield samples.T.copy()
