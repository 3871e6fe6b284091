"""Decodes frames that were extracted from uploads: the process that uses them decodes none itself.

The bytes of a frame come from a sandbox process that has decoded an upload.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from shared.media.images.frame import BgrImage
from shared.media.limits import MAX_PIXELS
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, iterate_in_sandbox
from shared.media.sandbox.source import Source

_DECODE = declare_work("shared.media.images.decode", "decode_images_in_sandbox")
IMAGE_SIZE = struct.Struct(">II")
"""Height and width in pixels, before the pixels of an image."""
_UNBOUNDED_BYTES = 1 << 60


class ImageDecoder:
    """A context manager with one sandbox process for all its images."""

    def __init__(self, limits: Limits, check: Callable[[], None] = lambda: None) -> None:
        self._pending = b""
        source = Source(self._take_pending, _UNBOUNDED_BYTES)
        self._messages = iterate_in_sandbox(
            _DECODE, source=source, limits=limits, check=check, label="images"
        )

    def __enter__(self) -> ImageDecoder:
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.close()

    def decode(self, data: bytes) -> BgrImage:
        """Decodes a JPEG or PNG to BGR uint8 H×W×3. Raises the errors of `iterate_in_sandbox`."""
        self._pending = data
        head = next(self._messages, b"")
        height, width = IMAGE_SIZE.unpack(head) if len(head) == IMAGE_SIZE.size else (0, 0)
        if not 0 < height * width <= MAX_PIXELS:
            raise RuntimeError(f"The process sent an image of {width}×{height} pixels.")
        pixels = np.empty(height * width * 3, np.uint8)
        start = 0
        while start < len(pixels):
            message = next(self._messages, b"")
            if not message:
                raise RuntimeError("The process ended within an image.")
            if len(message) > len(pixels) - start:
                raise RuntimeError("The process sent more bytes than the image has.")
            pixels[start : start + len(message)] = np.frombuffer(message, np.uint8)
            start += len(message)
        return pixels.reshape(height, width, 3)

    def _take_pending(self, _offset: int, _length: int) -> bytes:
        data, self._pending = self._pending, b""
        return data
