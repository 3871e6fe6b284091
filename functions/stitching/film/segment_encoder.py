"""Encodes pictures as a segment, which begins with an IDR frame and refers to no other segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

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
    encoder = _SegmentEncoder(size, motion)
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

    def __init__(self, size: tuple[int, int], motion: Movement) -> None:
        self._size = size
        self._motion = motion
        self._context = _open_encoder(size, motion)
        self._is_first = True
        self._since_key = 0
        self.encoded: list[EncodedFrame] = []

    @property
    def parameter_sets(self) -> bytes:
        """The parameter sets of the segment."""
        return bytes(self._context.extradata or b"")

    def encode(self, frame: VideoFrame, at: int) -> None:
        """Encodes a picture that is shown from sample `at` on."""
        frame.pts, frame.time_base = to_ticks(at), TICK
        frame.pict_type = PictureType.I if self._is_first else PictureType.NONE
        self._is_first = False
        self._add(self._context.encode(frame))

    def flush(self) -> None:
        """Ends encoding. Only repetitions may follow."""
        self._add(self._context.encode(None))

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


def _open_encoder(size: tuple[int, int], motion: Movement) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    context.options = dict(encoder_options(motion))
    # Parameter sets are stored once per segment, not before each IDR frame.
    context.flags |= Flags.global_header
    set_up_encoder(context, size)
    context.open()
    return context


@lru_cache(maxsize=8)
def _encode_repetitions(size: tuple[int, int], motion: Movement, last: int) -> list[bytes]:
    """Returns the pictures that repeat the one before them, by the number of pictures since the
    last IDR frame, up to `last`.

    All of their macroblocks are skipped, so that they are the same after any picture. They are
    those of a picture without content.
    """
    width, height = size
    empty = planes_to_frame(np.full((height * 3 // 2, width), 128, np.uint8))
    context = _open_encoder(size, motion)
    packets = []
    for number in range(last + 1):
        empty.pts, empty.time_base = number, TICK
        packets += context.encode(empty)
    packets += context.encode(None)
    return [bytes(packet) for packet in packets]
