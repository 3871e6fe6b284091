"""The scenes of a video as results: a table of all, and those that a film may show."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from functions.emotion_scoring.merge import ScoredParts
from functions.emotion_scoring.scenes.collector import FrameSample, Scene, SceneCollector
from functions.emotion_scoring.scenes.search import locate_cuts
from functions.emotion_scoring.scenes.selection import find_key_frame, select_scenes
from shared.entrypoints.stage import UnitContext
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.pipeline import FUNCTIONS
from shared.recipes.emotions.results import SceneFrame
from shared.recipes.frames.options import FrameOptions
from shared.recipes.stored_object import Artifact
from shared.recipes.upload_results import Uploads
from shared.runtime.results_writer import ResultsWriter

TABLE = "scenes.csv"
_COLUMNS = ("number", "begin_s", "end_s", "length_s", "frame")


@dataclass(frozen=True, slots=True)
class SceneResults:
    """The scenes for films, the number of all scenes, the table, and warnings for the user."""

    frames: tuple[SceneFrame, ...] = ()
    count: int = 0
    artifacts: tuple[Artifact, ...] = ()
    warnings: tuple[str, ...] = ()


def write_scenes(
    context: UnitContext,
    results: ResultsWriter,
    parts: ScoredParts,
    collector: SceneCollector,
    options: FrameOptions,
) -> SceneResults:
    """Finds the scenes of the collected frames and writes their table."""
    scenes = collector.find(
        _find_end(context, collector, options.every),
        lambda before, frame: _measure_change(context, parts, before, frame),
        lambda candidates: locate_cuts(context, candidates),
    )
    table = results.write(TABLE, "table", "text/csv", lambda: _to_csv(scenes))
    dark = ("All pictures of the video are black or almost black.",) if collector.is_dark else ()
    frames = tuple(_to_scene_frame(parts, scene) for scene in select_scenes(scenes))
    return SceneResults(frames, len(scenes), (table,), dark)


def _find_end(context: UnitContext, collector: SceneCollector, every: Fraction) -> Fraction:
    """Returns the end of the last frame: at most that of the video."""
    duration = Uploads.require(context.job.facts).input("video").media_info.duration
    end = collector.last_time + every
    # A frame may be shown at the very end of a video whose duration is estimated.
    return end if duration is None else max(collector.last_time, min(end, duration))


def _measure_change(
    context: UnitContext, parts: ScoredParts, before: FrameSample, frame: FrameSample
) -> float:
    # See part.py.
    from functions.emotion_scoring.scenes.content import ContentMeter

    meter, change = ContentMeter(), None
    with ImageDecoder(Limits.for_function(FUNCTIONS["emotion_scoring"]), context.check) as decoder:
        for sample in (before, frame):
            image = decoder.decode(parts.read_frame_bytes(sample.part, sample.frame))
            change = meter.measure(image).change
    return 0.0 if change is None else change


def _to_scene_frame(parts: ScoredParts, scene: Scene) -> SceneFrame:
    key_frame = find_key_frame(scene)
    return SceneFrame(
        _rounded(key_frame.time),
        parts.locate_frame(key_frame.part, key_frame.frame),
        # Within the scene: a clip does not show the last picture of the scene before.
        ceil(scene.begin * 1000) / 1000,
        floor(scene.end * 1000) / 1000,
        scene.number,
    )


def _to_csv(scenes: Sequence[Scene]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for scene in scenes:
        times = (_rounded(time) for time in (scene.begin, scene.end, scene.length))
        frame = scene.frames[0].frame.name if scene.frames else ""
        writer.writerow((scene.number, *times, frame))
    return text.getvalue().encode()


def _rounded(time: Fraction) -> float:
    return round(float(time), 3)
