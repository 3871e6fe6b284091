"""The parts' scores, opened in their order and read as one stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.emotion_scoring.packs import find_recorded_pack, is_same_version
from functions.emotion_scoring.scores import ScoredFrame, ScoresHeader, read_scores
from shared.entrypoints.stage import UnitContext
from shared.errors import PermanentError
from shared.flows.envelope import ObjectRef
from shared.jobs.model import Unit
from shared.media.containers.range_file import RangeFile
from shared.pipeline import Bucket
from shared.recipes.emotions.results import PackedFrame
from shared.recipes.stored_object import StoredObject

_BLOCK_BYTES = 256 << 10


class PartsDisagree(PermanentError):
    """The parts of this job were scored from other pictures or by other emotion models."""

    code = "parts-disagree"


@dataclass(frozen=True)
class ScoredParts:
    """All parts' scores. `packs`: name and generation of each part's pack."""

    context: UnitContext
    scores: tuple[StoredObject, ...]
    headers: tuple[ScoresHeader, ...]

    @classmethod
    def of(cls, context: UnitContext) -> ScoredParts:
        """Open every part's head. Raises PartsDisagree."""
        units = context.part_units()
        scores = tuple(_scores_of(unit) for unit in units)
        heads = tuple(_open(context, one)[0] for one in scores)
        for unit, head in zip(units, heads, strict=True):
            recorded = find_recorded_pack(context, unit.part)
            made_from = ObjectRef("", *head.pack)
            if recorded is not None and not is_same_version(recorded, made_from):
                raise PartsDisagree
        if len({head.classes for head in heads}) != 1:
            raise PartsDisagree
        return cls(context, scores, heads)

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions, the same in all parts."""
        return self.headers[0].classes

    @property
    def models(self) -> list[dict[str, Any]]:
        """Every set of models that was used; one, unless instances could get different ones."""
        sets: list[dict[str, Any]] = []
        for head in self.headers:
            if dict(head.models) not in sets:
                sets.append(dict(head.models))
        return sets

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the parts had to say, and whether they were scored alike."""
        said = list(dict.fromkeys(one for head in self.headers for one in head.warnings))
        if len(self.models) > 1:
            said.append(
                "Parts of the video were scored by different models, so scores of different "
                "times cannot be compared."
            )
        return tuple(said)

    def read_frames(self) -> Iterator[tuple[int, ScoredFrame]]:
        """All frames in order with the numbers of their parts, one in memory."""
        for number, one in enumerate(self.scores):
            for frame in _open(self.context, one)[1]:
                self.context.check()
                yield number, frame

    def locate_frame(self, part: int, frame: ScoredFrame) -> PackedFrame:
        """Where a frame's bytes lie in the work bucket, for the stages that follow."""
        return PackedFrame(*self.headers[part].pack, frame.offset, frame.size_bytes)

    def read_picture(self, part: int, frame: ScoredFrame) -> bytes:
        """The bytes of one frame out of its pack."""
        name, generation = self.headers[part].pack
        read = self.context.objects.range_reader(Bucket.WORK, name, generation)
        return read(frame.offset, frame.size_bytes)


def _scores_of(unit: Unit) -> StoredObject:
    return next(one for one in unit.artifacts if one.kind == "scores").stored_object


def _open(context: UnitContext, one: StoredObject) -> tuple[ScoresHeader, Iterator[ScoredFrame]]:
    read_at = context.objects.range_reader(one.bucket, one.name, one.generation)
    return read_scores(RangeFile(read_at, one.size_bytes, block_bytes=_BLOCK_BYTES, keep=6))
