"""The join of frame extraction: composes frames.zip from packs, and writes the other results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from fractions import Fraction

from functions.frame_extraction.contact_sheet import render_contact_sheet, select_sheet_entries
from functions.frame_extraction.part import ExtractionInputs
from functions.frame_extraction.results import find_warnings, render_frames_csv, render_manifest
from shared.entrypoints.stage import UnitContext
from shared.jobs.stage import Unit
from shared.jobs.units.outcomes import UnitDone
from shared.media.errors import NoFrames
from shared.media.images.frame import BgrImage
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.pipeline import FUNCTIONS, ZIPS_PREFIX, Bucket
from shared.recipes.frames.pack import PackIndex
from shared.recipes.frames.pack_directory import central_directory, parse_directory
from shared.recipes.results import FramesPart, FramesResult
from shared.recipes.stored_object import Artifact, StoredObject
from shared.runtime.results_writer import ResultsWriter, read_object, write_once
from shared.typography.faces import describe_replacements, title_style


def join_packs(context: UnitContext) -> UnitDone:
    """Composes the packs and a central directory into a ZIP; writes manifest, table and sheet.
    Raises NoFrames when all packs are empty."""
    inputs = ExtractionInputs.of(context)
    units = context.part_units()
    packs = [_artifact_object(unit, "pack") for unit in units]
    indexes: list[PackIndex] = []
    with context.progress_step(0.3):
        for pack, unit in zip(packs, units, strict=True):
            context.report_progress(len(indexes) / len(packs))
            indexes.append(_read_index(context, pack, _artifact_object(unit, "directory")))
    # Compose accepts empty packs, but they add nothing to the ZIP.
    filled = [(pack, index) for pack, index in zip(packs, indexes, strict=True) if index.entries]
    if not filled:
        raise NoFrames
    parts = [index for _, index in filled]
    part_warnings = [
        warning for unit in units for warning in FramesPart.from_dict(unit.facts).warnings
    ]
    warnings = tuple(
        dict.fromkeys(
            [
                *part_warnings,
                *find_warnings(parts, inputs.media_info, inputs.options),
                *describe_replacements([context.job.title], title_style(context.job.title)),
            ]
        )
    )
    key = _results_key(inputs, [pack for pack, _ in filled])
    results = ResultsWriter(context.objects, context.job.id, key)
    with context.progress_step(0.5):
        artifacts = [_write_zip(context, results, [pack for pack, _ in filled], parts)]
    context.check()
    with context.progress_step(0.7):
        artifacts += [
            results.write(
                "manifest.json",
                "manifest",
                "application/json",
                lambda: render_manifest(
                    parts, inputs.media_info, inputs.options, warnings, inputs.file
                ),
            ),
            results.write(
                "frames.csv",
                "table",
                "text/csv",
                lambda: render_frames_csv(parts, inputs.media_info),
            ),
        ]
    with context.progress_step(1):
        artifacts.append(
            results.write(
                "contact_sheet.jpg",
                "sheet",
                "image/jpeg",
                lambda: _render_sheet(context, filled, inputs),
            )
        )
    count = sum(len(index.entries) for index in parts)
    return UnitDone(tuple(artifacts), facts=FramesResult(count).to_dict(), warnings=warnings)


def _write_zip(
    context: UnitContext, results: ResultsWriter, packs: list[StoredObject], parts: list[PackIndex]
) -> Artifact:
    key = results.key
    stem = f"{ZIPS_PREFIX}{context.job.id}/{key[:12]}"
    directory = write_once(
        context.objects,
        Bucket.WORK,
        f"{stem}.directory",
        central_directory(parts),
        content_type="application/zip",
        spec=key,
    )
    composed, _ = context.objects.compose(
        Bucket.WORK,
        f"{stem}.zip",
        [*packs, directory],
        content_type="application/zip",
        spec=key,
    )
    return results.copy(composed, "frames.zip", "frames")


def _render_sheet(
    context: UnitContext, filled: list[tuple[StoredObject, PackIndex]], inputs: ExtractionInputs
) -> bytes:
    def thumbnails(decoder: ImageDecoder) -> Iterator[tuple[Fraction, BgrImage]]:
        readers: dict[int, Callable[[int, int], bytes]] = {}
        entries = list(select_sheet_entries([index for _, index in filled]))
        for done, (number, entry) in enumerate(entries):
            context.check()
            context.report_progress(done / len(entries))
            pack = filled[number][0]
            if number not in readers:
                readers[number] = context.objects.range_reader(
                    pack.bucket, pack.name, pack.generation
                )
            data = readers[number](entry.data_offset, entry.size_bytes)
            yield entry.stamp.target, decoder.decode(data)

    count = sum(len(index.entries) for _, index in filled)
    interval = f"one every {float(inputs.options.every):g} s"
    subtitle = "1 frame" if count == 1 else f"{count} frames, {interval}"
    limits = Limits.for_function(FUNCTIONS["frame_extraction"])
    with ImageDecoder(limits, context.check) as decoder:
        frames = thumbnails(decoder)
        return render_contact_sheet(frames, title=context.job.title, subtitle=subtitle)


def _read_index(context: UnitContext, pack: StoredObject, directory: StoredObject) -> PackIndex:
    return parse_directory(read_object(context.objects, directory), pack.size_bytes)


def _artifact_object(unit: Unit, name: str) -> StoredObject:
    """Returns the object of a unit's artifact."""
    return next(artifact for artifact in unit.artifacts if artifact.name == name).stored_object


def _results_key(inputs: ExtractionInputs, packs: list[StoredObject]) -> str:
    """Returns a hash of the inputs and of the generations of the packs that are joined."""
    content = "\n".join([inputs.spec, *(f"{pack.name} {pack.generation}" for pack in packs)])
    return hashlib.sha256(content.encode()).hexdigest()
