"""Reads the packets of one video stream from a given time, for each kind of random access."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from shared.media.containers.decode import VideoPacket, decode_packet
from shared.media.containers.demux import open_container, raise_if_read_failed
from shared.media.containers.h264 import is_clean_start, nal_length_bytes
from shared.media.containers.range_file import RangeFile
from shared.media.containers.video_streams import choose_video
from shared.recipes.media_info import MediaInfo

# A container without an index is sought by time, with an increasing margin before the target.
_MARGIN_DEFAULT_S = Fraction(3)
_MARGIN_MAX_S = Fraction(120)


def is_start_packet(packet: VideoPacket) -> bool:
    """Returns whether decoding can begin with this packet, such that every picture from this
    packet's time is correct."""
    if not packet.is_keyframe or packet.is_discard or packet.pts is None:
        return False
    context = packet.stream.codec_context
    if context.name != "h264":
        return True
    return is_clean_start(bytes(packet), nal_length_bytes(context.extradata))


def next_packet(packets: Iterator[VideoPacket]) -> VideoPacket | None:
    """Returns the next packet, or None at the end. Raises the errors of reading."""
    try:
        return next(packets, None)
    except IndexError:
        # At the end PyAV 18 flushes every stream, including those that were discovered during
        # reading (MPEG-TS), which it does not know. The caller drains the decoder.
        return None


class PacketSource:
    """The packets of the video stream in the media info; a context manager for an open container.

    Attributes:
        error: After the last packet: the error that ended the packets, or None at the end of file.
        media_info: The facts of the file.
        has_damage: Whether a picture from the first keyframe on was damaged. Pictures that refer to
            it are wrong as well, although the decoder does not mark them.
    """

    def __init__(
        self,
        file: BinaryIO | RangeFile,
        media_info: MediaInfo,
        *,
        threads: int = 1,
    ) -> None:
        self.error: str | None = None
        self.media_info = media_info
        self.has_damage = False
        self._has_keyframe = False
        self._file = file
        self._threads = threads
        self._stack = ExitStack()

    def __enter__(self) -> PacketSource:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def decoder(self) -> VideoCodecContext:
        return self._stream.codec_context

    def read_from_start(self) -> Iterator[VideoPacket]:
        """Yields all packets in decoding order, from a newly opened container."""
        self._open()
        return self._demux()

    def read_from_keyframe(self, max_pts: int) -> Iterator[VideoPacket]:
        """Yields packets from a keyframe with pts ≤ `max_pts` (ticks), as late as can be found.

        The keyframe is checked, so a misleading container costs only time. If no keyframe is
        found, the packets come from the start of the file.
        """
        for margin in self._margins():
            target_pts = max_pts - margin
            if target_pts <= self.media_info.video.first_pts:
                break
            try:
                self._container.seek(target_pts, stream=self._stream, backward=True)
            except (av.error.FFmpegError, OSError):
                raise_if_read_failed(self._file)
                break
            packets = self._demux()
            for packet in packets:
                if packet.pts is None or packet.is_discard:
                    continue
                if packet.pts > max_pts:
                    break
                if is_start_packet(packet):
                    return chain([packet], packets)
        return self.read_from_start()

    def decode(self, packet: VideoPacket | None) -> list[VideoFrame]:
        """Returns the frames that `packet` completes, in display order; None drains the decoder."""
        if packet is not None and packet.is_keyframe:
            self._has_keyframe = True
        frames = decode_packet(self.decoder, packet, self._note_damage)
        if any(frame.is_corrupt for frame in frames):
            self._note_damage()
        return frames

    def _note_damage(self) -> None:
        # A recording that begins between two keyframes is not damaged.
        self.has_damage = self.has_damage or self._has_keyframe

    def reset_decoder(self) -> None:
        """Discards the state of the decoder; the next packet must be a keyframe."""
        self.decoder.flush_buffers()
        self.decoder.skip_frame = "DEFAULT"

    def _margins(self) -> Iterator[int]:
        if self.media_info.random_access == "none":
            return
        video = self.media_info.video
        interval = video.keyframe_interval_s or _MARGIN_DEFAULT_S
        margin = interval * Fraction(5, 4) + Fraction(1, 2)
        if self.media_info.random_access == "index":
            yield 0
        while margin <= _MARGIN_MAX_S:
            yield int(margin / video.time_base)
            margin *= 2

    def _open(self) -> None:
        self._stack.close()
        self._container: InputContainer = self._stack.enter_context(open_container(self._file))
        self._stream = choose_video(self._container, self.media_info.video.index)
        self._stream.codec_context.thread_count = self._threads

    def _demux(self) -> Iterator[VideoPacket]:
        self.error = None
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next_packet(packets)
            except MemoryError:
                raise
            except (av.error.FFmpegError, OSError) as error:
                raise_if_read_failed(self._file)
                self.error = str(error)
                return
            if packet is None or (packet.size == 0 and packet.pts is None and packet.dts is None):
                raise_if_read_failed(self._file)
                return
            yield packet
