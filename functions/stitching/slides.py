"""The slides of a film, decoded in a sandbox process: pictures of uploads are drawn on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from functions.stitching.film.encoding import Planes
from functions.stitching.inputs import SLIDE_LIMITS
from shared.errors import PermanentError
from shared.media.errors import EmptyFile
from shared.media.sandbox.run import declare_work, iterate_in_sandbox
from shared.media.sandbox.source import Source

_DECODE = declare_work("functions.stitching.decoders", "decode_slides_in_sandbox", "picture")
_UNBOUNDED_BYTES = 1 << 60


class SlideOfWrongSize(PermanentError):
    """The picture of a slide does not have the size of the film."""

    code = "slide-of-wrong-size"


class SlideDecoder:
    """A context manager with one sandbox process for all slides of a film of `size`. The process
    starts with the first slide. `check` is called often and raises to stop the work."""

    def __init__(self, size: tuple[int, int], check: Callable[[], None]) -> None:
        self._size = size
        self._pending = b""
        source = Source(self._take_pending, _UNBOUNDED_BYTES)
        self._messages = iterate_in_sandbox(
            _DECODE, size, source=source, limits=SLIDE_LIMITS, check=check, label="slides"
        )

    def __enter__(self) -> SlideDecoder:
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.close()

    def decode(self, data: bytes) -> Planes:
        """Returns the slide in a file. Raises SlideOfWrongSize, and the errors of
        shared.media.images.still."""
        if not data:
            raise EmptyFile
        self._pending = data
        width, height = self._size
        planes = np.empty((height * 3 // 2, width), np.uint8)
        flat, start = planes.reshape(-1), 0
        while start < len(flat):
            message = next(self._messages, b"")
            if not message:
                raise RuntimeError("The process ended within a slide.")
            if len(message) > len(flat) - start:
                raise RuntimeError("The process sent more bytes than the slide has.")
            flat[start : start + len(message)] = np.frombuffer(message, np.uint8)
            start += len(message)
        return planes

    def _take_pending(self, _offset: int, _length: int) -> bytes:
        data, self._pending = self._pending, b""
        return data
