"""The join of frame extraction: packs become frames.zip, and what lies beside it is derived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from functions.frame_extraction.contact_sheet import contact_sheet, sheet_entries
from functions.frame_extraction.results import frames_csv, manifest, warnings_of
from functions.frame_extraction.window import Order
from shared.domain.directory import parse_directory
from shared.domain.effects import Finished
from shared.domain.job import Artefact, Unit
from shared.domain.pack import PackIndex, central_directory
from shared.domain.pipeline import RESULTS_PREFIX, ZIPS_PREFIX, Bucket
from shared.media.errors import NoFrames
from shared.media.picture import BgrImage, decode_image
from shared.ports import Stored
from shared.stage import Task


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
    said = [one for unit in units for one in unit.facts["warnings"]]
    warnings = tuple(dict.fromkeys([*said, *warnings_of(parts, order.passport, order.options)]))
    key = _key(order, [pack for pack, _ in filled])
    results = _Results(task, key)
    artefacts = [_zip(task, [pack for pack, _ in filled], parts, key)]
    task.check()
    artefacts += [
        results.write(
            "manifest.json",
            "manifest",
            "application/json",
            [manifest(parts, order.passport, order.options, warnings, order.file)],
        ),
        results.write("frames.csv", "table", "text/csv", frames_csv(parts, order.passport)),
        results.write("contact_sheet.jpg", "sheet", "image/jpeg", [_sheet(task, filled, order)]),
    ]
    count = sum(len(index.entries) for index in parts)
    return Finished(tuple(artefacts), facts={"frames": count}, warnings=warnings)


def _zip(task: Task, packs: list[Stored], parts: list[PackIndex], key: str) -> Artefact:
    stem = f"{ZIPS_PREFIX}{task.job.id}/{key[:12]}"
    with task.objects.create(
        Bucket.WORK, f"{stem}.directory", content_type="application/zip", spec=key
    ) as directory:
        directory.write(central_directory(parts))
    composed, _ = task.objects.compose(
        Bucket.WORK,
        f"{stem}.zip",
        [*packs, directory.stored],
        content_type="application/zip",
        spec=key,
    )
    name = f"{RESULTS_PREFIX}{task.job.id}/{key[:12]}/frames.zip"
    result, _ = task.objects.copy(composed, Bucket.OUTPUTS, name, spec=key)
    return result.artefact("frames.zip", "frames")


class _Results:
    """Writes what people take away, each object once."""

    def __init__(self, task: Task, key: str) -> None:
        self._task = task
        self._key = key

    def write(self, name: str, kind: str, content_type: str, lines: Iterable[bytes]) -> Artefact:
        path = f"{RESULTS_PREFIX}{self._task.job.id}/{self._key[:12]}/{name}"
        with self._task.objects.create(
            Bucket.OUTPUTS, path, content_type=content_type, spec=self._key
        ) as result:
            for line in lines:
                result.write(line)
        return result.stored.artefact(name, kind)


def _sheet(task: Task, filled: list[tuple[Stored, PackIndex]], order: Order) -> bytes:
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


def _index(task: Task, pack: Stored, directory: Stored) -> PackIndex:
    read = task.objects.read_at(directory.bucket, directory.name, directory.generation)
    return parse_directory(read(0, directory.size_bytes), pack.size_bytes)


def _recorded(unit: Unit, name: str) -> Stored:
    """An object as its unit recorded it."""
    one = next(one for one in unit.artefacts if one.name == name)
    return Stored(
        bucket=Bucket(one.bucket),
        name=one.object,
        generation=one.generation,
        size_bytes=one.size_bytes,
        content_type=one.content_type,
        crc32c="",
        spec="",
    )


def _key(order: Order, packs: list[Stored]) -> str:
    """Hash of what the results are made of: the very packs that are joined."""
    content = "\n".join([order.spec, *(f"{one.name} {one.generation}" for one in packs)])
    return hashlib.sha256(content.encode()).hexdigest()
