"""Animated WebP, which FFmpeg does not read: chunks say when, libwebp (in Pillow) shows what."""

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
from shared.media.limits import check_size

# Pillow imports its formats when it opens something; a confined process can import nothing more.
Image.init()

MAX_WEBP_BYTES = 100_000_000
"""libwebp wants the whole file in memory."""
# PyAV's own annotation of it lacks its argument's.
_from_image: Any = av.VideoFrame.from_image
_ANIMATED = 0x02
_CHUNK_BYTES = 8
_FRAME_BYTES = 16

File = BinaryIO | RangeFile


@dataclass(frozen=True, slots=True)
class WebpInfo:
    """width, height in pixels; `lengths_ms` of the pictures, in order; cut_off: the last chunk
    reaches beyond the file."""

    width: int
    height: int
    durations_ms: tuple[int, ...]
    is_truncated: bool


def is_animated_webp(head: bytes) -> bool:
    """By the first 21 bytes (RFC 9649 §2.7)."""
    extended = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return extended and len(head) > 20 and bool(head[20] & _ANIMATED)


def read_webp_info(file: File, size_bytes: int) -> WebpInfo:
    """Read the chunks' headers alone. Raises VideoTooLarge and VideoTruncated."""
    head = _read(file, 0, 30)
    width = 1 + int.from_bytes(head[24:27], "little")
    height = 1 + int.from_bytes(head[27:30], "little")
    check_size(width, height)
    if size_bytes > MAX_WEBP_BYTES:
        raise VideoTooLarge(f"An animated WebP may have {MAX_WEBP_BYTES // 10**6} MB at most.")
    lengths, last = [], 12
    for at, end in _chunks(file, size_bytes):
        last = end
        chunk = _read(file, at, _CHUNK_BYTES + _FRAME_BYTES)
        if chunk[:4] == b"ANMF" and len(chunk) == _CHUNK_BYTES + _FRAME_BYTES:
            lengths.append(int.from_bytes(chunk[20:23], "little"))
    if not lengths:
        raise VideoTruncated
    return WebpInfo(width, height, tuple(lengths), last > size_bytes)


def decode_webp_frames(file: File) -> Iterator[VideoFrame]:
    """The pictures in order; pts and duration in milliseconds. What cannot be decoded ends them.
    Raises UndecodableVideo when that is the first."""
    pts = 0
    try:
        image = Image.open(io.BytesIO(_whole(file)), formats=("WEBP",))
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frame: VideoFrame = _from_image(image.convert("RGB"))
            length = int(image.info.get("duration", 0))
            frame.pts, frame.duration = pts, length
            yield frame
            pts += length
    except (OSError, EOFError, ValueError, SyntaxError) as error:
        if pts == 0:
            raise UndecodableVideo from error


def _whole(file: File) -> bytes:
    """The file up to its last whole chunk: libwebp takes no other."""
    size_bytes = file.seek(0, io.SEEK_END)
    whole = max((end for _, end in _chunks(file, size_bytes) if end <= size_bytes), default=0)
    data = _read(file, 0, whole)
    return data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:] if len(data) > 8 else data


def _chunks(file: File, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Where the chunks begin, and where they end as they claim."""
    at = 12
    while at + _CHUNK_BYTES <= size_bytes:
        length = int.from_bytes(_read(file, at, _CHUNK_BYTES)[4:], "little")
        end = at + _CHUNK_BYTES + length + length % 2
        yield at, end
        at = end


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)
