"""The join of emotion scoring: merges all parts into one timeline and writes the result files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

from functions.emotion_scoring.join_record import find_join, record_join, with_plan
from functions.emotion_scoring.merge import ScoredParts
from functions.emotion_scoring.results.chart import (
    MAX_PANELS,
    Legend,
    render_timeline_chart,
)
from functions.emotion_scoring.results.colours import assign_colours
from functions.emotion_scoring.results.moments import find_tracks, peak_rows, thumbnail_name
from functions.emotion_scoring.results.scenes import SceneSampler
from functions.emotion_scoring.results.series import Series, compute_mood
from functions.emotion_scoring.results.spoken import find_transcript, read_find_words
from functions.emotion_scoring.results.summary import Peak, Summary
from functions.emotion_scoring.results.thumbnails import render_thumbnail
from functions.emotion_scoring.results.timeline import Moment, build_timeline
from functions.emotion_scoring.results.writers import (
    NOTE,
    CsvWriter,
    FrameTimes,
    JsonWriter,
    VttWriter,
    describe_thresholds,
)
from functions.emotion_scoring.video.pieces import AnnotatedVideo, find_pieces
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.media.errors import NoFrames
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.pipeline import FUNCTIONS
from shared.ports.objects import ObjectWriter
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.emotions.results import (
    EmotionMoment,
    EmotionsResult,
    FacePosition,
    SceneFrame,
)
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import Artifact, ResultKind, StoredObject
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import ResultsWriter
from shared.typography.faces import describe_replacements, title_style

RESULTS_VERSION = 2
"""Increase when the same scores give other results, so that older ones are not adopted."""


def join_scores(context: UnitContext) -> UnitDone:
    """Tracks the faces through all parts; writes the timeline, its chart and its peaks.

    Raises:
        PartsDisagree: the parts do not belong together.
        NoFrames: there is no frame in any part.
    """
    options = EmotionOptions.from_job(context.job.options)
    parts = ScoredParts.load(context)
    key = _key([*parts.scores, *find_transcript(context)], options)
    done = find_join(context, key)
    if done is None:
        done = record_join(context, key, _write_results(context, key, parts, options))
    return with_plan(context, done)


def _write_results(
    context: UnitContext, key: str, parts: ScoredParts, options: EmotionOptions
) -> UnitDone:
    """Writes all results; those of an earlier attempt are adopted. Returns the outcome without its
    plan. Raises NoFrames."""
    results = ResultsWriter(context.objects, context.job.id, key)
    every = options.frames.every
    series, summary, scenes = Series(), Summary(parts.classes, every), SceneSampler()
    artifacts = _write_timeline(context, results, parts, options, (series, summary, scenes))
    totals = summary.to_dict()
    if not totals["frames"]:
        raise NoFrames
    peaks = summary.select_peaks()

    def render_chart() -> bytes:
        return render_timeline_chart(
            series,
            parts.classes,
            peaks,
            Legend(context.job.title, _subtitle(totals, parts, every), NOTE, totals["share"]),
            start=options.frames.start,
            every=every,
        )

    artifacts.append(results.write("timeline.png", "chart", "image/png", render_chart))
    artifacts += _write_thumbnails(context, results, parts, peaks)
    film, film_warnings = _write_film(context, results, options)
    artifacts += film
    tracks: list[tuple[FacePosition, ...]] = [() for _ in peaks]
    if "stitching" in context.job.recipe.stages:
        # A clip keeps the face of its moment in the picture.
        timeline = build_timeline(parts.read_frames(), parts.classes, smooth=options.smooth)
        tracks = find_tracks(timeline, peaks)
    result = EmotionsResult(
        **totals,
        moments=tuple(
            EmotionMoment(**row, picture=parts.locate_frame(peak.part, peak.frame), track=track)
            for row, peak, track in zip(peak_rows(peaks), peaks, tracks, strict=True)
        ),
        mood=compute_mood(series, parts.classes, options.frames.start, every),
        scenes=tuple(
            SceneFrame(round(float(scene.time), 3), parts.locate_frame(scene.part, scene.frame))
            for scene in scenes.select()
        ),
        models=tuple(parts.models),
        purpose=options.purpose,
        smooth=options.smooth,
        mirror=options.mirror,
        note=NOTE,
    )
    return UnitDone(
        tuple(artifacts),
        facts=result.to_dict(),
        warnings=(
            *parts.warnings,
            *summary.warnings(),
            *film_warnings,
            *describe_replacements([context.job.title], title_style(context.job.title)),
        ),
    )


class _MomentConsumer(Protocol):
    def add(self, moment: Moment) -> None: ...


def _write_timeline(
    context: UnitContext,
    results: ResultsWriter,
    parts: ScoredParts,
    options: EmotionOptions,
    collectors: tuple[Series, Summary, SceneSampler],
) -> list[Artifact]:
    """Writes the three timeline files and fills the collectors in one pass over the frames."""
    media_info = Uploads.require(context.job.facts).input("video").media_info
    times, every = FrameTimes(media_info.first_pts.seconds), options.frames.every
    files: tuple[tuple[str, ResultKind, str], ...] = (
        ("emotions.json", "timeline", "application/json"),
        ("emotions.csv", "table", "text/csv"),
        ("emotions.vtt", "cues", "text/vtt"),
    )
    with ExitStack() as open_files:
        sinks: list[ObjectWriter] = [
            open_files.enter_context(results.create(name, content_type))
            for name, _, content_type in files
        ]
        words = read_find_words(context, every)
        document = JsonWriter(sinks[0], _header(context, parts, options, media_info), times, words)
        table = CsvWriter(sinks[1], parts.classes, times, words)
        cues = VttWriter(sinks[2], every, words)
        consumers: tuple[_MomentConsumer, ...] = (document, table, cues, *collectors)
        for moment in build_timeline(parts.read_frames(), parts.classes, smooth=options.smooth):
            for consumer in consumers:
                consumer.add(moment)
        summary = collectors[1]
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
        for sink, (name, kind, _) in zip(sinks, files, strict=True)
    ]


def _write_film(
    context: UnitContext, results: ResultsWriter, options: EmotionOptions
) -> tuple[list[Artifact], tuple[str, ...]]:
    """Writes the annotated video if requested. Returns its artifact and warnings for the user."""
    if not options.annotate:
        return [], ()
    annotation = AnnotatedVideo(context, options)
    if annotation.obstacle is not None:
        return [], (annotation.obstacle,)
    existing = results.find("annotated.mp4", "annotated")
    if existing is not None:
        return [existing], annotation.warnings
    pieces = find_pieces([unit.artifacts for unit in context.part_units()])
    with results.create("annotated.mp4", "video/mp4") as film:
        annotation.write_film(pieces, film)
    return [film.stored_object.to_artifact("annotated.mp4", "annotated")], annotation.warnings


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


def _write_thumbnails(
    context: UnitContext, results: ResultsWriter, parts: ScoredParts, peaks: Iterable[Peak]
) -> list[Artifact]:
    colours = assign_colours(parts.classes)
    artifacts = []
    limits = Limits.for_function(FUNCTIONS["emotion_scoring"])
    with ImageDecoder(limits, context.check) as decoder:
        for n, peak in enumerate(peaks):
            context.check()

            def render(peak: Peak = peak) -> bytes:
                image = decoder.decode(parts.read_frame_bytes(peak.part, peak.frame))
                return render_thumbnail(image, peak.box, colours[peak.emotion])

            name = thumbnail_name(n, peak)
            artifacts.append(results.write(name, "moment", "image/jpeg", render))
    return artifacts


def _subtitle(totals: dict[str, Any], parts: ScoredParts, every: Fraction) -> str:
    frames, faces = totals["frames"], totals["faces"]
    limit = f" (the {MAX_PANELS} seen longest are shown)" if faces > MAX_PANELS else ""
    facts = [
        "1 frame" if frames == 1 else f"{frames} frames, one every {float(every):g} s",
        f"{faces} face{'' if faces == 1 else 's'}{limit}",
        " and ".join(dict.fromkeys(models["classifier"]["name"] for models in parts.models)),
    ]
    return " · ".join(facts)


def _key(inputs: Sequence[StoredObject], options: EmotionOptions) -> str:
    """Returns the hash of the inputs of the results: the joined scores and the options."""
    content = [RESULTS_VERSION, options.to_dict(), [list(stored.version) for stored in inputs]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
