"""A part of frame extraction: one window of the video becomes one pack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from functions.frame_extraction.extract import (
    ExtractionResult,
    extract_in_sandbox,
    parse_extraction_result,
)
from functions.frame_extraction.targets import TimestampsOutOfOrder
from shared.entrypoints.stage import UnitContext
from shared.flows.envelope import pack_name
from shared.jobs.claims import UnitDone
from shared.media.containers.range_file import RangeFile
from shared.media.errors import WorkStopped
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, run_in_sandbox
from shared.pipeline import FUNCTIONS, PACKS_PREFIX, PARTS_PREFIX, Bucket, find_consumer
from shared.recipes.emotions.options import parse_frame_options
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import PackIndex, scan_pack
from shared.recipes.frames.pack_directory import dump_directory
from shared.recipes.frames.windows import Window
from shared.recipes.media_info import MediaInfo
from shared.recipes.results import FramesPart
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import write_once

PACKS_VERSION = 2
"""Raised when the same inputs would give other packs, so that older ones are not adopted."""


@dataclass(frozen=True)
class ExtractionInputs:
    """What a job asks of this stage: the same for all of its windows."""

    source: StoredObject
    media_info: MediaInfo
    options: FrameOptions
    file: Mapping[str, Any]
    """Which file it is, as results name it."""
    spec: str
    """Hash of all that determines the packs' content."""

    @classmethod
    def of(cls, context: UnitContext) -> ExtractionInputs:
        """Read the order out of the job."""
        video = Uploads.require(context.job.facts).input("video")
        options = parse_frame_options(context.job.options)
        windows = [dict(spec) for spec in context.stage.parts]
        content = [
            PACKS_VERSION,
            video.stored_object.generation,
            video.stored_object.crc32c,
            options.to_dict(),
            windows,
        ]
        return cls(
            source=video.stored_object,
            media_info=video.media_info,
            options=options,
            file=video.file_info,
            spec=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        )


def extract_pack(context: UnitContext) -> UnitDone:
    """Read the window by Range, write its pack once, and its directory beside it."""
    order = ExtractionInputs.of(context)
    try:
        extracted, pack, adopted = _write(context, order)
    except WorkStopped:
        context.check()
        raise
    index = _index_of(context, pack) if adopted else extracted.index
    directory = _write_directory(context, pack, index)
    return UnitDone(
        artifacts=(
            pack.to_artifact("pack", "pack"),
            directory.to_artifact("directory", "directory"),
        ),
        facts=FramesPart(len(index.entries), extracted.warnings).to_dict(),
        warnings=extracted.warnings,
        adopted=adopted,
    )


def _write(
    context: UnitContext, order: ExtractionInputs
) -> tuple[ExtractionResult, StoredObject, bool]:
    # A pack under PACKS_PREFIX wakes the next stage, so only recipes that have one write there.
    woken = find_consumer("frame_extraction", context.job.recipe)
    prefix = PACKS_PREFIX if woken is not None else PARTS_PREFIX
    name = pack_name(prefix, context.job.id, order.spec, context.part)
    window = Window.from_dict(context.spec)
    expected = _expected(window, order)
    read_at = context.objects.range_reader(Bucket.UPLOADS, *order.source.version)
    source = Source(read_at, order.source.size_bytes, _block_bytes(order))

    def heard(frames: int) -> None:
        context.report_progress(frames / expected)

    def attempt(careful: bool) -> tuple[ExtractionResult, StoredObject, bool]:
        with context.objects.create(
            Bucket.WORK, name, content_type="application/zip", spec=order.spec
        ) as pack:
            worked = run_in_sandbox(
                extract_in_sandbox,
                window,
                order.options,
                order.media_info,
                careful,
                source=source,
                limits=Limits.for_function(FUNCTIONS["frame_extraction"]),
                sink=pack,
                on_progress=heard,
                should_stop=context.should_stop,
                label=context.job.id,
            )
            extracted = parse_extraction_result(worked.value)
        context.log(
            "window.extracted",
            frames=len(extracted.index.entries),
            fetched_bytes=worked.fetched_bytes,
            cpu_s=round(worked.usage.cpu_s, 2),
            peak_mb=round(worked.usage.peak_mb),
        )
        return extracted, pack.stored_object, pack.adopted

    try:
        return attempt(careful=False)
    except TimestampsOutOfOrder:
        # The file's time stamps are not what its first packets promised.
        return attempt(careful=True)


def _expected(window: Window, order: ExtractionInputs) -> int:
    """How many frames the window will give, as far as the file's length is known."""
    end = window.k_end
    if end is None and order.media_info.duration is not None:
        span = order.media_info.duration - order.options.start
        end = ceil(span / order.options.every)
    return max(1, (end if end is not None else window.k_limit) - window.k_start)


def _index_of(context: UnitContext, pack: StoredObject) -> PackIndex:
    """The index of a pack that an earlier attempt wrote: what is derived is derived from IT."""
    read_at = context.objects.range_reader(pack.bucket, pack.name, pack.generation)
    return scan_pack(RangeFile(read_at, pack.size_bytes, block_bytes=64 << 10, read_ahead=1))


def _write_directory(context: UnitContext, pack: StoredObject, index: PackIndex) -> StoredObject:
    folder = f"{PARTS_PREFIX}{context.job.id}/{pack.spec[:12]}"
    name = f"{folder}/{context.part}.{pack.generation}.directory"
    return write_once(
        context.objects,
        Bucket.WORK,
        name,
        dump_directory(index),
        content_type="application/octet-stream",
        spec=pack.crc32c,
    )


def _block_bytes(order: ExtractionInputs) -> int:
    """Large blocks where most of the file is read, small ones for sparse seeks."""
    gop_s = order.media_info.video.keyframe_interval_s
    sparse = gop_s is not None and order.options.every >= 2 * gop_s
    return 256 << 10 if sparse else 1 << 20
