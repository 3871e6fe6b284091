"""What a plain decoder notices in a damaged file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np

from tests.corpus.combinations.picture import read_index
from tests.fixtures.media.counter import UnreadableCounterError


def find_errors(
    data: bytes, times_s: Sequence[Fraction], first_index: int, rotation: tuple[int, bool]
) -> list[str]:
    """The errors of demuxing and decoding the whole file, and the pictures marked as corrupt.

    Nothing if the time stamps of readable pictures are other ones than `times_s`: a damaged time
    stamp is a valid one.
    """
    errors: list[str] = []
    times: dict[int, Fraction] = {}
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            # As in functions; decoders with several threads report other errors.
            stream.codec_context.thread_count = 1
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    errors.append("corrupt packet")
                try:
                    frames = packet.decode()
                except av.error.EOFError:
                    continue
                except av.error.FFmpegError as error:
                    errors.append(f"packet: {error}")
                    continue
                for frame in frames:
                    _note_time(times, frame, rotation)
                errors += ["corrupt picture" for frame in frames if frame.is_corrupt]
    except (av.error.FFmpegError, IndexError) as error:
        errors.append(f"file: {error}")
    return errors if _are_right(times, times_s, first_index) else []


def _note_time(
    times: dict[int, Fraction], frame: av.VideoFrame, rotation: tuple[int, bool]
) -> None:
    if frame.pts is None or frame.time_base is None:
        return
    try:
        image = frame.to_ndarray(format="bgr24")
        image = image[:, ::-1] if rotation[1] else image
        index = read_index(np.rot90(image, -rotation[0] // 90).astype(np.uint8))
    except (UnreadableCounterError, OSError):
        return
    base = Fraction(frame.time_base.numerator, frame.time_base.denominator)
    times.setdefault(index, frame.pts * base)


def _are_right(times: dict[int, Fraction], times_s: Sequence[Fraction], first_index: int) -> bool:
    """Whether the differences of time stamps are those of `times_s`."""
    pairs = [(time_s, times_s[index - first_index]) for index, time_s in sorted(times.items())
             if 0 <= index - first_index < len(times_s)]  # fmt: skip
    offsets = [actual - wanted for actual, wanted in pairs]
    return not offsets or max(offsets) - min(offsets) <= Fraction(1, 100)
