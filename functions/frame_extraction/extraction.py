"""One window from video to pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from functions.frame_extraction.picking import PickReport, encode, pick
from functions.frame_extraction.targets import TimestampsOutOfOrder
from shared.domain.media import FrameNaming, FrameOptions, Passport, Window
from shared.domain.pack import FrameStamp, PackIndex, PackWriter
from shared.media.ranged import RangeFile


@dataclass(frozen=True)
class Extracted:
    """A written pack: its index, and what a person should know about how it came out."""

    index: PackIndex
    warnings: tuple[str, ...] = ()


def extract_window(
    file: BinaryIO | RangeFile,
    pack: BinaryIO,
    window: Window,
    options: FrameOptions,
    passport: Passport,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    on_frame: Callable[[int], None] = lambda _count: None,
    threads: int = 1,
) -> Extracted:
    """Write the window's frames to `pack`, a seekable file; `on_frame` hears how many there are.

    Raises what reading and decoding raise (shared.media.errors), and Stopped.
    """

    def write(careful: bool) -> Extracted:
        pack.seek(0)
        pack.truncate()
        writer = PackWriter(pack)
        report = PickReport()
        naming = FrameNaming.for_job(passport, options)
        frames = pick(
            file,
            window,
            options,
            passport,
            should_stop=should_stop,
            threads=threads,
            careful=careful,
            report=report,
        )
        for count, frame in enumerate(frames, start=1):
            height, width = frame.image.shape[:2]
            stamp = FrameStamp(frame.index, frame.target, frame.pts, width, height)
            writer.add(naming.name(frame.index, frame.target), encode(frame.image, options), stamp)
            on_frame(count)
        return Extracted(writer.close(), _warnings(report))

    try:
        return write(careful=False)
    except TimestampsOutOfOrder:
        # Frames already written may be wrong: the file's time stamps are not what they promised.
        return write(careful=True)


def _warnings(report: PickReport) -> tuple[str, ...]:
    if report.damaged is None:
        return ()
    return (f"The file could not be read to its end ({report.damaged}); frames may be missing.",)
