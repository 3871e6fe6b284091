"""A part of frame extraction: extracts one window of the video into one pack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from functions.frame_extraction.extraction_result import (
    ExtractionResult,
    TimestampsOutOfOrder,
    parse_extraction_result,
)
from shared.entrypoints.stage import UnitContext
from shared.flows.envelope import pack_name
from shared.jobs.units.outcomes import UnitDone
from shared.media.containers.range_file import RangeFile
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
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
from shared.runtime.results_writer import find_json, find_object, write_json_once, write_once

PACKS_VERSION = 3
"""Increased when the same inputs give other packs, so that older packs are not adopted."""
_EXTRACT = declare_work("functions.frame_extraction.extract", "extract_in_sandbox")


@dataclass(frozen=True)
class ExtractionInputs:
    """The inputs of this stage, which are the same for all windows of a job."""

    source: StoredObject
    media_info: MediaInfo
    options: FrameOptions
    file: Mapping[str, Any]
    """The description of the uploaded file in results."""
    spec: str
    """Hash of all inputs that determine the packs' content."""

    @classmethod
    def of(cls, context: UnitContext) -> ExtractionInputs:
        """Reads the inputs from the job."""
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
    """Reads the window with range requests; writes its pack and the pack's directory."""
    inputs = ExtractionInputs.of(context)
    # A pack under PACKS_PREFIX triggers the next stage, so only recipes that have one write there.
    consumer = find_consumer("frame_extraction", context.job.recipe)
    prefix = PACKS_PREFIX if consumer is not None else PARTS_PREFIX
    name = pack_name(prefix, context.job.id, inputs.spec, context.part)
    existing = find_object(context.objects, Bucket.WORK, name, inputs.spec)
    if existing is None:
        extracted, pack, adopted = _write_pack(context, inputs, name)
    else:
        pack, adopted = existing, True
    if adopted:
        extracted = ExtractionResult(_scan_index(context, pack), _read_warnings(context, inputs))
    index = extracted.index
    directory = _write_directory(context, inputs, pack, index)
    return UnitDone(
        artifacts=(
            pack.to_artifact("pack", "pack"),
            directory.to_artifact("directory", "directory"),
        ),
        facts=FramesPart(len(index.entries), extracted.warnings).to_dict(),
        warnings=extracted.warnings,
        adopted=adopted,
    )


def _write_pack(
    context: UnitContext, inputs: ExtractionInputs, name: str
) -> tuple[ExtractionResult, StoredObject, bool]:
    window = Window.from_dict(context.spec)
    expected_count = _expected_frame_count(window, inputs)
    read_at = context.objects.range_reader(Bucket.UPLOADS, *inputs.source.version)
    source = Source(read_at, inputs.source.size_bytes, _block_bytes(inputs))

    def report_progress(frame_count: int) -> None:
        context.report_progress(frame_count / expected_count)

    def extract(*, decode_all: bool) -> tuple[ExtractionResult, StoredObject, bool]:
        with context.objects.create(
            Bucket.WORK, name, content_type="application/zip", spec=inputs.spec
        ) as pack:
            result = run_in_sandbox(
                _EXTRACT,
                window,
                inputs.options,
                inputs.media_info,
                decode_all,
                source=source,
                limits=Limits.for_function(FUNCTIONS["frame_extraction"]),
                sink=pack,
                on_progress=report_progress,
                check=context.check,
                label=context.job.id,
            )
            extracted = parse_extraction_result(result.value)
            # Before the pack exists: an attempt that adopts the pack adopts the warnings as well.
            _write_warnings(context, inputs, extracted.warnings)
        context.log(
            "window.extracted",
            frames=len(extracted.index.entries),
            fetched_bytes=result.fetched_bytes,
            cpu_s=round(result.usage.cpu_s, 2),
            peak_mb=round(result.usage.peak_mb),
        )
        return extracted, pack.stored_object, pack.adopted

    try:
        return extract(decode_all=False)
    except TimestampsOutOfOrder:
        # The timestamps are reliable in the file's first packets only.
        return extract(decode_all=True)


def _expected_frame_count(window: Window, inputs: ExtractionInputs) -> int:
    """Returns an estimate of the number of frames, from the file's duration when it is known."""
    k_end = window.k_end
    if k_end is None and inputs.media_info.duration is not None:
        span = inputs.media_info.duration - inputs.options.start
        k_end = ceil(span / inputs.options.every)
    return max(1, (k_end if k_end is not None else window.k_limit) - window.k_start)


def _scan_index(context: UnitContext, pack: StoredObject) -> PackIndex:
    """Reads the index from a pack that an earlier attempt wrote: other objects must describe that
    pack, not the one that was discarded."""
    read_at = context.objects.range_reader(pack.bucket, pack.name, pack.generation)
    return scan_pack(RangeFile(read_at, pack.size_bytes, block_bytes=64 << 10, read_ahead=1))


def _write_warnings(
    context: UnitContext, inputs: ExtractionInputs, warnings: tuple[str, ...]
) -> None:
    if warnings:
        name, data = _object_name(context, inputs, "warnings.json"), {"warnings": list(warnings)}
        write_json_once(context.objects, Bucket.WORK, name, data, spec=inputs.spec)


def _read_warnings(context: UnitContext, inputs: ExtractionInputs) -> tuple[str, ...]:
    """Returns the warnings of the window whose pack was adopted."""
    name = _object_name(context, inputs, "warnings.json")
    data = find_json(context.objects, Bucket.WORK, name, inputs.spec)
    return () if data is None else tuple(data["warnings"])


def _object_name(context: UnitContext, inputs: ExtractionInputs, suffix: str) -> str:
    """Returns the name of an object of this part beside its pack."""
    return f"{PARTS_PREFIX}{context.job.id}/{inputs.spec[:12]}/{context.part}.{suffix}"


def _write_directory(
    context: UnitContext, inputs: ExtractionInputs, pack: StoredObject, index: PackIndex
) -> StoredObject:
    name = _object_name(context, inputs, f"{pack.generation}.directory")
    return write_once(
        context.objects,
        Bucket.WORK,
        name,
        dump_directory(index),
        content_type="application/octet-stream",
        spec=pack.crc32c,
    )


def _block_bytes(inputs: ExtractionInputs) -> int:
    """Returns a large block size when most of the file is read, a small one for sparse seeks."""
    gop_s = inputs.media_info.video.keyframe_interval_s
    is_sparse = gop_s is not None and inputs.options.every >= 2 * gop_s
    return 256 << 10 if is_sparse else 1 << 20
