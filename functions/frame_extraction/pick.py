"""Pick the pictures of one window: exactly the ones shown at its targets.

Strategies are tried from the fastest that may hold for this file to the one that always does. A
strategy that finds its assumptions broken hands over; what it has yielded until then is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO

from functions.frame_extraction.selective import selective
from functions.frame_extraction.sequential import sequential, sequential_from_start, shown_at
from functions.frame_extraction.targets import SelectionFailed, Shown, Strategy, Targets
from shared.media.containers.packets import PacketSource
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableVideo
from shared.media.images.frame import BgrImage, PictureMaker, encode_image
from shared.media.images.webp import webp_frames
from shared.recipes.frames.windows import FrameOptions, Passport, Pts, Window
from shared.recipes.media_info import WEBP


@dataclass(frozen=True)
class Picked:
    """One frame: `target` and `time_s` in seconds from the first picture, asked for and actual;
    `pts` as it stands in the file; `image` BGR uint8 H×W×3, upright."""

    index: int
    target: Fraction
    pts: Pts
    time_s: Fraction
    image: BgrImage


@dataclass
class PickReport:
    """How the picking went: why strategies gave up, and the error that ended the file."""

    gave_up: list[str] = field(default_factory=list)
    damaged: str | None = None


def pick(
    file: BinaryIO | RangeFile,
    window: Window,
    options: FrameOptions,
    passport: Passport,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    threads: int = 1,
    careful: bool = False,
    report: PickReport | None = None,
) -> Iterator[Picked]:
    """Yield the window's frames in order, fewer if the stream ends within it.

    `should_stop` is asked at every packet; then Stopped is raised. `threads` are the decoder's.
    `careful` leaves the packets' order out of account and decodes everything; use it after
    TimestampsOutOfOrder, which says that earlier frames of this window may be wrong.
    """
    report = report if report is not None else PickReport()
    targets = Targets(window, options, passport)
    maker = PictureMaker(passport.video, options.max_width)
    zero = passport.first_pts.seconds
    last: Shown | None = None
    image: BgrImage | None = None
    with ExitStack() as stack:
        if passport.container == WEBP:
            frames = shown_at(webp_frames(file), targets)
        else:
            source = stack.enter_context(
                PacketSource(file, passport, should_stop=should_stop, threads=threads)
            )
            frames = _climb(_ladder(passport, careful), source, targets, report)
        for shown in frames:
            if image is None or last is None or shown.frame is not last.frame:
                image = maker.make(shown.frame)
            last = shown
            pts = Pts(shown.pts, passport.video.time_base)
            yield Picked(shown.k, targets.time(shown.k), pts, pts.seconds - zero, image)
        if passport.container != WEBP:
            report.damaged = source.damaged


def encode(image: BgrImage, options: FrameOptions) -> bytes:
    """The picture as a JPEG or PNG file, as the options say."""
    return encode_image(image, options.format, options.quality)


def _ladder(passport: Passport, careful: bool) -> list[Strategy]:
    if passport.timestamps_reliable and not careful:
        return [selective, sequential, sequential_from_start]
    if passport.random_access == "index":
        return [sequential, sequential_from_start]
    return [sequential_from_start]


def _climb(
    ladder: list[Strategy], source: PacketSource, targets: Targets, report: PickReport
) -> Iterator[Shown]:
    k = targets.window.k_start
    for strategy in ladder:
        try:
            for shown in strategy(source, targets, k):
                yield shown
                k = shown.k + 1
        except SelectionFailed as failure:
            report.gave_up.append(str(failure))
        else:
            return
    raise UndecodableVideo(
        f"The picture at {float(targets.time(k)):.3f} s cannot be decoded; the file is damaged."
    )
