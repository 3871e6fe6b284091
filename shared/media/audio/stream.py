"""Opens untrusted sound: known demuxers only, one stream, a limited rate and channel count."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from shared.media.audio.wav_size import is_wav_size_wrong
from shared.media.containers.demux import DEMUXERS as VIDEO_DEMUXERS
from shared.media.containers.demux import open_with_demuxers
from shared.media.containers.file_head import PLAYLIST_SIGNATURES
from shared.media.containers.range_file import RangeFile
from shared.media.errors import (
    EmptyFile,
    NoSound,
    NotASound,
    PlaylistRefused,
    UndecodableSound,
)
from shared.media.limits import MAX_STREAMS

DEMUXERS = (
    *VIDEO_DEMUXERS, "mp3", "wav", "w64", "aiff", "caf", "au", "flac", "aac", "loas", "ac3",
    "eac3", "amr", "asf", "tta", "wv",
)  # fmt: skip
"""FFmpeg's names of the containers. A video is a sound too: its sound track is taken."""
RATES_HZ = range(4_000, 192_001)
MAX_CHANNELS = 8
_HEAD_BYTES = 4096


@contextmanager
def open_sound(file: BinaryIO | RangeFile) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Yields the container and its sound stream; all other streams are switched off.

    Raises:
        PermanentError: One that names the cause.
        Exception: The error with which reading a RangeFile failed.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head:
        raise EmptyFile
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(PLAYLIST_SIGNATURES):
        raise PlaylistRefused("This is a playlist that points to other files; upload the sound.")
    options = {}
    if is_wav_size_wrong(file, file.seek(0, io.SEEK_END)):
        options["ignore_length"] = "1"
    file.seek(0)
    try:
        container = open_with_demuxers(file, DEMUXERS, options)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise NotASound from error
    try:
        yield container, choose_sound(container)
    finally:
        container.close()


def choose_sound(container: InputContainer) -> AudioStream:
    """Returns the stream to use; all other streams are switched off.

    Prefers streams that can be decoded, then those that are the sound of the film and no
    commentary, then those that the file marks as default, then the first.

    Raises:
        NoSound: When there is no sound.
        UndecodableSound: When there is no decoder.
        NotASound: When there are too many streams, or the rate or the channels are out of range.
    """
    if len(container.streams) > MAX_STREAMS:
        raise NotASound(f"The file has {len(container.streams)} streams; that is no sound file.")
    if not container.streams.audio:
        raise NoSound
    stream = max(container.streams.audio, key=_rank)
    codec = find_codec_context(stream)
    if codec is None:
        raise UndecodableSound("The sound is in a codec that we cannot decode.")
    if codec.sample_rate not in RATES_HZ or not 1 <= codec.channels <= MAX_CHANNELS:
        raise NotASound(
            f"The sound has {codec.channels} channels at {codec.sample_rate} Hz; up to "
            f"{MAX_CHANNELS} channels at {RATES_HZ.start} to {RATES_HZ.stop - 1} Hz can be read."
        )
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def is_additional(stream: AudioStream) -> bool:
    """Returns whether the file marks the stream as one beside the sound of the film, such as a
    commentary or a description for blind people."""
    kinds = stream.disposition
    return bool(
        kinds
        & (kinds.comment | kinds.visual_impaired | kinds.hearing_impaired | kinds.clean_effects)
    )


def find_codec_context(stream: AudioStream) -> AudioCodecContext | None:
    """Returns the codec context, or None when FFmpeg has no decoder."""
    try:
        return stream.codec_context
    except (AttributeError, RuntimeError):
        return None


def _rank(stream: AudioStream) -> tuple[bool, bool, bool, int]:
    """Returns the sort key for `choose_sound`; the greatest is the best."""
    is_default = bool(stream.disposition & stream.disposition.default)
    is_decodable = find_codec_context(stream) is not None
    return is_decodable, not is_additional(stream), is_default, -stream.index
