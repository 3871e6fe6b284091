"""A part's scores as they wait for the join: JSON lines, gzip; a head, then a line a frame.

Only what cannot be found out again cheaply is kept: what the models said of each frame, and where
the frame lies in its pack. Ids, smoothing and verdicts belong to the whole and are made later.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from functions.emotion_scoring.faces.face import Box, Face
from shared.recipes.frames.pack import FrameStamp
from shared.recipes.media_info import Pts

SCHEMA = "moodreel.scores/1"
MAX_LINE_BYTES = 4 << 20
"""A frame with 500 faces, which is the most that is found, takes a fifth of this."""


class ScoresDamaged(ValueError):
    """The bytes are no scores, or of another version."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class ScoresHeader:
    """What is the same for all frames of a part. `pack`: name and generation of the object."""

    classes: tuple[str, ...]
    models: Mapping[str, Any]
    warnings: tuple[str, ...]
    pack: tuple[str, int]


@dataclass(frozen=True, slots=True)
class ScoredFrame:
    """One frame: its name and stamp in the pack, where its bytes lie there, and its faces."""

    name: str
    stamp: FrameStamp
    offset: int
    size_bytes: int
    faces: tuple[Face, ...]


class ScoresWriter:
    """Writes scores frame by frame; the same scores give the same bytes."""

    def __init__(self, sink: Sink, header: ScoresHeader) -> None:
        # Level 1 and no time of day in the header.
        self._file = gzip.GzipFile(fileobj=_Binary(sink), mode="wb", compresslevel=1, mtime=0)
        self._line(
            {
                "schema": SCHEMA,
                "classes": header.classes,
                "models": header.models,
                "warnings": header.warnings,
                "pack": header.pack,
            }
        )

    def add(self, frame: ScoredFrame) -> None:
        """Append one frame."""
        stamp = frame.stamp
        self._line(
            {
                "name": frame.name,
                "k": stamp.k,
                "target": str(stamp.target),
                "pts": stamp.pts.ticks,
                "time_base": str(stamp.pts.time_base),
                "size": [stamp.width, stamp.height],
                "at": [frame.offset, frame.size_bytes],
                "faces": [_face(one) for one in frame.faces],
            }
        )

    def close(self) -> None:
        """Write what is left; the sink stays open."""
        self._file.close()

    def _line(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")


def read_scores(stream: io.RawIOBase) -> tuple[ScoresHeader, Iterator[ScoredFrame]]:
    """A part's head, and its frames one by one. Raises ScoresDamaged."""
    lines = _lines(stream)
    try:
        head = _read_head(next(lines))
    except (StopIteration, KeyError, TypeError, ValueError) as cause:
        raise ScoresDamaged("These are no scores.") from cause
    return head, map(_read_frame, lines)


def _lines(stream: io.RawIOBase) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as file:
        try:
            while line := file.readline(MAX_LINE_BYTES):
                yield line
        except (OSError, EOFError) as cause:
            raise ScoresDamaged("The scores end in the middle.") from cause


def _read_head(line: bytes) -> ScoresHeader:
    data = json.loads(line)
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema {data['schema']!r}")
    name, generation = data["pack"]
    classes, warnings = tuple(data["classes"]), tuple(data["warnings"])
    return ScoresHeader(classes, data["models"], warnings, (name, generation))


def _read_frame(line: bytes) -> ScoredFrame:
    try:
        data = json.loads(line)
        pts = Pts(data["pts"], Fraction(data["time_base"]))
        stamp = FrameStamp(data["k"], Fraction(data["target"]), pts, *data["size"])
        faces = tuple(_read_face(one) for one in data["faces"])
        offset, size_bytes = data["at"]
        return ScoredFrame(data["name"], stamp, offset, size_bytes, faces)
    except (KeyError, TypeError, ValueError) as cause:
        raise ScoresDamaged("A line of the scores cannot be read.") from cause


def _face(face: Face) -> list[Any]:
    box = face.box
    return [
        [round(one, 2) for one in (box.x, box.y, box.width, box.height)],
        round(face.score, 4),
        round(face.sharpness, 1),
        face.quality,
        None if face.probabilities is None else [round(one, 6) for one in face.probabilities],
    ]


def _read_face(row: list[Any]) -> Face:
    box, score, sharpness, quality, probabilities = row
    told = None if probabilities is None else tuple(probabilities)
    return Face(Box(*box), score, sharpness, quality, told)


class _Binary(io.RawIOBase):
    """A sink as the file object that gzip asks for."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return self._sink.write(bytes(data))
