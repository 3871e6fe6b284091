"""The annotated video of a job: each part writes one piece, the join writes the film."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, pairwise
from typing import Any

from functions.emotion_scoring.packs import FUNCTION
from functions.emotion_scoring.results.colours import assign_colours
from functions.emotion_scoring.results.timeline import build_timeline
from functions.emotion_scoring.scores import Sink, read_scores
from functions.emotion_scoring.video.extent import find_obstacle, long_side
from functions.emotion_scoring.video.label_masks import draw_masks
from functions.emotion_scoring.video.overlay import Overlay
from shared.entrypoints.stage import UnitContext
from shared.flows.documents import stage_path
from shared.jobs.stage import Stage
from shared.media.containers.faststart import MUX_PASSES
from shared.media.containers.range_file import RangeFile
from shared.media.reencoding.extent import TimeRange
from shared.media.reencoding.sound_track import choose_track, describe_choice
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS, Bucket, find_producer
from shared.recipes.emotions.options import EmotionOptions
from shared.recipes.frames.windows import Window
from shared.recipes.stored_object import Artifact, StoredObject
from shared.recipes.upload_results import Uploads

PIECE = "piece"
PIECES_VERSION = 2
"""Increase when the same scores give other pictures, so that older pieces are not adopted."""
_BLOCK_BYTES = 1 << 20
_ANNOTATE = declare_work("functions.emotion_scoring.video.annotate", "annotate_in_sandbox")
_WRITE_FILM = declare_work("shared.media.reencoding.film", "write_film_in_sandbox")


class AnnotatedVideo:
    """The annotated video of a job. Its inputs are the same for all parts."""

    def __init__(self, context: UnitContext, options: EmotionOptions) -> None:
        self._context = context
        self._options = options
        video = Uploads.require(context.job.facts).input("video")
        self._video, self.media_info = video.stored_object, video.media_info
        self.time_ranges = _time_ranges(context, options)

    @property
    def obstacle(self) -> str | None:
        """A message that states why there is no annotated video; None if there is one."""
        duration = self.media_info.duration
        if duration is None:
            return find_obstacle(self.media_info, None)
        begins = [item.begin for item in self.time_ranges if item.begin is not None]
        borders = [Fraction(0), *begins, duration]
        lengths = [end - begin for begin, end in pairwise(borders)]
        return find_obstacle(self.media_info, max(lengths))

    def write_piece(self, scores: StoredObject) -> Artifact:
        """Writes the part's piece once, with labels from the part's own scores."""
        context = self._context
        number = context.stage.part_ids.index(context.part)
        time_range, every = self.time_ranges[number], self._options.frames.every
        spec = self._spec(scores, time_range)
        name = f"{scores.name.partition('.')[0]}.{spec[:12]}.nut"
        stored = context.objects.stat(Bucket.WORK, name)
        if stored is not None and stored.spec == spec:
            return stored.to_artifact(PIECE, PIECE)
        header, frames = read_scores(_open(context, scores))
        moments = build_timeline(
            ((number, frame) for frame in frames), header.classes, smooth=self._options.smooth
        )
        overlay, colours = Overlay(tuple(moments), every), assign_colours(header.classes)
        masks = draw_masks(overlay.texts, long_side(self.media_info))
        with context.objects.create(
            Bucket.WORK, name, content_type="application/octet-stream", spec=spec
        ) as piece:
            result = run_in_sandbox(
                _ANNOTATE,
                self.media_info,
                time_range,
                overlay,
                colours,
                masks,
                source=self._video_source(),
                limits=Limits.for_function(FUNCTIONS[FUNCTION]),
                sink=piece,
                check=context.check,
                label=context.job.id,
            )
        context.log("piece.annotated", pictures=int(result.value), cpu_s=result.usage.cpu_s)
        return piece.stored_object.to_artifact(PIECE, PIECE)

    def write_film(self, pieces: Sequence[Artifact], sink: Sink) -> None:
        """Writes all pieces and the sound of the source as one MP4."""
        context = self._context
        has_sound = choose_track(self.media_info) is not None
        parts = [_source(context, piece.stored_object) for piece in pieces]
        if has_sound:
            parts.append(self._video_source())
        run_in_sandbox(
            _WRITE_FILM,
            [part.size_bytes for part in parts],
            self.media_info,
            has_sound,
            source=Source.from_parts(parts).counted(context.report_progress, MUX_PASSES),
            limits=Limits.for_function(FUNCTIONS[FUNCTION]),
            sink=sink,
            check=context.check,
            label=context.job.id,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about the sound of the film, for the user."""
        return describe_choice(self.media_info, "annotated video")

    def _video_source(self) -> Source:
        return _source(self._context, self._video)

    def _spec(self, scores: StoredObject, time_range: TimeRange) -> str:
        content: list[Any] = [
            PIECES_VERSION,
            [scores.name, scores.generation],
            [str(time_range.begin), str(time_range.end)],
            self._options.smooth,
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def find_pieces(parts: Sequence[tuple[Artifact, ...]]) -> list[Artifact]:
    """Returns the pieces that are not empty, in the order of the parts."""
    artifacts = chain.from_iterable(parts)
    return [item for item in artifacts if item.kind == PIECE and item.size_bytes]


def _time_ranges(context: UnitContext, options: EmotionOptions) -> list[TimeRange]:
    """Returns the windows of the frames, extended so that together they cover the whole video."""
    producer = find_producer(FUNCTION)
    assert producer is not None, "frame packs trigger emotion scoring"  # noqa: S101 - the message says why
    (doc,) = context.store.read([stage_path(context.job.id, producer, 0)])
    assert doc is not None, "the preceding stage has a document"  # noqa: S101 - the message says why
    windows = [Window.from_dict(spec) for spec in Stage.from_doc(doc).parts]
    borders = [None, *(options.frames.target(window.k_start) for window in windows[1:]), None]
    return [TimeRange(begin, end) for begin, end in pairwise(borders)]


def _source(context: UnitContext, stored: StoredObject) -> Source:
    read_at = context.objects.range_reader(stored.bucket, stored.name, stored.generation)
    return Source(read_at, stored.size_bytes, _BLOCK_BYTES)


def _open(context: UnitContext, stored: StoredObject) -> RangeFile:
    source = _source(context, stored)
    return RangeFile(source.read_at, source.size_bytes, block_bytes=source.block_bytes)
