"""Frames are decoded in a sandbox process without further copies of their pixels."""

from __future__ import annotations

import io

import cv2
import numpy as np

from shared.media.images.decode import decode_image
from shared.media.images.image_decoder import _DECODE, ImageDecoder
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source

LIMITS = Limits(cpu_s=60, memory_mb=600)


def _encode(width: int, height: int) -> bytes:
    """Returns a PNG whose pixels depend on their place."""
    pixels = np.arange(height * width * 3, dtype=np.uint32).reshape(height, width, 3) % 251
    encoded, data = cv2.imencode(".png", pixels.astype(np.uint8))
    assert encoded
    return data.tobytes()


def _peak_mb(data: bytes, count: int) -> float:
    """Returns the memory of a process that decodes an image `count` times."""
    pending = [data] * count
    source = Source(lambda _offset, _length: pending.pop() if pending else b"", 1 << 60)
    return run_in_sandbox(_DECODE, source=source, limits=LIMITS, sink=io.BytesIO()).usage.peak_mb


def test_pixels_are_those_of_the_image() -> None:
    with ImageDecoder(LIMITS) as decoder:
        for width, height in ((1, 1), (700, 500), (3, 2), (1, 5000)):
            data = _encode(width, height)
            image = decoder.decode(data)
            assert np.array_equal(image, decode_image(data)), (width, height)


def test_process_holds_the_pixels_of_one_image_only() -> None:
    """OpenCV holds them twice while it decodes."""
    width, height = 4000, 3000
    frame_mb = width * height * 3 / (1 << 20)
    small = _peak_mb(_encode(8, 8), 3)
    assert _peak_mb(_encode(width, height), 3) - small < 2.5 * frame_mb
