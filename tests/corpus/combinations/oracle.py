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
    data: bytes,
    times_s: Sequence[Fraction],
    first_index: int,
    rotation: tuple[int, bool],
    targets_s: Sequence[Fraction],
) -> list[str]:
    """The errors of demuxing the whole file and of decoding what `targets_s` need, and the pictures
    marked as corrupt.

    Nothing if the time stamps of readable pictures are other ones than `times_s`: a damaged time
    stamp is a valid one.
    """
    errors: list[str] = []
    decoding_errors: list[tuple[Fraction, str]] = []
    keyframes_s: list[Fraction] = []
    times: dict[int, Fraction] = {}
    time_s = Fraction(0)
    try:
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            # As in functions; decoders with several threads report other errors.
            stream.codec_context.thread_count = 1
            for packet in container.demux(stream):
                time_s = _time_s(packet) or time_s
                if packet.is_keyframe:
                    keyframes_s.append(time_s)
                if packet.is_corrupt:
                    errors.append("corrupt packet")
                try:
                    frames = packet.decode()
                except av.error.EOFError:
                    continue
                except av.error.FFmpegError as error:
                    decoding_errors.append((time_s, f"packet: {error}"))
                    continue
                for frame in frames:
                    _note_time(times, frame, rotation)
                decoding_errors += [(_time_s(frame) or time_s, "corrupt picture")
                                    for frame in frames if frame.is_corrupt]  # fmt: skip
    except (av.error.FFmpegError, IndexError) as error:
        errors.append(f"file: {error}")
    if not _are_right(times, times_s, first_index):
        return []
    first_s = min(times.values(), default=Fraction(0))
    wanted_s = [first_s + target_s for target_s in targets_s]
    errors += [text for error_s, text in decoding_errors
               if _is_needed(error_s, wanted_s, keyframes_s)]  # fmt: skip
    return errors


def _is_needed(error_s: Fraction, wanted_s: list[Fraction], keyframes_s: list[Fraction]) -> bool:
    """Whether a wanted picture comes after the error and before the next keyframe."""
    next_s = min((time_s for time_s in keyframes_s if time_s > error_s), default=None)
    return any(error_s <= time_s and (next_s is None or time_s < next_s) for time_s in wanted_s)


def _time_s(stamped: av.VideoFrame | av.Packet[av.VideoStream]) -> Fraction | None:
    if stamped.pts is None or stamped.time_base is None:
        return None
    return stamped.pts * Fraction(stamped.time_base.numerator, stamped.time_base.denominator)


def _note_time(
    times: dict[int, Fraction], frame: av.VideoFrame, rotation: tuple[int, bool]
) -> None:
    time_s = _time_s(frame)
    if time_s is None:
        return
    try:
        image = frame.to_ndarray(format="bgr24")
        image = image[:, ::-1] if rotation[1] else image
        index = read_index(np.rot90(image, -rotation[0] // 90).astype(np.uint8))
    except (UnreadableCounterError, OSError):
        return
    times.setdefault(index, time_s)


def _are_right(times: dict[int, Fraction], times_s: Sequence[Fraction], first_index: int) -> bool:
    """Whether the differences of time stamps are those of `times_s`."""
    pairs = [(time_s, times_s[index - first_index]) for index, time_s in sorted(times.items())
             if 0 <= index - first_index < len(times_s)]  # fmt: skip
    offsets = [actual - wanted for actual, wanted in pairs]
    return not offsets or max(offsets) - min(offsets) <= Fraction(1, 100)
