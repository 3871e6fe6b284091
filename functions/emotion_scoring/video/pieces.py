"""The annotated video on its way: a piece a part, and the film out of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from functions.emotion_scoring.packs import FUNCTION
from functions.emotion_scoring.results.chart import assign_colours
from functions.emotion_scoring.results.timeline import build_timeline
from functions.emotion_scoring.scores import Sink, read_scores
from functions.emotion_scoring.video.annotate import TimeRange, annotate_in_sandbox, find_obstacle
from functions.emotion_scoring.video.film import OpenFile, find_audio_codec, write_film
from functions.emotion_scoring.video.overlay import Overlay
from shared.entrypoints.stage import UnitContext
from shared.flows.documents import stage_path
from shared.jobs.model import Stage
from shared.media.containers.range_file import RangeFile
from shared.media.errors import WorkStopped
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, run_in_sandbox
from shared.pipeline import FUNCTIONS, Bucket, find_producer
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.frames.windows import Window
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import Uploads

PIECE = "piece"
PIECES_VERSION = 1
"""Raised when the same scores would give other pictures, so that older ones are not adopted."""
_BLOCK_BYTES = 1 << 20


class AnnotatedVideo:
    """What a job's annotated video is made of: the same for all of its parts."""

    def __init__(self, context: UnitContext, options: EmotionOptions) -> None:
        self._task = context
        self._options = options
        video = Uploads.require(context.job.facts).input("video")
        self._video, self.media_info = video.stored_object, video.media_info
        self.time_ranges = _stretches(context, options)

    @property
    def obstacle(self) -> str | None:
        """Why there is none, as a sentence."""
        known = self.media_info.duration
        borders = [Fraction(0), *(one.begin for one in self.time_ranges if one.begin is not None)]
        last = [] if known is None else [known]
        lengths = [later - earlier for earlier, later in pairwise([*borders, *last])]
        return find_obstacle(self.media_info, None if known is None else max(lengths))

    def write_piece(self, scores: StoredObject) -> Artifact:
        """The part's piece, written once, with what its own scores say."""
        task, number = self._task, self._task.stage.part_ids.index(self._task.part)
        stretch, every = self.time_ranges[number], self._options.frames.every
        spec = self._spec(scores, stretch)
        name = f"{scores.name.partition('.')[0]}.{spec[:12]}.nut"
        there = task.objects.stat(Bucket.WORK, name)
        if there is not None and there.spec == spec:
            return there.to_artifact(PIECE, PIECE)
        head, frames = read_scores(_opened(task, scores))
        told = build_timeline(
            ((number, one) for one in frames), head.classes, smooth=self._options.smooth
        )
        overlay, colours = Overlay(tuple(told), every), assign_colours(head.classes)
        with task.objects.create(
            Bucket.WORK, name, content_type="application/octet-stream", spec=spec
        ) as piece:
            try:
                worked = run_in_sandbox(
                    annotate_in_sandbox,
                    self.media_info,
                    stretch,
                    overlay,
                    colours,
                    source=self._reading(),
                    limits=Limits.for_function(FUNCTIONS[FUNCTION]),
                    sink=piece,
                    should_stop=task.should_stop,
                    label=task.job.id,
                )
            except WorkStopped:
                task.check()
                raise
        task.log("piece.annotated", pictures=int(worked.value), cpu_s=worked.usage.cpu_s)
        return piece.stored_object.to_artifact(PIECE, PIECE)

    def write_film(self, pieces: Sequence[Artifact], sink: Sink) -> None:
        """All pieces and the sound of the source as one MP4."""
        task = self._task
        files: list[OpenFile] = [
            lambda one=one: _opened(task, one.stored_object)  # type: ignore[misc]
            for one in pieces
        ]
        source = None if find_audio_codec(self.media_info) is None else self._source
        write_film(files, source, self.media_info, sink, task.check)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about the film."""
        if self.media_info.audio_codecs and find_audio_codec(self.media_info) is None:
            codec = self.media_info.audio_codecs[0]
            return (f"The annotated video is silent: an MP4 cannot carry sound in {codec}.",)
        return ()

    def _source(self) -> RangeFile:
        source = self._reading()
        return RangeFile(source.read_at, source.size_bytes, block_bytes=source.block_bytes)

    def _reading(self) -> Source:
        video = self._video
        read_at = self._task.objects.range_reader(Bucket.UPLOADS, *video.version)
        return Source(read_at, video.size_bytes, _BLOCK_BYTES)

    def _spec(self, scores: StoredObject, stretch: TimeRange) -> str:
        content: list[Any] = [
            PIECES_VERSION,
            [scores.name, scores.generation],
            [str(stretch.begin), str(stretch.end)],
            self._options.smooth,
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def find_pieces(parts: Sequence[tuple[Artifact, ...]]) -> list[Artifact]:
    """The pieces that hold a picture, in order."""
    found = [one for artifacts in parts for one in artifacts if one.kind == PIECE]
    return [one for one in found if one.size_bytes]


def _stretches(context: UnitContext, options: EmotionOptions) -> list[TimeRange]:
    """The windows of the frames, stretched so that together they are the whole video."""
    before = find_producer(FUNCTION)
    assert before is not None, "the table wakes emotion scoring by packs"  # noqa: S101
    (doc,) = context.store.read([stage_path(context.job.id, before, 0)])
    assert doc is not None, "the stage before has a document"  # noqa: S101
    windows = [Window.from_dict(spec) for spec in Stage.from_doc(doc).parts]
    borders = [None, *(options.frames.target(one.k_start) for one in windows[1:]), None]
    return [TimeRange(begin, end) for begin, end in pairwise(borders)]


def _opened(context: UnitContext, one: StoredObject) -> RangeFile:
    read_at = context.objects.range_reader(one.bucket, one.name, one.generation)
    return RangeFile(read_at, one.size_bytes, block_bytes=_BLOCK_BYTES)
