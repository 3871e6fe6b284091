"""Decodes and crops the picture of a slide, in a sandbox process."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from shared.media.images.still import read_picture
from shared.media.sandbox.child import SandboxIO


def crop_in_sandbox(
    sandbox_io: SandboxIO,
    size: tuple[int, int],
    face: Sequence[float] | None,
    focus: Sequence[float] | None = None,
) -> bytes:
    """Returns the pixels of a picture, RGB, cropped to `size` around the focus, its face or its
    middle. The focus is in shares of the picture, the face in px.

    Raises the errors of shared.media.images.still.
    """
    # The position of a face is in pixels of the full picture, so a picture with a face is decoded
    # in full size. Others may be decoded smaller.
    picture = read_picture(sandbox_io.file.read(), None if face and not focus else max(size))
    across, down = focus or (0.5, 0.5)
    centre: Sequence[float] = across * picture.width, down * picture.height
    if face and not focus:
        centre = face
    return crop_picture(picture, size, centre).tobytes()


def crop_picture(
    picture: Image.Image, size: tuple[int, int], centre: Sequence[float]
) -> Image.Image:
    """Returns the largest crop with the aspect ratio of `size`, resized to `size`.

    Args:
        centre: x and y in px; the middle of the crop is as near to it as the edges allow.
    """
    scale = min(picture.width / size[0], picture.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    left = max(0.0, min(centre[0] - width / 2, picture.width - width))
    top = max(0.0, min(centre[1] - height / 2, picture.height - height))
    # Rounding must not move the box out of the picture: Pillow rejects such a box.
    box = (left, top, min(left + width, picture.width), min(top + height, picture.height))
    return picture.resize(size, Image.Resampling.LANCZOS, box=box)
