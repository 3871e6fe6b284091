"""Opens an untrusted container: known demuxers only, no network, no second file, limited sizes."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, BinaryIO, NoReturn

import av
import av.logging

# PyAV imports these when a file has subtitles; the sandbox cannot import modules.
import av.subtitles.codeccontext
import av.subtitles.stream
from av.container import InputContainer
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from shared.errors import MoodreelError
from shared.media.containers.boxes import FIRST_BOX_KINDS, check_boxes
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    EmptyFile,
    NotAVideo,
    NoVideoStream,
    PlaylistRefused,
    TooMuchMemory,
    UnsupportedCodec,
    VideoTruncated,
)
from shared.media.limits import MAX_PIXELS, MAX_STREAMS, check_size, check_streams

# Containers of video that need no second file. Not hls, dash, concat, sdp, image2, ...
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "mpegts",
    "mpeg",
    "avi",
    "ogg",
    "flv",
    "gif",
)
# C code still parses files for these DEMUXERS: limit its memory.
PROBE_BYTES = 5_000_000
PROBE_US = 5_000_000
IO_BUFFER_BYTES = 64 << 10
HEAD_BYTES = 4096
_EBML = b"\x1a\x45\xdf\xa3"

PLAYLIST_SIGNATURES = (
    b"#EXTM3U",
    b"ffconcat",
    b"[playlist]",
    b"[Reference]",
    b"v=0",
    b"<?xml",
    b"<MPD",
    b"<smil",
    b"<asx",
)
_SOUND_SIGNATURES = (
    b"ID3",
    b"fLaC",
    b"\xff\xfb",
    b"\xff\xf3",
    b"\xff\xf1",
    b"\xff\xf9",
    b"FORM",
    b"#!AMR",
)


@contextmanager
def open_container(file: BinaryIO | RangeFile) -> Iterator[InputContainer]:
    """Yields `file` (binary, seekable) as an open container; does not close the file.

    Raises:
        PermanentError: An error of `shared.media.errors` that names the cause.
        Exception: The error with which reading a RangeFile failed.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    _check_head(head)
    if head[4:8] in FIRST_BOX_KINDS:
        check_boxes(file, file.seek(0, io.SEEK_END))
    file.seek(0)
    container = _open(file, head)
    try:
        check_streams(len(container.streams))
        yield container
    finally:
        container.close()


def choose_video(container: InputContainer, index: int | None = None) -> VideoStream:
    """Returns the video stream to use; all other streams are switched off.

    Prefers streams that can be decoded, then those that the file marks as default, then the
    longest, then the largest, then the first.

    Args:
        container: The open container.
        index: The index of the stream, if it was chosen before.

    Raises:
        NoVideoStream: When there is no video.
        VideoTooLarge: When its pictures are too large.
        UnsupportedCodec: When there is no decoder.
    """
    candidates = [s for s in container.streams.video if not is_cover_image(s)]
    if index is not None:
        candidates = [s for s in candidates if s.index == index]
    if not candidates:
        raise NoVideoStream
    stream = max(candidates, key=_rank)
    context = _codec_context(stream)
    if context is None:
        raise UnsupportedCodec
    check_size(context.width, context.height)
    # A picture that declares a larger size later is not decoded either.
    context.options = {**context.options, "max_pixels": str(MAX_PIXELS)}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def raise_if_read_failed(file: object) -> None:
    """Raises the error of a failed read, which FFmpeg treats as the end of the file."""
    failure = getattr(file, "failure", None)
    if failure is not None:
        raise failure


def _open(file: BinaryIO | RangeFile, head: bytes) -> InputContainer:
    try:
        return open_with_demuxers(file, DEMUXERS)
    except MoodreelError:
        raise
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _open_error(error, head) from error


def open_with_demuxers(file: BinaryIO | RangeFile, demuxers: tuple[str, ...]) -> InputContainer:
    """Opens `file` with one of `demuxers`, without network and without a second file.

    Raises the error with which reading a RangeFile failed, otherwise the error of PyAV.
    """
    options = {
        "format_whitelist": ",".join(demuxers),
        # No protocol: all bytes come from `file`, and FFmpeg must open no other file.
        "protocol_whitelist": "none",
        "probesize": str(PROBE_BYTES),
        "analyzeduration": str(PROBE_US),
        "max_streams": str(MAX_STREAMS + 1),
        "max_pixels": str(MAX_PIXELS),
    }
    try:
        container = av.open(
            _MinimalFile(file),
            "r",
            options=options,
            buffer_size=IO_BUFFER_BYTES,
            io_open=_refuse_second_file,
            # Accept a title in another encoding.
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError):
        raise_if_read_failed(file)
        raise
    raise_if_read_failed(file)
    return container


def _check_head(head: bytes) -> None:
    if not head:
        raise EmptyFile
    check_size(*_declared_size(head))
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(PLAYLIST_SIGNATURES):
        raise PlaylistRefused
    if head.startswith(_SOUND_SIGNATURES) or (head.startswith(b"RIFF") and head[8:12] == b"WAVE"):
        raise NoVideoStream


def _declared_size(head: bytes) -> tuple[int, int]:
    """Returns width and height for formats whose size FFmpeg does not report after refusing it:
    GIF89a §18 and the main header of an AVI. Returns 0 for other formats."""
    if head.startswith(b"GIF8"):
        return struct.unpack("<HH", head[6:10].ljust(4, b"\0"))
    if head[:4] == b"RIFF" and head[24:28] == b"avih":
        return struct.unpack("<II", head[64:72].ljust(8, b"\0"))
    return 0, 0


def _open_error(error: Exception, head: bytes) -> MoodreelError:
    if isinstance(error, PermissionError):
        return PlaylistRefused()
    if head.startswith(_EBML):
        return VideoTruncated()
    if isinstance(error, MemoryError):
        return TooMuchMemory()
    if head[4:8] in FIRST_BOX_KINDS:
        return VideoTruncated(
            "The file's table of contents is missing: it was cut off, or the recording did not "
            "end properly."
        )
    return NotAVideo()


def is_cover_image(stream: VideoStream) -> bool:
    """Returns whether the stream is a cover image or thumbnails, and not video."""
    pictures = stream.disposition.attached_pic | stream.disposition.timed_thumbnails
    return bool(stream.disposition & pictures)


def _rank(stream: VideoStream) -> tuple[bool, bool, Fraction, int, int]:
    """Returns the sort key for `choose_video`; the greatest is the best."""
    base = stream.time_base or Fraction(0)
    length = (stream.duration or 0) * Fraction(base.numerator, base.denominator)
    context = _codec_context(stream)
    pixels = 0 if context is None else context.width * context.height
    default = bool(stream.disposition & stream.disposition.default)
    return context is not None, default, length, pixels, -stream.index


def _codec_context(stream: VideoStream) -> VideoCodecContext | None:
    """Returns None when FFmpeg has no decoder."""
    try:
        return stream.codec_context
    except (AttributeError, RuntimeError):
        return None


def _refuse_second_file(url: str, _flags: int, _options: dict[str, Any]) -> NoReturn:
    raise PermissionError(f"A container requested another file: {url[:80]!r}")


class _MinimalFile:
    """The methods that PyAV needs of a file; hides `name`, `mode` and `close` of the original."""

    def __init__(self, file: BinaryIO | RangeFile) -> None:
        self.read = file.read
        self.tell = file.tell
        self._file = file

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)


av.logging.set_level(av.logging.PANIC)
