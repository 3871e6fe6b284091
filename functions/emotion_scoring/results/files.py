"""Writes the three files of the timeline in one pass over its moments."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, Protocol

from functions.emotion_scoring.merge import ScoredParts
from functions.emotion_scoring.results.moments import peak_rows
from functions.emotion_scoring.results.spoken import (
    Speech,
    find_sentences,
    rank_sentences,
    sentence_row,
)
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
    speech: Speech | None,
) -> list[Artifact]:
    """Writes the files. Adds each moment to `summary` and to the collectors. `speech` is None
    without a transcript."""
    media_info = Uploads.require(context.job.facts).input("video").media_info
    times, every = FrameTimes(media_info.first_pts.seconds), options.frames.every
    with ExitStack() as open_files:
        sinks: list[ObjectWriter] = [
            open_files.enter_context(results.create(name, content_type))
            for name, _, content_type in _FILES
        ]
        words = None if speech is None else speech.find_words
        document = JsonWriter(sinks[0], _header(context, parts, options, media_info), times, words)
        table = CsvWriter(sinks[1], parts.classes, times, words)
        cues = VttWriter(sinks[2], every, words)
        consumers: tuple[MomentConsumer, ...] = (document, table, cues, summary, *collectors)
        for moment in moments:
            for consumer in consumers:
                consumer.add(moment)
        # The warnings are known only after all faces.
        warnings = [*media_info.warnings, *parts.warnings, *summary.warnings()]
        document.close(
            {**_describe_peaks(summary, speech), "warnings": list(dict.fromkeys(warnings))}
        )
    return [
        sink.stored_object.to_artifact(name, kind)
        for sink, (name, kind, _) in zip(sinks, _FILES, strict=True)
    ]


def _describe_peaks(summary: Summary, speech: Speech | None) -> dict[str, Any]:
    """Returns the summary and the strongest moments, with what is said then."""
    peaks = summary.select_peaks()
    totals, rows = summary.to_dict(), peak_rows(peaks)
    if speech is not None:
        sentences = find_sentences(speech, peaks)
        totals["sentences"] = rank_sentences(peaks, sentences)
        for row, sentence in zip(rows, sentences, strict=True):
            row["sentence"] = sentence_row(sentence)
    return {"summary": totals, "moments": rows}


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
