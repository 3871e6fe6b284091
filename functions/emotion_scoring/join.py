"""The join of emotion scoring: all parts become one timeline, and what people take away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

from functions.emotion_scoring.merge import Parts
from functions.emotion_scoring.results.chart import MOST_PANELS, Legend, colours_of, timeline_chart
from functions.emotion_scoring.results.scenes import Scenes
from functions.emotion_scoring.results.series import Series, mood
from functions.emotion_scoring.results.summary import Peak, Summary
from functions.emotion_scoring.results.thumbnails import thumbnail
from functions.emotion_scoring.results.timeline import Moment, timeline
from functions.emotion_scoring.results.writers import (
    NOTE,
    CsvResult,
    JsonResult,
    Times,
    VttResult,
    thresholds,
)
from functions.emotion_scoring.video.pieces import Annotation, pieces_of
from shared.entrypoints.stage import Task
from shared.jobs.claims import Finished
from shared.media.errors import NoFrames
from shared.ports.objects import Writing
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.emotions.results import EmotionMoment, EmotionsResult, SceneFrame
from shared.recipes.media_info import Passport
from shared.recipes.stored_object import Artefact
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import ResultsWriter

RECIPE_OF_RESULTS = 1
"""Raised when the same scores would give other results, so that older ones are not adopted."""


def join_scores(task: Task) -> Finished:
    """Follow the faces through all parts; write the timeline, its chart and its peaks."""
    options = EmotionOptions.of_job(task.job.options)
    parts = Parts.of(task)
    results = ResultsWriter(task.objects, task.job.id, _key(parts, options))
    every = options.frames.every
    series, summary, scenes = Series(), Summary(parts.classes, every), Scenes()
    artefacts = _timeline(task, results, parts, options, (series, summary, scenes))
    counted = summary.to_dict()
    if not counted["frames"]:
        raise NoFrames
    peaks = summary.peaks()
    chart = timeline_chart(
        series,
        parts.classes,
        peaks,
        Legend(task.job.title, _subtitle(counted, parts, every), NOTE, counted["share"]),
        start=options.frames.start,
        every=every,
    )
    artefacts.append(results.write("timeline.png", "chart", "image/png", chart))
    artefacts += _thumbnails(task, results, parts, peaks)
    film, said = _film(task, results, options)
    artefacts += film
    result = EmotionsResult(
        **counted,
        moments=tuple(
            EmotionMoment(**row, picture=parts.packed_frame(peak.part, peak.frame))
            for row, peak in zip(_told(peaks), peaks, strict=True)
        ),
        mood=mood(series, parts.classes, options.frames.start, every),
        scenes=tuple(
            SceneFrame(round(float(one.time), 3), parts.packed_frame(one.part, one.frame))
            for one in scenes.chosen()
        ),
        models=tuple(parts.models),
        purpose=options.purpose,
        smooth=options.smooth,
        mirror=options.mirror,
        note=NOTE,
    )
    following = task.job.recipe.after("emotion_scoring")
    plan = {} if following is None else {following: ({"deck": "timeline"},)}
    return Finished(
        tuple(artefacts),
        facts=result.to_dict(),
        plan=plan,
        warnings=(*parts.warnings, *said),
    )


class _Taker(Protocol):
    def add(self, moment: Moment) -> None: ...


def _timeline(
    task: Task,
    results: ResultsWriter,
    parts: Parts,
    options: EmotionOptions,
    listeners: tuple[Series, Summary, Scenes],
) -> list[Artefact]:
    """Three files in one pass over the frames, none of which is kept."""
    passport = Uploads.of(task.job.facts).input("video").passport
    times, every = Times(passport.first_pts.seconds), options.frames.every
    files = (
        ("emotions.json", "timeline", "application/json"),
        ("emotions.csv", "table", "text/csv"),
        ("emotions.vtt", "cues", "text/vtt"),
    )
    with ExitStack() as open_files:
        sinks: list[Writing] = [
            open_files.enter_context(results.create(name, content_type))
            for name, _, content_type in files
        ]
        document = JsonResult(sinks[0], _head(task, parts, options, passport), times)
        table, cues = CsvResult(sinks[1], parts.classes, times), VttResult(sinks[2], every)
        takers: tuple[_Taker, ...] = (document, table, cues, *listeners)
        for moment in timeline(parts.frames(), parts.classes, smooth=options.smooth):
            for taker in takers:
                taker.add(moment)
        summary = listeners[1]
        tail = {"summary": summary.to_dict(), "moments": _told(summary.peaks())}
        document.close(tail)
    return [
        sink.stored.artefact(name, kind) for sink, (name, kind, _) in zip(sinks, files, strict=True)
    ]


def _film(
    task: Task, results: ResultsWriter, options: EmotionOptions
) -> tuple[list[Artefact], tuple[str, ...]]:
    """The annotated video if it was asked for, and what a person should know of it."""
    if not options.annotate:
        return [], ()
    annotation = Annotation(task, options)
    if annotation.obstacle is not None:
        return [], (annotation.obstacle,)
    pieces = pieces_of([unit.artefacts for unit in task.part_units()])
    with results.create("annotated.mp4", "video/mp4") as film:
        annotation.film(pieces, film)
    return [film.stored.artefact("annotated.mp4", "annotated")], annotation.warnings


def _head(task: Task, parts: Parts, options: EmotionOptions, passport: Passport) -> dict[str, Any]:
    """What emotions.json says before its frames."""
    return {
        "title": task.job.title,
        "consent": True,
        "purpose": options.purpose,
        "file": Uploads.of(task.job.facts).input("video").file,
        "source": passport.to_dict(),
        "options": options.to_dict(),
        "classes": list(parts.classes),
        "models": parts.models,
        "thresholds": thresholds(smooth=options.smooth),
        "warnings": list(dict.fromkeys([*passport.warnings, *parts.warnings])),
    }


def _told(peaks: Iterable[Peak]) -> list[dict[str, Any]]:
    """Strongest moments as results tell them, each with the name of its picture."""
    return [
        {**peak.to_dict(), "thumbnail": _thumbnail_name(n, peak)} for n, peak in enumerate(peaks)
    ]


def _thumbnails(
    task: Task, results: ResultsWriter, parts: Parts, peaks: Iterable[Peak]
) -> list[Artefact]:
    colours = colours_of(parts.classes)
    made = []
    for n, peak in enumerate(peaks):
        task.check()
        data = thumbnail(parts.picture(peak.part, peak.frame), peak.box, colours[peak.emotion])
        made.append(results.write(_thumbnail_name(n, peak), "moment", "image/jpeg", data))
    return made


def _thumbnail_name(number: int, peak: Peak) -> str:
    return f"moment_{number + 1}_{peak.emotion}.jpg"


def _subtitle(counted: dict[str, Any], parts: Parts, every: Fraction) -> str:
    frames, faces = counted["frames"], counted["faces"]
    shown = f" (the {MOST_PANELS} seen longest are shown)" if faces > MOST_PANELS else ""
    said = [
        "1 frame" if frames == 1 else f"{frames} frames, one every {float(every):g} s",
        f"{faces} face{'' if faces == 1 else 's'}{shown}",
        " and ".join(dict.fromkeys(one["classifier"]["name"] for one in parts.models)),
    ]
    return " · ".join(said)


def _key(parts: Parts, options: EmotionOptions) -> str:
    """Hash of what the results are made of: the very scores that are joined."""
    content = [
        RECIPE_OF_RESULTS,
        options.to_dict(),
        [list(one.version) for one in parts.scores],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
