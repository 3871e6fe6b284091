"""The limits on the declared size of a file; checked before decoding."""

from __future__ import annotations

from shared.media.errors import TooManyStreams, VideoTooLarge

MAX_PIXELS = 8192 * 4320
MAX_STREAMS = 64


def check_size(width: int, height: int) -> None:
    """Checks the declared size of a picture, in pixels. Raises VideoTooLarge."""
    if width * height > MAX_PIXELS:
        raise VideoTooLarge(
            f"The picture is {width}×{height}; at most {MAX_PIXELS // 10**6} megapixels can be "
            "read."
        )


def check_streams(count: int) -> None:
    """Checks the declared number of streams. Raises TooManyStreams."""
    if count > MAX_STREAMS:
        raise TooManyStreams(f"The file has more than {MAX_STREAMS} streams.")
