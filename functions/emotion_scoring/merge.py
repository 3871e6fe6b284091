"""Opens the scores of all parts and reads them as one stream, in the order of the parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from functions.emotion_scoring.packs import find_recorded_pack, is_same_version
from functions.emotion_scoring.scores import ScoredFrame, ScoresHeader, read_scores
from shared.entrypoints.stage import UnitContext
from shared.errors import PermanentError
from shared.flows.envelope import ObjectRef
from shared.jobs.stage import Unit
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
    """The scores of all parts: one stored object and one header per part."""

    context: UnitContext
    scores: tuple[StoredObject, ...]
    headers: tuple[ScoresHeader, ...]

    @classmethod
    def load(cls, context: UnitContext) -> ScoredParts:
        """Reads the header of every part.

        Raises:
            PartsDisagree: A part was scored from another pack than the recorded one, or the parts
                have different classes.
        """
        units = context.part_units()
        scores = tuple(_scores_artifact(unit) for unit in units)
        headers = tuple(_open(context, stored)[0] for stored in scores)
        for unit, header in zip(units, headers, strict=True):
            recorded = find_recorded_pack(context, unit.part)
            name, generation = header.pack
            # Only the version is compared; scores do not repeat the bucket.
            scored_pack = ObjectRef(bucket="", name=name, generation=generation)
            if recorded is not None and not is_same_version(recorded, scored_pack):
                raise PartsDisagree
        if len({header.classes for header in headers}) != 1:
            raise PartsDisagree
        return cls(context, scores, headers)

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions, which are the same in all parts."""
        return self.headers[0].classes

    @property
    def models(self) -> list[dict[str, Any]]:
        """The distinct sets of models in use: one, unless instances had different models."""
        sets: list[dict[str, Any]] = []
        for header in self.headers:
            if dict(header.models) not in sets:
                sets.append(dict(header.models))
        return sets

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of the parts, and one if the parts were scored by different models."""
        warnings = list(
            dict.fromkeys(warning for header in self.headers for warning in header.warnings)
        )
        if len(self.models) > 1:
            warnings.append(
                "Parts of the video were scored by different models, so scores of different "
                "times cannot be compared."
            )
        return tuple(warnings)

    def read_frames(self) -> Iterator[tuple[int, ScoredFrame]]:
        """Yields (part number, frame) for all frames in order, one in memory at a time. Reports the
        progress of the parts."""
        for number, stored in enumerate(self.scores):
            self.context.report_progress(number / len(self.scores))
            for frame in _open(self.context, stored)[1]:
                self.context.check()
                yield number, frame

    def locate_frame(self, part: int, frame: ScoredFrame) -> PackedFrame:
        """Returns the location of a frame in the work bucket, for the stages that follow."""
        return PackedFrame(*self.headers[part].pack, frame.offset, frame.size_bytes)

    def read_frame_bytes(self, part: int, frame: ScoredFrame) -> bytes:
        """Reads the bytes of one frame from its pack."""
        name, generation = self.headers[part].pack
        read = self.context.objects.range_reader(Bucket.WORK, name, generation)
        return read(frame.offset, frame.size_bytes)


def _scores_artifact(unit: Unit) -> StoredObject:
    return next(artifact for artifact in unit.artifacts if artifact.kind == "scores").stored_object


def _open(context: UnitContext, stored: StoredObject) -> tuple[ScoresHeader, Iterator[ScoredFrame]]:
    read_at = context.objects.range_reader(stored.bucket, stored.name, stored.generation)
    return read_scores(
        RangeFile(read_at, stored.size_bytes, block_bytes=_BLOCK_BYTES, max_cached_blocks=6)
    )
