"""The join of emotion scoring: all parts become one timeline, and what people take away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

from functions.emotion_scoring.merge import ScoredParts
from functions.emotion_scoring.results.chart import (
    MAX_PANELS,
    Legend,
    assign_colours,
    render_timeline_chart,
)
from functions.emotion_scoring.results.scenes import SceneSampler
from functions.emotion_scoring.results.series import Series, compute_mood
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
from shared.jobs.claims import UnitDone
from shared.media.errors import NoFrames
from shared.ports.objects import ObjectWriter
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult, SceneFrame
from shared.recipes.media_info import MediaInfo
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import ResultsWriter

RESULTS_VERSION = 1
"""Raised when the same scores would give other results, so that older ones are not adopted."""


def join_scores(context: UnitContext) -> UnitDone:
    """Follow the faces through all parts; write the timeline, its chart and its peaks."""
    options = EmotionOptions.from_job(context.job.options)
    parts = ScoredParts.of(context)
    results = ResultsWriter(context.objects, context.job.id, _key(parts, options))
    every = options.frames.every
    series, summary, scenes = Series(), Summary(parts.classes, every), SceneSampler()
    artifacts = _timeline(context, results, parts, options, (series, summary, scenes))
    counted = summary.to_dict()
    if not counted["frames"]:
        raise NoFrames
    peaks = summary.select_peaks()
    chart = render_timeline_chart(
        series,
        parts.classes,
        peaks,
        Legend(context.job.title, _subtitle(counted, parts, every), NOTE, counted["share"]),
        start=options.frames.start,
        every=every,
    )
    artifacts.append(results.write("timeline.png", "chart", "image/png", chart))
    artifacts += _thumbnails(context, results, parts, peaks)
    film, said = _film(context, results, options)
    artifacts += film
    result = EmotionsResult(
        **counted,
        moments=tuple(
            EmotionMoment(**row, picture=parts.locate_frame(peak.part, peak.frame))
            for row, peak in zip(_told(peaks), peaks, strict=True)
        ),
        mood=compute_mood(series, parts.classes, options.frames.start, every),
        scenes=tuple(
            SceneFrame(round(float(one.time), 3), parts.locate_frame(one.part, one.frame))
            for one in scenes.select()
        ),
        models=tuple(parts.models),
        purpose=options.purpose,
        smooth=options.smooth,
        mirror=options.mirror,
        note=NOTE,
    )
    following = context.job.recipe.next_stage("emotion_scoring")
    plan = {} if following is None else {following: ({"deck": "timeline"},)}
    return UnitDone(
        tuple(artifacts),
        facts=result.to_dict(),
        plan=plan,
        warnings=(*parts.warnings, *said),
    )


class _Taker(Protocol):
    def add(self, moment: Moment) -> None: ...


def _timeline(
    context: UnitContext,
    results: ResultsWriter,
    parts: ScoredParts,
    options: EmotionOptions,
    listeners: tuple[Series, Summary, SceneSampler],
) -> list[Artifact]:
    """Three files in one pass over the frames, none of which is kept."""
    media_info = Uploads.require(context.job.facts).input("video").media_info
    times, every = FrameTimes(media_info.first_pts.seconds), options.frames.every
    files = (
        ("emotions.json", "timeline", "application/json"),
        ("emotions.csv", "table", "text/csv"),
        ("emotions.vtt", "cues", "text/vtt"),
    )
    with ExitStack() as open_files:
        sinks: list[ObjectWriter] = [
            open_files.enter_context(results.create(name, content_type))
            for name, _, content_type in files
        ]
        document = JsonWriter(sinks[0], _head(context, parts, options, media_info), times)
        table, cues = CsvWriter(sinks[1], parts.classes, times), VttWriter(sinks[2], every)
        takers: tuple[_Taker, ...] = (document, table, cues, *listeners)
        for moment in build_timeline(parts.read_frames(), parts.classes, smooth=options.smooth):
            for taker in takers:
                taker.add(moment)
        summary = listeners[1]
        tail = {"summary": summary.to_dict(), "moments": _told(summary.select_peaks())}
        document.close(tail)
    return [
        sink.stored_object.to_artifact(name, kind)
        for sink, (name, kind, _) in zip(sinks, files, strict=True)
    ]


def _film(
    context: UnitContext, results: ResultsWriter, options: EmotionOptions
) -> tuple[list[Artifact], tuple[str, ...]]:
    """The annotated video if it was asked for, and what a person should know of it."""
    if not options.annotate:
        return [], ()
    annotation = AnnotatedVideo(context, options)
    if annotation.obstacle is not None:
        return [], (annotation.obstacle,)
    pieces = find_pieces([unit.artifacts for unit in context.part_units()])
    with results.create("annotated.mp4", "video/mp4") as film:
        annotation.write_film(pieces, film)
    return [film.stored_object.to_artifact("annotated.mp4", "annotated")], annotation.warnings


def _head(
    context: UnitContext, parts: ScoredParts, options: EmotionOptions, media_info: MediaInfo
) -> dict[str, Any]:
    """What emotions.json says before its frames."""
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
        "warnings": list(dict.fromkeys([*media_info.warnings, *parts.warnings])),
    }


def _told(peaks: Iterable[Peak]) -> list[dict[str, Any]]:
    """Strongest moments as results tell them, each with the name of its picture."""
    return [
        {**peak.to_dict(), "thumbnail": _thumbnail_name(n, peak)} for n, peak in enumerate(peaks)
    ]


def _thumbnails(
    context: UnitContext, results: ResultsWriter, parts: ScoredParts, peaks: Iterable[Peak]
) -> list[Artifact]:
    colours = assign_colours(parts.classes)
    made = []
    for n, peak in enumerate(peaks):
        context.check()
        data = render_thumbnail(
            parts.read_picture(peak.part, peak.frame), peak.box, colours[peak.emotion]
        )
        made.append(results.write(_thumbnail_name(n, peak), "moment", "image/jpeg", data))
    return made


def _thumbnail_name(number: int, peak: Peak) -> str:
    return f"moment_{number + 1}_{peak.emotion}.jpg"


def _subtitle(counted: dict[str, Any], parts: ScoredParts, every: Fraction) -> str:
    frames, faces = counted["frames"], counted["faces"]
    shown = f" (the {MAX_PANELS} seen longest are shown)" if faces > MAX_PANELS else ""
    said = [
        "1 frame" if frames == 1 else f"{frames} frames, one every {float(every):g} s",
        f"{faces} face{'' if faces == 1 else 's'}{shown}",
        " and ".join(dict.fromkeys(one["classifier"]["name"] for one in parts.models)),
    ]
    return " · ".join(said)


def _key(parts: ScoredParts, options: EmotionOptions) -> str:
    """Hash of what the results are made of: the very scores that are joined."""
    content = [
        RESULTS_VERSION,
        options.to_dict(),
        [list(one.version) for one in parts.scores],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
