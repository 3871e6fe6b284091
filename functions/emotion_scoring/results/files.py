"""Writes the three files of the timeline in one pass over its moments."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, Protocol

from functions.emotion_scoring.merge import ScoredParts
from functions.emotion_scoring.results.moments import peak_rows
from functions.emotion_scoring.results.summary import Summary
from functions.emotion_scoring.results.timeline import Moment
from functions.emotion_scoring.results.writers import (
    CsvWriter,
    FrameTimes,
    JsonWriter,
    VttWriter,
    describe_thresholds,
)
from shared.entrypoints.stage import UnitContext
from shared.ports.objects import ObjectWriter
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import Artifact, ResultKind
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import ResultsWriter

_FILES: tuple[tuple[str, ResultKind, str], ...] = (
    ("emotions.json", "timeline", "application/json"),
    ("emotions.csv", "table", "text/csv"),
    ("emotions.vtt", "cues", "text/vtt"),
)


class MomentConsumer(Protocol):
    def add(self, moment: Moment) -> None: ...


def write_timeline_files(
    context: UnitContext,
    results: ResultsWriter,
    parts: ScoredParts,
    options: EmotionOptions,
    moments: Iterable[Moment],
    summary: Summary,
    collectors: Iterable[MomentConsumer],
) -> list[Artifact]:
    """Writes the files. Adds each moment to `summary` and to the collectors."""
    media_info = Uploads.require(context.job.facts).input("video").media_info
    times, every = FrameTimes(media_info.first_pts.seconds), options.frames.every
    with ExitStack() as open_files:
        sinks: list[ObjectWriter] = [
            open_files.enter_context(results.create(name, content_type))
            for name, _, content_type in _FILES
        ]
        document = JsonWriter(sinks[0], _header(context, parts, options, media_info), times)
        table, cues = CsvWriter(sinks[1], parts.classes, times), VttWriter(sinks[2], every)
        consumers: tuple[MomentConsumer, ...] = (document, table, cues, summary, *collectors)
        for moment in moments:
            for consumer in consumers:
                consumer.add(moment)
        # The warnings are known only after all faces.
        warnings = [*media_info.warnings, *parts.warnings, *summary.warnings()]
        footer = {
            "summary": summary.to_dict(),
            "moments": peak_rows(summary.select_peaks()),
            "warnings": list(dict.fromkeys(warnings)),
        }
        document.close(footer)
    return [
        sink.stored_object.to_artifact(name, kind)
        for sink, (name, kind, _) in zip(sinks, _FILES, strict=True)
    ]


def _header(
    context: UnitContext, parts: ScoredParts, options: EmotionOptions, media_info: MediaInfo
) -> dict[str, Any]:
    """Returns the fields of emotions.json that precede its frames."""
    return {
        "title": context.job.title,
        "consent": True,
        "purpose": options.purpose,
        "file": Uploads.require(context.job.facts).input("video").file_info,
        "source": media_info.to_dict(),
        "options": options.to_dict(),
        "classes": list(parts.classes),
        "models": parts.models,
        "thresholds": describe_thresholds(smooth=options.smooth),
    }
