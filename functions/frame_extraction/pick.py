"""Picks the frames of one window: exactly the pictures that are shown at its targets.

Strategies are tried from the fastest that may work for the file to the one that always works. When
the assumptions of a strategy fail, the next one continues; the frames before are correct.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO

from functions.frame_extraction.selective import decode_selectively
from functions.frame_extraction.sequential import (
    decode_from_start,
    decode_sequentially,
    match_frames,
)
from functions.frame_extraction.targets import SelectionFailed, ShownFrame, Strategy, Targets
from shared.media.containers.packets import PacketSource
from shared.media.containers.range_file import RangeFile
from shared.media.errors import UndecodableVideo
from shared.media.images.frame import BgrImage, PictureConverter, encode_image
from shared.media.images.webp import decode_webp_frames
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import Window
from shared.recipes.media_info import WEBP, MediaInfo
from shared.recipes.pts import Pts


@dataclass(frozen=True)
class PickedFrame:
    """One frame. `target` is the requested and `time_s` the actual time, in seconds from the first
    picture. `pts` is the time in the file, without jumps. `image` is BGR uint8 H×W×3, upright;
    `is_repeated` says that it is the one of the frame before."""

    index: int
    target: Fraction
    pts: Pts
    time_s: Fraction
    image: BgrImage
    is_repeated: bool = False


@dataclass
class PickReport:
    """Why strategies failed, the error that ended the reading of the file, if any, and whether
    pictures could not be decoded or were damaged."""

    failures: list[str] = field(default_factory=list)
    read_error: str | None = None
    has_damage: bool = False


def pick_frames(
    file: BinaryIO | RangeFile,
    window: Window,
    options: FrameOptions,
    media_info: MediaInfo,
    *,
    threads: int = 1,
    decode_all: bool = False,
    report: PickReport | None = None,
) -> Iterator[PickedFrame]:
    """Yields the window's frames in order, fewer if the stream ends within the window.

    `threads` is the number of the decoder's threads. `decode_all` ignores the timestamps of packets
    and decodes everything; use it after TimestampsOutOfOrder, when earlier frames of this window
    may be wrong. Raises UndecodableVideo when no strategy works.
    """
    report = report if report is not None else PickReport()
    targets = Targets(window, options, media_info)
    converter = PictureConverter(media_info.video, options.max_width)
    first_pts_s = media_info.first_pts.seconds
    last: ShownFrame | None = None
    image: BgrImage | None = None
    with ExitStack() as stack:
        source: PacketSource | None = None
        if media_info.container == WEBP:
            frames = match_frames(decode_webp_frames(file), targets)
        else:
            source = stack.enter_context(PacketSource(file, media_info, threads=threads))
            frames = _try_strategies(_strategies(media_info, decode_all), source, targets, report)
        for shown in frames:
            is_repeated = last is not None and shown.frame is last.frame
            if image is None or not is_repeated:
                # Only one picture is in memory at a time.
                image = None
                shape = None if source is None else source.shape_at(shown.frame.pts)
                image = converter.convert(shown.frame, shape)
            last = shown
            pts = Pts(shown.pts, media_info.video.time_base)
            yield PickedFrame(
                shown.k,
                targets.time_s(shown.k),
                pts,
                pts.seconds - first_pts_s,
                image,
                is_repeated,
            )
        if source is not None:
            report.read_error = source.error
            report.has_damage = source.has_damage


def encode_frame(image: BgrImage, options: FrameOptions) -> bytes:
    """Returns the picture as a JPEG or PNG file, according to the options."""
    return encode_image(image, options.format, options.quality)


def _strategies(media_info: MediaInfo, decode_all: bool) -> list[Strategy]:
    """Returns the strategies for a file, fastest first."""
    if media_info.timestamps_reliable and not decode_all:
        return [decode_selectively, decode_sequentially, decode_from_start]
    if media_info.random_access == "index":
        return [decode_sequentially, decode_from_start]
    return [decode_from_start]


def _try_strategies(
    strategies: list[Strategy], source: PacketSource, targets: Targets, report: PickReport
) -> Iterator[ShownFrame]:
    k = targets.window.k_start
    for strategy in strategies:
        try:
            for shown in strategy(source, targets, k):
                yield shown
                k = shown.k + 1
        except SelectionFailed as failure:
            report.failures.append(str(failure))
        else:
            return
    raise UndecodableVideo(
        f"The picture at {float(targets.time_s(k)):.3f} s cannot be decoded; the file is damaged."
    )
