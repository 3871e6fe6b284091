"""Decodes the inputs of films, in sandbox processes."""

from __future__ import annotations

from functions.stitching.film.encoding import rgb_to_planes
from functions.stitching.film.pictures import fit_to_frame, to_rgb_array
from functions.stitching.slides import SlideOfWrongSize
from shared.media.audio.pcm import decode_sound
from shared.media.images.still import read_picture
from shared.media.sandbox.child import SandboxIO

_MESSAGE_BYTES = 1 << 18


def fit_in_sandbox(sandbox_io: SandboxIO, size: tuple[int, int], max_side_px: int) -> bytes:
    """Returns the pixels of a picture, RGB, fitted into a frame of `size`.

    Raises the errors of shared.media.images.still.
    """
    picture = read_picture(sandbox_io.file.read(), max_side_px)
    return fit_to_frame(picture, size).tobytes()


def decode_slides_in_sandbox(sandbox_io: SandboxIO, size: tuple[int, int]) -> bytes:
    """Reads files, and writes the picture of each as yuv420p, until there is none left.

    Raises SlideOfWrongSize, and the errors of shared.media.images.still.
    """
    while data := sandbox_io.read(0, 1):
        picture = read_picture(data)
        # Here: the parent reads no more bytes than a picture of this size has.
        if picture.size != size:
            width, height = picture.size
            raise SlideOfWrongSize(
                f"A slide is {width}×{height} pixels in a film of {size[0]}×{size[1]}."
            )
        sandbox_io.write(rgb_to_planes(to_rgb_array(picture)).data.cast("B"))
    return b""


def decode_sound_in_sandbox(
    sandbox_io: SandboxIO, rate_hz: int, channels: int, max_duration_s: float
) -> bytes:
    """Writes the samples, float32, those of all channels one after another for each time.

    Raises the errors of `decode_sound`.
    """
    pending = bytearray()
    for block in decode_sound(
        sandbox_io.file, rate_hz=rate_hz, channels=channels, max_duration_s=max_duration_s
    ):
        pending += block.T.tobytes()
        if len(pending) >= _MESSAGE_BYTES:
            sandbox_io.write(bytes(pending))
            pending.clear()
    sandbox_io.write(bytes(pending))
    return b""
