"""Animated WebP, which FFmpeg does not read: chunks give the times, libwebp (in Pillow) decodes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
from av.video.frame import VideoFrame
from PIL import Image

from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableVideo, VideoTooLarge, VideoTruncated
from shared.media.images.colour_profile import to_srgb
from shared.media.limits import check_size

# Pillow imports its formats when it opens a file; the sandbox cannot import modules.
Image.init()

MAX_WEBP_BYTES = 100_000_000
"""libwebp needs the complete file in memory."""
# PyAV's annotation of this function lacks the type of its argument.
_from_image: Any = av.VideoFrame.from_image
_ANIMATED = 0x02
_CHUNK_BYTES = 8
_FRAME_BYTES = 16
_MIN_DURATION_MS = 11
_DEFAULT_DURATION_MS = 100

File = BinaryIO | RangeFile


@dataclass(frozen=True, slots=True)
class WebpInfo:
    """The properties of an animated WebP.

    Attributes:
        width: In pixels.
        height: In pixels.
        durations_ms: The durations of the pictures as browsers show them, in order.
        is_truncated: Whether the last chunk extends beyond the end of the file.
    """

    width: int
    height: int
    durations_ms: tuple[int, ...]
    is_truncated: bool


def is_animated_webp(head: bytes) -> bool:
    """Checks the first 21 bytes of a file (RFC 9649 §2.7)."""
    extended = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return extended and len(head) > 20 and bool(head[20] & _ANIMATED)


def read_webp_info(file: File, size_bytes: int) -> WebpInfo:
    """Reads only the headers of the chunks. Raises VideoTooLarge and VideoTruncated."""
    head = _read(file, 0, 30)
    width = 1 + int.from_bytes(head[24:27], "little")
    height = 1 + int.from_bytes(head[27:30], "little")
    check_size(width, height)
    if size_bytes > MAX_WEBP_BYTES:
        raise VideoTooLarge(f"An animated WebP may have {MAX_WEBP_BYTES // 10**6} MB at most.")
    durations_ms, last_end = [], 12
    for begin, end in _iterate_chunks(file, size_bytes):
        last_end = end
        chunk = _read(file, begin, _CHUNK_BYTES + _FRAME_BYTES)
        if chunk[:4] == b"ANMF" and len(chunk) == _CHUNK_BYTES + _FRAME_BYTES:
            durations_ms.append(_shown_duration_ms(int.from_bytes(chunk[20:23], "little")))
    if not durations_ms:
        raise VideoTruncated
    return WebpInfo(width, height, tuple(durations_ms), last_end > size_bytes)


def decode_webp_frames(file: File) -> Iterator[VideoFrame]:
    """Yields the pictures in order; pts and duration are in milliseconds.

    A picture that cannot be decoded ends the iteration. If it is the first, raises
    UndecodableVideo.
    """
    pts = 0
    try:
        image = Image.open(io.BytesIO(_read_complete_chunks(file)), formats=("WEBP",))
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            # `convert` copies the profile.
            frame: VideoFrame = _from_image(to_srgb(image.convert("RGB")))
            duration_ms = _shown_duration_ms(int(image.info.get("duration", 0)))
            frame.pts, frame.duration = pts, duration_ms
            yield frame
            pts += duration_ms
    except (OSError, EOFError, ValueError, SyntaxError) as error:
        if pts == 0:
            raise UndecodableVideo from error


def _shown_duration_ms(duration_ms: int) -> int:
    """Returns how long browsers show a picture: a tenth of a second instead of at most 10 ms."""
    return duration_ms if duration_ms >= _MIN_DURATION_MS else _DEFAULT_DURATION_MS


def _read_complete_chunks(file: File) -> bytes:
    """Returns the file up to its last complete chunk: libwebp rejects an incomplete one."""
    size_bytes = file.seek(0, io.SEEK_END)
    complete_bytes = max(
        (end for _, end in _iterate_chunks(file, size_bytes) if end <= size_bytes), default=0
    )
    data = _read(file, 0, complete_bytes)
    return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:] if len(data) > 8 else data


def _iterate_chunks(file: File, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Yields the start of each chunk, and the end that it declares."""
    begin = 12
    while begin + _CHUNK_BYTES <= size_bytes:
        length = int.from_bytes(_read(file, begin, _CHUNK_BYTES)[4:], "little")
        end = begin + _CHUNK_BYTES + length + length % 2
        yield begin, end
        begin = end


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)
