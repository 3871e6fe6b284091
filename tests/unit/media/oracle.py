"""What is shown when, found out the slow and independent way: decode all, read every counter."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from functions.frame_extraction.picking import PickReport, pick
from functions.upload_trigger.probe import probe
from shared.domain.media import FrameOptions, Passport, Window, plan_windows
from tests.clips import Clip, read_counter

_UPRIGHT = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True)
class Oracle:
    """Seconds from the first picture at which the pictures appear, their counters, and the end."""

    times: tuple[Fraction, ...]
    counters: tuple[int, ...]
    end: Fraction

    def expected(self, options: FrameOptions) -> list[tuple[int, int]]:
        """(k, counter) of every frame that a job must deliver."""
        frames: list[tuple[int, int]] = []
        stop = self.end if options.end is None else min(self.end, options.end)
        while (t := options.start + len(frames) * options.every) < stop:
            frames.append((len(frames), self.counters[bisect_right(self.times, t) - 1]))
        return frames


@lru_cache(maxsize=64)
def oracle_of(clip: Clip, turn: tuple[int, bool] = (0, False)) -> Oracle:
    stamps: list[tuple[int, int, int]] = []
    with av.open(str(clip.path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            image: NDArray[Any] = frame.to_ndarray(format="bgr24")
            if turn[1]:
                image = cv2.flip(image, 1)
            if turn[0]:
                image = cv2.rotate(image, _UPRIGHT[turn[0]])
            assert frame.pts is not None
            stamps.append((frame.pts, read_counter(image.astype(np.uint8)), frame.duration or 0))
        assert stream.time_base is not None
        base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
    stamps.sort()
    first = stamps[0][0]
    last, _, length = stamps[-1]
    length = length or last - stamps[-2][0]
    return Oracle(
        tuple((pts - first) * base for pts, _, _ in stamps),
        tuple(counter for _, counter, _ in stamps),
        (last + length - first) * base,
    )


def meant_by(clip: Clip) -> Oracle:
    """The oracle of a clip whose pts FFmpeg makes up: what its maker meant to write."""
    return Oracle(clip.times, tuple(range(len(clip.times))), clip.end)


def passport_of(path: Path) -> Passport:
    with path.open("rb") as file:
        return probe(file, path.stat().st_size)


def picked(
    path: Path,
    passport: Passport,
    options: FrameOptions,
    windows: list[Window] | None = None,
    report: PickReport | None = None,
) -> list[tuple[int, int]]:
    """(k, counter) of every frame that the windows deliver, one after the other."""
    with path.open("rb") as file:
        return [
            (frame.index, read_counter(frame.image))
            for window in windows or plan_windows(passport, options)
            for frame in pick(file, window, options, passport, report=report)
        ]


def many_windows(passport: Passport, options: FrameOptions) -> list[Window]:
    """As many windows as can be, whether they are worth it or not."""
    return plan_windows(passport, options, window_work_s=1e-9, max_windows=7)
