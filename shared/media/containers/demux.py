"""Opens an untrusted container: known demuxers only, no network, no second file, limited sizes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, BinaryIO, NoReturn

import av
import av.logging

# PyAV imports these when a file has subtitles; the sandbox cannot import modules.
import av.subtitles.codeccontext
import av.subtitles.stream
from av.container import InputContainer

from shared.errors import MoodreelError
from shared.media.containers.boxes import FIRST_BOX_KINDS, check_boxes
from shared.media.containers.decode import VideoPacket
from shared.media.containers.file_head import HEAD_BYTES, check_head
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    NotAVideo,
    PlaylistRefused,
    TooMuchMemory,
    VideoTruncated,
)
from shared.media.limits import MAX_PIXELS, MAX_STREAMS, check_streams

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
_EBML = b"\x1a\x45\xdf\xa3"
_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
_ALL_PACKETS = MappingProxyType({"advanced_editlist": "0"})
_CORRECTIONS: Mapping[tuple[str, str], Mapping[str, str]] = {
    # MPEG-4 Visual states the resolution of its times, and no rate of pictures (ISO/IEC 14496-2
    # §6.3.3, fixed_vop_rate). FFmpeg takes one for the other, and invents time stamps for pictures
    # that have none.
    ("mpegts", "mpeg4"): {"fflags": "+nofillin"},
    # The parser gives a picture of MPEG-1 the flags of the next one: those before the start of an
    # edit list are not marked, and others are.
    ("mov", "mpeg1video"): {"fflags": "+noparse"},
}
"""The options by container and codec."""


@contextmanager
def open_container(
    file: BinaryIO | RangeFile, demuxer_options: Mapping[str, str] = _NO_OPTIONS
) -> Iterator[InputContainer]:
    """Yields `file` (binary, seekable) as an open container; does not close the file.

    Raises:
        PermanentError: An error of `shared.media.errors` that names the cause.
        Exception: The error with which reading a RangeFile failed.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    check_head(head)
    if head[4:8] in FIRST_BOX_KINDS:
        check_boxes(file, file.seek(0, io.SEEK_END))
    file.seek(0)
    container = _open(file, head, demuxer_options)
    try:
        check_streams(len(container.streams))
        yield container
    finally:
        container.close()


@contextmanager
def open_pictures(
    file: BinaryIO | RangeFile, *, keep_all_packets: bool = False
) -> Iterator[InputContainer]:
    """Like `open_container`, for reading a video stream only: its packets are those of the file
    where FFmpeg changes them, but packets of sound may have no time stamp.

    Args:
        file: The file.
        keep_all_packets: Whether an MP4 has the packets before the last keyframe that precedes the
            start of its edit list, for codecs whose keyframes are not marked reliably. Only the
            first edit with pictures is applied then, and stamps before it are negative.
    """
    options = _ALL_PACKETS if keep_all_packets else _NO_OPTIONS
    with open_container(file, options) as container:
        corrections = _find_corrections(container)
        if not corrections:
            yield container
            return
    with open_container(file, {**options, **corrections}) as container:
        yield container


def raise_if_read_failed(file: object) -> None:
    """Raises the error of a failed read, which FFmpeg treats as the end of the file."""
    failure = getattr(file, "failure", None)
    if failure is not None:
        raise failure


def _find_corrections(container: InputContainer) -> Mapping[str, str]:
    """Returns the options with which a container must be opened again, because FFmpeg changes the
    packets of a codec in it; none for most."""
    family = container.format.name.split(",")[0]
    for video in container.streams.video:
        if video.codec_context is not None and (family, video.codec_context.name) in _CORRECTIONS:
            return _CORRECTIONS[family, video.codec_context.name]
    return _NO_OPTIONS


def _open(file: BinaryIO | RangeFile, head: bytes, options: Mapping[str, str]) -> InputContainer:
    try:
        return open_with_demuxers(file, DEMUXERS, options)
    except MoodreelError:
        raise
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _open_error(error, head) from error


def open_with_demuxers(
    file: BinaryIO | RangeFile,
    demuxers: tuple[str, ...],
    demuxer_options: Mapping[str, str] = _NO_OPTIONS,
) -> InputContainer:
    """Opens `file` with one of `demuxers`, without network and without a second file.

    Raises the error with which reading a RangeFile failed, otherwise the error of PyAV.
    """
    options = {
        **demuxer_options,
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


def next_packet(packets: Iterator[VideoPacket]) -> VideoPacket | None:
    """Returns the next packet, or None at the end. Raises the errors of reading."""
    try:
        return next(packets, None)
    except IndexError:
        # At the end PyAV 18 flushes every stream, including those that were discovered during
        # reading (MPEG-TS), which it does not know. The caller drains the decoder.
        return None
