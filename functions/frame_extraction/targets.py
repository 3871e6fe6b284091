"""The targets of a window in ticks of the stream, and the interface of picking strategies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from av.video.frame import VideoFrame

from shared.media.containers.packets import PacketSource
from shared.media.errors import TooManyFrames
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import Window
from shared.recipes.media_info import MediaInfo


class SelectionFailed(Exception):
    """The strategy cannot find the frame for target `k`; the frames before it are correct."""

    def __init__(self, k: int, reason: str) -> None:
        super().__init__(reason)
        self.k = k


@dataclass(frozen=True)
class ShownFrame:
    """The frame that is shown at target `k`. `pts` is in ticks."""

    k: int
    pts: int
    frame: VideoFrame


class Strategy(Protocol):
    """Yields the frames shown at the targets from `k` on, in order, until window or stream ends.

    Raises SelectionFailed or TimestampsOutOfOrder.
    """

    def __call__(self, source: PacketSource, targets: Targets, k: int) -> Iterator[ShownFrame]: ...


class Targets:
    """The targets of a window. The frame for k is the one with the largest pts ≤ `max_pts(k)`."""

    def __init__(self, window: Window, options: FrameOptions, media_info: MediaInfo) -> None:
        self.window = window
        self.first_pts = media_info.video.first_pts
        self._options = options
        self._time_base = media_info.video.time_base

    def time_s(self, k: int) -> Fraction:
        """Returns the time of target k, in seconds from the first picture."""
        return self._options.target(k)

    def max_pts(self, k: int) -> int:
        """Returns the largest pts, in ticks, of a frame that can be shown at target k."""
        return self.first_pts + int(self._options.target(k) / self._time_base)

    def contains(self, k: int) -> bool:
        """Whether k belongs to the window. The end of the stream is not known here."""
        if self.window.k_end is not None:
            return k < self.window.k_end
        return True

    def is_before(self, k: int, end: int) -> bool:
        """Whether target k lies before `end` (ticks, exclusive)."""
        return self.first_pts * self._time_base + self.time_s(k) < end * self._time_base

    def check_limit(self, k: int) -> None:
        """Raises TooManyFrames when the file is longer than its metadata says."""
        if k >= self.window.k_limit:
            raise TooManyFrames(
                f"The video is longer than it says: more than {self.window.k_limit} frames. "
                "Choose a longer interval, or a part of it with start and end."
            )
