"""Extracts the frames of one window of a video into a pack, in a sandbox process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import BinaryIO

from functions.frame_extraction.extraction_result import ExtractionResult, TimestampsOutOfOrder
from functions.frame_extraction.pick import PickReport, encode_frame, pick_frames
from shared.media.containers.range_file import RangeFile
from shared.media.sandbox.child import SandboxIO
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import FrameStamp, PackWriter, Sink
from shared.recipes.frames.pack_directory import dump_directory
from shared.recipes.frames.windows import FrameNaming, Window
from shared.recipes.media_info import MediaInfo


def extract_window(
    file: BinaryIO | RangeFile,
    sink: Sink,
    window: Window,
    options: FrameOptions,
    media_info: MediaInfo,
    *,
    on_frame: Callable[[int], None] = lambda _count: None,
    threads: int = 1,
    decode_all: bool = False,
) -> ExtractionResult:
    """Writes the window's frames to `sink`. `on_frame` is called with the number of frames so far.

    Raises the errors of reading and decoding (`shared.media.errors`). After
    TimestampsOutOfOrder the written frames may be wrong: start again with `decode_all`.
    """
    writer = PackWriter(sink)
    report = PickReport()
    naming = FrameNaming.for_job(media_info, options)
    frames = pick_frames(
        file,
        window,
        options,
        media_info,
        threads=threads,
        decode_all=decode_all,
        report=report,
    )
    data = b""
    for count, frame in enumerate(frames, start=1):
        if not frame.is_repeated:
            # A picture that is shown at several targets is encoded once.
            data = encode_frame(frame.image, options)
        height, width = frame.image.shape[:2]
        stamp = FrameStamp(frame.index, frame.target, frame.pts, width, height)
        writer.add(naming.name(frame.index, frame.target), data, stamp)
        on_frame(count)
        # Before the next picture is converted.
        del frame
    return ExtractionResult(writer.close(), _warnings(report))


def extract_in_sandbox(
    sandbox_io: SandboxIO,
    window: Window,
    options: FrameOptions,
    media_info: MediaInfo,
    decode_all: bool,
) -> bytes:
    """Runs `extract_window` in a sandbox. Returns a line of JSON, then the pack's directory."""
    try:
        extracted = extract_window(
            sandbox_io.file,
            sandbox_io,
            window,
            options,
            media_info,
            on_frame=sandbox_io.report_progress,
            decode_all=decode_all,
        )
    except TimestampsOutOfOrder as error:
        return json.dumps({"out_of_order": str(error)}).encode() + b"\n"
    summary = {"warnings": extracted.warnings, "size_bytes": extracted.index.size_bytes}
    return json.dumps(summary).encode() + b"\n" + dump_directory(extracted.index)


def _warnings(report: PickReport) -> tuple[str, ...]:
    warnings = []
    if report.has_damage:
        warnings.append(
            "Some pictures of the video are damaged; frames may show parts of them, or the picture "
            "before."
        )
    if report.read_error is not None:
        warnings.append(
            f"The file could not be read to its end ({report.read_error}); frames may be missing."
        )
    return tuple(warnings)
