"""Decodes frames that were extracted from uploads, in a sandbox process."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from shared.media.images.frame import BgrImage
from shared.media.images.image_decoder import IMAGE_SIZE
from shared.media.sandbox.child import SandboxIO


def decode_image(data: bytes) -> BgrImage:
    """Decodes a JPEG or PNG to BGR uint8 H×W×3. Raises ValueError if it is none."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("The bytes are not a picture.")
    return cast(BgrImage, image)


def decode_images_in_sandbox(sandbox_io: SandboxIO) -> bytes:
    """Decodes images until there are none. Each read is the next image, whatever its size."""
    cv2.setNumThreads(1)
    while data := sandbox_io.read(0, 1):
        image = decode_image(data)
        sandbox_io.write(IMAGE_SIZE.pack(*image.shape[:2]))
        sandbox_io.write(image.data.cast("B"))
        # Before the next one is decoded: it may take 100 MB.
        del image
    return b""
