"""The join of frame extraction: packs become frames.zip, and what lies beside it is derived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from fractions import Fraction

from functions.frame_extraction.contact_sheet import contact_sheet, sheet_entries
from functions.frame_extraction.part import Order
from functions.frame_extraction.results import frames_csv, manifest, warnings_of
from shared.entrypoints.stage import Task
from shared.jobs.claims import Finished
from shared.jobs.model import Unit
from shared.media.errors import NoFrames
from shared.media.images.frame import BgrImage, decode_image
from shared.pipeline import ZIPS_PREFIX, Bucket
from shared.recipes.frames.pack import PackIndex, central_directory
from shared.recipes.frames.pack_directory import parse_directory
from shared.recipes.results import FramesPart, FramesResult
from shared.recipes.stored_object import Artefact, StoredObject
from shared.runtime.results_writer import ResultsWriter, read_object, write_once


def join_packs(task: Task) -> Finished:
    """Compose the packs and one central directory into a ZIP; write manifest, table and sheet."""
    order = Order.of(task)
    units = task.part_units()
    packs = [_recorded(unit, "pack") for unit in units]
    indexes = [
        _index(task, pack, _recorded(unit, "directory"))
        for pack, unit in zip(packs, units, strict=True)
    ]
    # Compose refuses nothing empty, but an empty component would only be in the way.
    filled = [(pack, index) for pack, index in zip(packs, indexes, strict=True) if index.entries]
    if not filled:
        raise NoFrames
    parts = [index for _, index in filled]
    said = [one for unit in units for one in FramesPart.from_dict(unit.facts).warnings]
    warnings = tuple(dict.fromkeys([*said, *warnings_of(parts, order.passport, order.options)]))
    key = _key(order, [pack for pack, _ in filled])
    results = ResultsWriter(task.objects, task.job.id, key)
    artefacts = [_zip(task, results, [pack for pack, _ in filled], parts)]
    task.check()
    artefacts += [
        results.write(
            "manifest.json",
            "manifest",
            "application/json",
            manifest(parts, order.passport, order.options, warnings, order.file),
        ),
        results.write("frames.csv", "table", "text/csv", frames_csv(parts, order.passport)),
        results.write("contact_sheet.jpg", "sheet", "image/jpeg", _sheet(task, filled, order)),
    ]
    count = sum(len(index.entries) for index in parts)
    return Finished(tuple(artefacts), facts=FramesResult(count).to_dict(), warnings=warnings)


def _zip(
    task: Task, results: ResultsWriter, packs: list[StoredObject], parts: list[PackIndex]
) -> Artefact:
    key = results.key
    stem = f"{ZIPS_PREFIX}{task.job.id}/{key[:12]}"
    directory = write_once(
        task.objects,
        Bucket.WORK,
        f"{stem}.directory",
        central_directory(parts),
        content_type="application/zip",
        spec=key,
    )
    composed, _ = task.objects.compose(
        Bucket.WORK,
        f"{stem}.zip",
        [*packs, directory],
        content_type="application/zip",
        spec=key,
    )
    return results.copy(composed, "frames.zip", "frames")


def _sheet(task: Task, filled: list[tuple[StoredObject, PackIndex]], order: Order) -> bytes:
    def thumbnails() -> Iterator[tuple[Fraction, BgrImage]]:
        readers: dict[int, Callable[[int, int], bytes]] = {}
        for number, entry in sheet_entries([index for _, index in filled]):
            task.check()
            pack = filled[number][0]
            if number not in readers:
                readers[number] = task.objects.read_at(pack.bucket, pack.name, pack.generation)
            data = readers[number](entry.data_offset, entry.size_bytes)
            yield entry.stamp.target, decode_image(data)

    count = sum(len(index.entries) for _, index in filled)
    every = f"one every {float(order.options.every):g} s"
    frames = "1 frame" if count == 1 else f"{count} frames, {every}"
    return contact_sheet(thumbnails(), title=task.job.title, subtitle=frames)


def _index(task: Task, pack: StoredObject, directory: StoredObject) -> PackIndex:
    return parse_directory(read_object(task.objects, directory), pack.size_bytes)


def _recorded(unit: Unit, name: str) -> StoredObject:
    """An object as its unit recorded it."""
    return next(one for one in unit.artefacts if one.name == name).stored


def _key(order: Order, packs: list[StoredObject]) -> str:
    """Hash of what the results are made of: the very packs that are joined."""
    content = "\n".join([order.spec, *(f"{one.name} {one.generation}" for one in packs)])
    return hashlib.sha256(content.encode()).hexdigest()
