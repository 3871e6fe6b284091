"""Encodes pictures as a segment, which begins with an IDR frame and refers to no other segment."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from functions.stitching.film.encoding import (
    TICK,
    EncodedFrame,
    EncodedSegment,
    Movement,
    TimedFrames,
    encoder_options,
    planes_to_frame,
    set_up_encoder,
    to_ticks,
)

_FRAME_NUMBERS = 16
"""Pictures after which x264's `frame_num` (ITU-T H.264, 7.4.3) begins again, with one reference."""


def encode_segment(
    frames: TimedFrames, size: tuple[int, int], motion: Movement, check: Callable[[], None]
) -> EncodedSegment:
    """Encodes pictures, with increasing times, as a segment. `check` is called before every picture
    and may raise.

    A picture that is shown until the end is encoded once: its repetitions are the same bytes for
    every picture.
    """
    with _open_encoder(size, motion) as stream:
        encoder = _SegmentEncoder(stream, size, motion)
        shown: VideoFrame | None = None
        repeated_at: list[int] = []
        for at, frame in frames:
            check()
            if frame is shown:
                repeated_at.append(at)
                continue
            if shown is not None:
                for time in repeated_at:
                    encoder.encode(shown, time)
            repeated_at.clear()
            encoder.encode(frame, at)
            shown = frame
        encoder.flush()
        for at in repeated_at:
            encoder.repeat(at)
        return EncodedSegment(encoder.parameter_sets, encoder.encoded)


class _SegmentEncoder:
    """Encodes the pictures of one segment."""

    def __init__(self, stream: VideoStream, size: tuple[int, int], motion: Movement) -> None:
        self._stream = stream
        self._size = size
        self._motion = motion
        self._is_first = True
        self._since_key = 0
        self.encoded: list[EncodedFrame] = []

    @property
    def parameter_sets(self) -> bytes:
        """The parameter sets of the segment."""
        return bytes(self._stream.codec_context.extradata or b"")

    def encode(self, frame: VideoFrame, at: int) -> None:
        """Encodes a picture that is shown from sample `at` on."""
        frame.pts, frame.time_base = to_ticks(at), TICK
        frame.pict_type = PictureType.I if self._is_first else PictureType.NONE
        self._is_first = False
        self._add(self._stream.encode(frame))

    def flush(self) -> None:
        """Ends encoding. Only repetitions may follow."""
        self._add(self._stream.encode(None))

    def repeat(self, at: int) -> None:
        """Repeats the last picture at sample `at`."""
        number = self._since_key % _FRAME_NUMBERS + 1
        # Most segments have few: half of them are encoded in half the time.
        last = _FRAME_NUMBERS // 2 if number <= _FRAME_NUMBERS // 2 else _FRAME_NUMBERS
        data = _encode_repetitions(self._size, self._motion, last)[number]
        self.encoded.append(EncodedFrame(to_ticks(at), data, is_key=False))
        self._since_key += 1

    def _add(self, packets: Sequence[Packet[Any]]) -> None:
        for packet in packets:
            self._since_key = 0 if packet.is_keyframe else self._since_key + 1
            tick = packet.pts or 0
            self.encoded.append(EncodedFrame(tick, bytes(packet), packet.is_keyframe))


@contextmanager
def _open_encoder(size: tuple[int, int], motion: Movement) -> Iterator[VideoStream]:
    # A stream of a container that is not written: parameter sets are those of an MP4.
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options=dict(encoder_options(motion)))
        set_up_encoder(stream.codec_context, size)
        yield stream


@lru_cache(maxsize=8)
def _encode_repetitions(size: tuple[int, int], motion: Movement, last: int) -> list[bytes]:
    """Returns the pictures that repeat the one before them, by the number of pictures since the
    last IDR frame, up to `last`.

    All of their macroblocks are skipped, so that they are the same after any picture. They are
    those of a picture without content.
    """
    width, height = size
    empty = planes_to_frame(np.full((height * 3 // 2, width), 128, np.uint8))
    packets = []
    with _open_encoder(size, motion) as stream:
        for number in range(last + 1):
            empty.pts, empty.time_base = number, TICK
            packets += stream.encode(empty)
        packets += stream.encode(None)
    return [bytes(packet) for packet in packets]
