"""A part of frame extraction: one window of the video becomes one pack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from functions.frame_extraction.extract import Extracted, extract_inside, read_extracted
from functions.frame_extraction.targets import TimestampsOutOfOrder
from shared.entrypoints.stage import Task
from shared.flows.envelope import pack_name
from shared.jobs.claims import Finished
from shared.media.containers.range_file import RangeFile
from shared.media.errors import Stopped
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, confined
from shared.pipeline import PACKS_PREFIX, PARTS_PREFIX, STAGES, Bucket, feeds
from shared.recipes.emotions.options import frames_part
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack import PackIndex, scan_pack
from shared.recipes.frames.pack_directory import dump_directory
from shared.recipes.frames.windows import Window
from shared.recipes.media_info import Passport
from shared.recipes.results import FramesPart
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import write_once

RECIPE_OF_PACKS = 2
"""Raised when the same inputs would give other packs, so that older ones are not adopted."""


@dataclass(frozen=True)
class Order:
    """What a job asks of this stage: the same for all of its windows."""

    source: StoredObject
    passport: Passport
    options: FrameOptions
    file: Mapping[str, Any]
    """Which file it is, as results name it."""
    spec: str
    """Hash of all that determines the packs' content."""

    @classmethod
    def of(cls, task: Task) -> Order:
        """Read the order out of the job."""
        video = Uploads.of(task.job.facts).input("video")
        options = frames_part(task.job.options)
        windows = [dict(spec) for spec in task.stage.parts]
        content = [
            RECIPE_OF_PACKS,
            video.stored.generation,
            video.stored.crc32c,
            options.to_dict(),
            windows,
        ]
        return cls(
            source=video.stored,
            passport=video.passport,
            options=options,
            file=video.file,
            spec=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        )


def extract(task: Task) -> Finished:
    """Read the window by Range, write its pack once, and its directory beside it."""
    order = Order.of(task)
    try:
        extracted, pack, adopted = _write(task, order)
    except Stopped:
        task.check()
        raise
    index = _index_of(task, pack) if adopted else extracted.index
    directory = _write_directory(task, pack, index)
    return Finished(
        artefacts=(pack.artefact("pack", "pack"), directory.artefact("directory", "directory")),
        facts=FramesPart(len(index.entries), extracted.warnings).to_dict(),
        warnings=extracted.warnings,
        adopted=adopted,
    )


def _write(task: Task, order: Order) -> tuple[Extracted, StoredObject, bool]:
    # A pack under PACKS_PREFIX wakes the next stage, so only recipes that have one write there.
    woken = feeds("frame_extraction", task.job.recipe)
    prefix = PACKS_PREFIX if woken is not None else PARTS_PREFIX
    name = pack_name(prefix, task.job.id, order.spec, task.part)
    window = Window.from_dict(task.spec)
    expected = _expected(window, order)
    read_at = task.objects.read_at(Bucket.UPLOADS, *order.source.version)
    source = Source(read_at, order.source.size_bytes, _block_bytes(order))

    def heard(frames: int) -> None:
        task.progress(frames / expected)

    def attempt(careful: bool) -> tuple[Extracted, StoredObject, bool]:
        with task.objects.create(
            Bucket.WORK, name, content_type="application/zip", spec=order.spec
        ) as pack:
            worked = confined(
                extract_inside,
                window,
                order.options,
                order.passport,
                careful,
                source=source,
                limits=Limits.of(STAGES["frame_extraction"]),
                sink=pack,
                heard=heard,
                should_stop=task.should_stop,
                label=task.job.id,
            )
            extracted = read_extracted(worked.value)
        task.log(
            "window.extracted",
            frames=len(extracted.index.entries),
            fetched_bytes=worked.fetched_bytes,
            cpu_s=round(worked.usage.cpu_s, 2),
            peak_mb=round(worked.usage.peak_mb),
        )
        return extracted, pack.stored, pack.adopted

    try:
        return attempt(careful=False)
    except TimestampsOutOfOrder:
        # The file's time stamps are not what its first packets promised.
        return attempt(careful=True)


def _expected(window: Window, order: Order) -> int:
    """How many frames the window will give, as far as the file's length is known."""
    end = window.k_end
    if end is None and order.passport.duration is not None:
        span = order.passport.duration - order.options.start
        end = ceil(span / order.options.every)
    return max(1, (end if end is not None else window.k_limit) - window.k_start)


def _index_of(task: Task, pack: StoredObject) -> PackIndex:
    """The index of a pack that an earlier attempt wrote: what is derived is derived from IT."""
    read_at = task.objects.read_at(pack.bucket, pack.name, pack.generation)
    return scan_pack(RangeFile(read_at, pack.size_bytes, block_bytes=64 << 10, read_ahead=1))


def _write_directory(task: Task, pack: StoredObject, index: PackIndex) -> StoredObject:
    name = f"{PARTS_PREFIX}{task.job.id}/{pack.spec[:12]}/{task.part}.{pack.generation}.directory"
    return write_once(
        task.objects,
        Bucket.WORK,
        name,
        dump_directory(index),
        content_type="application/octet-stream",
        spec=pack.crc32c,
    )


def _block_bytes(order: Order) -> int:
    """Large blocks where most of the file is read, small ones for sparse seeks."""
    gop_s = order.passport.video.keyframe_interval_s
    sparse = gop_s is not None and order.options.every >= 2 * gop_s
    return 256 << 10 if sparse else 1 << 20
