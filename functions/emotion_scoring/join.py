"""The join of emotion scoring: merges all parts into one timeline and writes the result files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from functions.emotion_scoring.join_record import find_join, record_join, with_plan
from functions.emotion_scoring.merge import ScoredParts
from functions.emotion_scoring.results.chart import MAX_PANELS, render_timeline_chart
from functions.emotion_scoring.results.chart_text import Legend, describe_chart_replacements
from functions.emotion_scoring.results.colours import assign_colours
from functions.emotion_scoring.results.files import write_timeline_files
from functions.emotion_scoring.results.moments import Track, find_tracks, peak_rows, thumbnail_name
from functions.emotion_scoring.results.series import Series, compute_mood
from functions.emotion_scoring.results.spoken import (
    find_sentences,
    find_transcript,
    read_speech,
    to_moment_sentence,
)
from functions.emotion_scoring.results.summary import Peak, Summary
from functions.emotion_scoring.results.thumbnails import render_thumbnail
from functions.emotion_scoring.results.timeline import build_timeline
from functions.emotion_scoring.results.writers import NOTE
from functions.emotion_scoring.scenes.collector import SceneCollector
from functions.emotion_scoring.scenes.results import SceneResults, write_scenes
from functions.emotion_scoring.video.pieces import AnnotatedVideo, find_pieces
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.media.errors import NoFrames
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.pipeline import FUNCTIONS
from shared.recipes.emotions.options import EmotionOptions, parse_frame_options
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult
from shared.recipes.stored_object import Artifact
from shared.runtime.results_writer import ResultsWriter

RESULTS_VERSION = 4
"""Increase when the same scores give other results, so that older ones are not adopted."""


def join_scores(context: UnitContext) -> UnitDone:
    """Tracks the faces through all parts; writes the timeline, its chart and its peaks. For a film
    it also finds the scenes; if the faces are not scored, only the scenes.

    Raises:
        PartsDisagree: the parts do not belong together.
        NoFrames: there is no frame in any part.
    """
    options = EmotionOptions.from_job(context.job.options)
    parts = ScoredParts.load(context)
    key = _key(context, parts, options)
    done = find_join(context, key)
    if done is None:
        results = ResultsWriter(context.objects, context.job.id, key)
        done = (
            _write_scenes_only(context, results, parts)
            if options is None
            else _write_results(context, results, parts, options)
        )
        record_join(context, key, done)
    context.report_progress(1)
    return with_plan(context, done)


def _write_scenes_only(
    context: UnitContext, results: ResultsWriter, parts: ScoredParts
) -> UnitDone:
    """Writes the results of a recap whose faces are not scored. Raises NoFrames."""
    collector = SceneCollector()
    with context.progress_step(0.5):
        for moment in build_timeline(parts.read_frames(), parts.classes):
            collector.add(moment)
    if not collector.frame_count:
        raise NoFrames
    options = parse_frame_options(context.job.options)
    scenes = write_scenes(context, results, parts, collector, options)
    result = EmotionsResult(
        frames=collector.frame_count,
        frames_without_face=0,
        no_face_share=0.0,
        faces=0,
        most_faces_at_once=0,
        scored_s=0.0,
        uncertain_share=0.0,
        share={},
        quality={},
        moments=(),
        mood=(),
        scenes=scenes.frames,
        models=(),
        purpose="",
        smooth=False,
        mirror=False,
        note="",
        is_scored=False,
        scene_count=scenes.count,
    )
    return UnitDone(scenes.artifacts, facts=result.to_dict(), warnings=scenes.warnings)


def _write_results(
    context: UnitContext, results: ResultsWriter, parts: ScoredParts, options: EmotionOptions
) -> UnitDone:
    """Writes all results; those of an earlier attempt are adopted. Returns the outcome without its
    plan. Raises NoFrames."""
    every = options.frames.every
    series, summary, collector = Series(), Summary(parts.classes, every), SceneCollector()
    speech = read_speech(context, every)
    is_film = context.job.recipe.deck_stage is not None
    with context.progress_step(0.3):
        artifacts = write_timeline_files(
            context,
            results,
            parts,
            options,
            build_timeline(parts.read_frames(), parts.classes, smooth=options.smooth),
            summary,
            (series, collector) if is_film else (series,),
            speech,
        )
    totals = summary.to_dict()
    if not totals["frames"]:
        raise NoFrames
    peaks = summary.select_peaks()
    sentences = find_sentences(speech, peaks)

    def render_chart() -> bytes:
        return render_timeline_chart(
            series,
            parts.classes,
            peaks,
            Legend(context.job.title, _subtitle(totals, parts, every), NOTE, totals["share"]),
            start=options.frames.start,
            every=every,
            sentences=None if speech is None else sentences,
        )

    with context.progress_step(0.4):
        artifacts.append(results.write("timeline.png", "chart", "image/png", render_chart))
    with context.progress_step(0.5):
        artifacts += _write_thumbnails(context, results, parts, peaks)
    with context.progress_step(0.8):
        film, film_warnings = _write_film(context, results, options)
    artifacts += film
    tracks: list[tuple[Track, Track]] = [((), ()) for _ in peaks]
    scenes = SceneResults()
    if is_film:
        scenes = write_scenes(context, results, parts, collector, options.frames)
        # A clip keeps the face of its moment in the picture.
        with context.progress_step(1):
            timeline = build_timeline(parts.read_frames(), parts.classes, smooth=options.smooth)
            tracks = find_tracks(timeline, peaks)
    result = EmotionsResult(
        **totals,
        moments=tuple(
            EmotionMoment(
                **row,
                picture=parts.locate_frame(peak.part, peak.frame),
                track=track,
                others=others,
                sentence=to_moment_sentence(sentence),
            )
            for row, peak, (track, others), sentence in zip(
                peak_rows(peaks), peaks, tracks, sentences, strict=True
            )
        ),
        mood=compute_mood(series, parts.classes, options.frames.start, every),
        scenes=scenes.frames,
        models=tuple(parts.models),
        purpose=options.purpose,
        smooth=options.smooth,
        mirror=options.mirror,
        note=NOTE,
        scene_count=scenes.count,
    )
    return UnitDone(
        (*artifacts, *scenes.artifacts),
        facts=result.to_dict(),
        warnings=(
            *parts.warnings,
            *summary.warnings(),
            *film_warnings,
            *scenes.warnings,
            *describe_chart_replacements(context.job.title, sentences),
        ),
    )


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


def _write_thumbnails(
    context: UnitContext, results: ResultsWriter, parts: ScoredParts, peaks: Sequence[Peak]
) -> list[Artifact]:
    colours = assign_colours(parts.classes)
    artifacts = []
    limits = Limits.for_function(FUNCTIONS["emotion_scoring"])
    with ImageDecoder(limits, context.check) as decoder:
        for n, peak in enumerate(peaks):
            context.check()
            context.report_progress(n / len(peaks))

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


def _key(context: UnitContext, parts: ScoredParts, options: EmotionOptions | None) -> str:
    """Returns the hash of the inputs of the results: the joined scores and the options."""
    # Without scored faces only the frames are options.
    used = parse_frame_options(context.job.options) if options is None else options
    content = [
        RESULTS_VERSION,
        used.to_dict(),
        [list(stored.version) for stored in (*parts.scores, *find_transcript(context))],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
