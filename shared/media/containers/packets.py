"""Reads the packets of one video stream from a given time, for each kind of random access."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import chain
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from shared.errors import PermanentError
from shared.media.codecs.codec_state import CodecState, configured_in_band
from shared.media.codecs.keyframes import is_start_packet
from shared.media.containers.decode import PacketDecoder, VideoPacket
from shared.media.containers.demux import next_packet, open_pictures, raise_if_read_failed
from shared.media.containers.joined_files import open_joined_files, rescale_packet
from shared.media.containers.range_file import RangeFile
from shared.media.containers.time_stamps import AviIndex, TimestampCorrector
from shared.media.containers.video_streams import choose_video, seek_margins
from shared.media.geometry.shapes import JoinedShapes, PictureShapes
from shared.media.geometry.visual_track import read_visual_track
from shared.recipes.media_info import MediaInfo
from shared.recipes.picture_shape import PictureShape


class PacketSource:
    """The packets of the video stream in the media info; a context manager for an open container.

    Attributes:
        error: After the last packet: the error that ended the packets, or None at the end of file.
        media_info: The facts of the file.
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
        self._file = file
        self._threads = threads
        self._stack = ExitStack()
        self._files = list(open_joined_files(file, media_info.joined_at))
        self._file_number = 0
        self._packet_decoder = PacketDecoder()
        self._decoder: VideoCodecContext | None = None
        # All packets, until some are used or the position in the file changes.
        self._unused: Iterator[VideoPacket] | None = None
        # The pts of the packets that follow a discontinuity.
        self._after_jump: set[int] = set()

    def __enter__(self) -> PacketSource:
        self._unused = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def has_damage(self) -> bool:
        """Whether decoded pictures were damaged, as `PacketDecoder` notes it."""
        return self._packet_decoder.has_damage

    def read_from_start(self) -> Iterator[VideoPacket]:
        """Yields all packets in decoding order. Opens the file again if packets were used."""
        packets = self._open() if self._unused is None else self._unused
        self._unused = None
        return packets

    def read_from_keyframe(self, max_pts: int) -> Iterator[VideoPacket]:
        """Yields packets from a keyframe with pts ≤ `max_pts` (ticks), as late as can be found.

        The keyframe is checked, so a misleading container costs only time. If no keyframe is
        found, the packets come from the start of the file.
        """
        if self._unused is not None:
            # The state of the codec may come with the first packet only.
            first = next(self._unused, None)
            self._unused = chain(() if first is None else (first,), self._unused)
        if self.media_info.discontinuities:
            return self._read_from_seek_point(max_pts) or self.read_from_start()
        for margin in seek_margins(self.media_info):
            target_pts = max_pts - margin
            if target_pts <= self.media_info.video.first_pts:
                break
            try:
                self._unused = None
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

    def decode(
        self, packet: VideoPacket | None, *, skip_unreferenced: bool = False
    ) -> list[VideoFrame]:
        """Returns the frames that `packet` completes, in display order; None drains the decoder.

        After a discontinuity no picture refers to those before it, and its size may differ:
        the decoder is drained and reset there.

        Args:
            packet: A packet of this source.
            skip_unreferenced: Whether a picture to which no other one refers may be skipped.
        """
        frames: list[VideoFrame] = []
        if packet is None or (packet.pts is not None and packet.pts in self._after_jump):
            frames = self._feed_decoder(None)
            self.reset_decoder()
        if packet is None:
            return frames
        self._decoder = packet.stream.codec_context
        self._decoder.skip_frame = "NONREF" if skip_unreferenced else "DEFAULT"
        frames += self._feed_decoder(configured_in_band(packet))
        self._shapes.record(packet)
        return frames

    def shape_at(self, pts: int | None) -> PictureShape:
        """Returns the shape of a decoded frame with this pts, in ticks."""
        return self._shapes.at(pts)

    def reset_decoder(self) -> None:
        """Discards the state of the decoder; the next packet must be a keyframe."""
        if self._decoder is not None:
            self._decoder.flush_buffers()

    def _feed_decoder(self, packet: VideoPacket | None) -> list[VideoFrame]:
        if self._decoder is None:
            return []
        frames = self._packet_decoder.decode(self._decoder, packet)
        self._shapes.add_frames(self._decoder, frames)
        return frames

    def _read_from_seek_point(self, max_pts: int) -> Iterator[VideoPacket] | None:
        """Returns the packets from the last seek point with pts ≤ `max_pts`. Returns None when
        there is none, or when the file has another packet there."""
        points = self.media_info.seek_points
        number = bisect_right(points, max_pts, key=lambda point: point.pts) - 1
        if number <= 0:
            return None
        point = points[number]
        try:
            self._unused = None
            self._container.seek(point.position, unsupported_byte_offset=True)
        except (av.error.FFmpegError, OSError):
            raise_if_read_failed(self._file)
            return None
        packets = self._demux()
        first = next((packet for packet in packets if packet.pos == point.position), None)
        if first is None or first.pts != point.pts or not is_start_packet(first):
            return None
        return chain([first], packets)

    def _open(self) -> Iterator[VideoPacket]:
        """Opens the file, and returns its packets."""
        self._stack.close()
        self._decoder = None
        self._shapes = JoinedShapes()
        self._enter_file(0)
        return self._demux()

    def _enter_file(self, number: int) -> None:
        """Opens one of the joined files. Those before it stay open: they have the decoders of
        packets that are not decoded yet."""
        self._file_number = number
        file = self._files[number][1]
        video = self.media_info.video
        opened = open_pictures(file, keep_all_packets=not video.keyframes_reliable)
        self._container: InputContainer = self._stack.enter_context(opened)
        self._stream = choose_video(self._container, None if number else video.index)
        self._stream.codec_context.thread_count = self._threads
        is_mov = self.media_info.container.startswith("mov")
        track = read_visual_track(file, self._stream.id) if is_mov else None
        self._shapes.append(PictureShapes(None if number else video.shape, self._stream, track))
        self._codec_state = CodecState()
        self._has_read = False

    def _enter_next_file(self) -> bool:
        """Opens the next of the joined files that can be opened; returns False at the end."""
        for number in range(self._file_number + 1, len(self._files)):
            # The warnings of the media info name those that cannot be opened.
            with suppress(PermanentError):
                self._enter_file(number)
                return True
        return False

    def _demux(self) -> Iterator[VideoPacket]:
        self.error = None
        corrector = TimestampCorrector(self.media_info.discontinuities)
        while True:
            position = self._files[self._file_number][0]
            for packet in self._demux_file():
                if position:
                    rescale_packet(packet, self.media_info.video.time_base)
                if not corrector.correct(packet, position):
                    continue
                self._packet_decoder.note_packet(packet, is_after_jump=corrector.is_after_jump)
                is_new = corrector.is_after_jump and packet.is_keyframe
                # Another picture refers to those before the jump: only the clock was set.
                if is_new and packet.pts is not None:
                    self._after_jump.add(packet.pts)
                yield packet
            if not self._enter_next_file():
                self._packet_decoder.note_packet(None)
                return

    def _demux_file(self) -> Iterator[VideoPacket]:
        packets = self._container.demux(self._stream)
        index = AviIndex(self._stream) if self._container.format.name == "avi" else None
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
            if self._has_read and not self.media_info.video.keyframes_reliable:
                packet.is_keyframe = False
            self._has_read = True
            if index is not None and index.correct(packet):
                self._packet_decoder.note_loss()
            self._codec_state.apply(packet)
            yield packet
