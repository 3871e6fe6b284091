"""The annotated video on its way: a piece a part, and the film out of all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from functions.emotion_scoring.packs import STAGE
from functions.emotion_scoring.results.chart import colours_of
from functions.emotion_scoring.results.timeline import timeline
from functions.emotion_scoring.scores import Sink, read_scores
from functions.emotion_scoring.video.annotate import Stretch, annotate_inside, obstacle
from functions.emotion_scoring.video.film import OpenFile, sound_of, write_film
from functions.emotion_scoring.video.overlay import Overlay
from shared.entrypoints.stage import Task
from shared.flows.documents import stage_path
from shared.jobs.model import StageDoc
from shared.media.containers.range_file import RangeFile
from shared.media.errors import Stopped
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, confined
from shared.pipeline import STAGES, Bucket, woken_by_result_of
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.frames.windows import Window
from shared.recipes.stored_object import Artefact, StoredObject
from shared.recipes.upload_results import Uploads

PIECE = "piece"
RECIPE_OF_PIECES = 1
"""Raised when the same scores would give other pictures, so that older ones are not adopted."""
_BLOCK_BYTES = 1 << 20


class Annotation:
    """What a job's annotated video is made of: the same for all of its parts."""

    def __init__(self, task: Task, options: EmotionOptions) -> None:
        self._task = task
        self._options = options
        video = Uploads.of(task.job.facts).input("video")
        self._video, self.passport = video.stored, video.passport
        self.stretches = _stretches(task, options)

    @property
    def obstacle(self) -> str | None:
        """Why there is none, as a sentence."""
        known = self.passport.duration
        borders = [Fraction(0), *(one.begin for one in self.stretches if one.begin is not None)]
        last = [] if known is None else [known]
        lengths = [later - earlier for earlier, later in pairwise([*borders, *last])]
        return obstacle(self.passport, None if known is None else max(lengths))

    def piece(self, scores: StoredObject) -> Artefact:
        """The part's piece, written once, with what its own scores say."""
        task, number = self._task, self._task.stage.part_ids.index(self._task.part)
        stretch, every = self.stretches[number], self._options.frames.every
        spec = self._spec(scores, stretch)
        name = f"{scores.name.partition('.')[0]}.{spec[:12]}.nut"
        there = task.objects.stat(Bucket.WORK, name)
        if there is not None and there.spec == spec:
            return there.artefact(PIECE, PIECE)
        head, frames = read_scores(_opened(task, scores))
        told = timeline(
            ((number, one) for one in frames), head.classes, smooth=self._options.smooth
        )
        overlay, colours = Overlay(tuple(told), every), colours_of(head.classes)
        with task.objects.create(
            Bucket.WORK, name, content_type="application/octet-stream", spec=spec
        ) as piece:
            try:
                worked = confined(
                    annotate_inside,
                    self.passport,
                    stretch,
                    overlay,
                    colours,
                    source=self._reading(),
                    limits=Limits.of(STAGES[STAGE]),
                    sink=piece,
                    should_stop=task.should_stop,
                    label=task.job.id,
                )
            except Stopped:
                task.check()
                raise
        task.log("piece.annotated", pictures=int(worked.value), cpu_s=worked.usage.cpu_s)
        return piece.stored.artefact(PIECE, PIECE)

    def film(self, pieces: Sequence[Artefact], sink: Sink) -> None:
        """All pieces and the sound of the source as one MP4."""
        task = self._task
        files: list[OpenFile] = [
            lambda one=one: _opened(task, one.stored)  # type: ignore[misc]
            for one in pieces
        ]
        source = None if sound_of(self.passport) is None else self._source
        write_film(files, source, self.passport, sink, task.check)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about the film."""
        if self.passport.audio_codecs and sound_of(self.passport) is None:
            codec = self.passport.audio_codecs[0]
            return (f"The annotated video is silent: an MP4 cannot carry sound in {codec}.",)
        return ()

    def _source(self) -> RangeFile:
        source = self._reading()
        return RangeFile(source.read_at, source.size_bytes, block_bytes=source.block_bytes)

    def _reading(self) -> Source:
        video = self._video
        read_at = self._task.objects.read_at(Bucket.UPLOADS, *video.version)
        return Source(read_at, video.size_bytes, _BLOCK_BYTES)

    def _spec(self, scores: StoredObject, stretch: Stretch) -> str:
        content: list[Any] = [
            RECIPE_OF_PIECES,
            [scores.name, scores.generation],
            [str(stretch.begin), str(stretch.end)],
            self._options.smooth,
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def pieces_of(parts: Sequence[tuple[Artefact, ...]]) -> list[Artefact]:
    """The pieces that hold a picture, in order."""
    found = [one for artefacts in parts for one in artefacts if one.kind == PIECE]
    return [one for one in found if one.size_bytes]


def _stretches(task: Task, options: EmotionOptions) -> list[Stretch]:
    """The windows of the frames, stretched so that together they are the whole video."""
    before = woken_by_result_of(STAGE)
    assert before is not None, "the table wakes emotion scoring by packs"  # noqa: S101
    (doc,) = task.store.read([stage_path(task.job.id, before, 0)])
    assert doc is not None, "the stage before has a document"  # noqa: S101
    windows = [Window.from_dict(spec) for spec in StageDoc.from_doc(doc).parts]
    borders = [None, *(options.frames.target(one.k_start) for one in windows[1:]), None]
    return [Stretch(begin, end) for begin, end in pairwise(borders)]


def _opened(task: Task, one: StoredObject) -> RangeFile:
    read_at = task.objects.read_at(one.bucket, one.name, one.generation)
    return RangeFile(read_at, one.size_bytes, block_bytes=_BLOCK_BYTES)
