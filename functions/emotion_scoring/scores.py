"""The file format of a part's scores: gzipped JSON lines, a header and then one line per frame.

A line holds the output of the models for a frame and the frame's location in its pack. Face ids,
smoothed probabilities and dominant emotions need all parts, so the join computes them.
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
from shared.recipes.pts import Pts

SCHEMA = "moodreel.scores/1"
MAX_LINE_BYTES = 4 << 20
"""A frame with 500 faces, the maximum of a detector, takes a fifth of this."""


class ScoresDamaged(ValueError):
    """The bytes are not scores, or scores of another version."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class ScoresHeader:
    """The fields common to all frames of a part. `pack`: name and generation of the pack object."""

    classes: tuple[str, ...]
    models: Mapping[str, Any]
    warnings: tuple[str, ...]
    pack: tuple[str, int]


@dataclass(frozen=True, slots=True)
class FrameContent:
    """What scenes are detected from.

    Attributes:
        change: How much the frame differs from the one before, 0 to 255; None for the first frame
            of a part.
        brightness: The mean of all pixels, 0 to 255.
    """

    change: float | None
    brightness: float


@dataclass(frozen=True, slots=True)
class ScoredFrame:
    """One frame: its name, stamp, byte offset and size in the pack, and its faces.

    `content` is None if no scenes are detected.
    """

    name: str
    stamp: FrameStamp
    offset: int
    size_bytes: int
    faces: tuple[Face, ...]
    content: FrameContent | None = None


class ScoresWriter:
    """Writes scores frame by frame. The same scores give the same bytes."""

    def __init__(self, sink: Sink, header: ScoresHeader) -> None:
        # mtime=0 keeps the time of day out of the gzip header.
        self._file = gzip.GzipFile(fileobj=_SinkFile(sink), mode="wb", compresslevel=1, mtime=0)
        self._write_line(
            {
                "schema": SCHEMA,
                "classes": header.classes,
                "models": header.models,
                "warnings": header.warnings,
                "pack": header.pack,
            }
        )

    def add(self, frame: ScoredFrame) -> None:
        """Appends one frame."""
        stamp = frame.stamp
        self._write_line(
            {
                "name": frame.name,
                "k": stamp.k,
                "target": str(stamp.target),
                "pts": stamp.pts.ticks,
                "time_base": str(stamp.pts.time_base),
                "size": [stamp.width, stamp.height],
                "at": [frame.offset, frame.size_bytes],
                "faces": [_face_row(face) for face in frame.faces],
                **_content_row(frame.content),
            }
        )

    def close(self) -> None:
        """Flushes the remaining data. The sink stays open."""
        self._file.close()

    def _write_line(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")


def read_scores(stream: io.RawIOBase) -> tuple[ScoresHeader, Iterator[ScoredFrame]]:
    """Returns the header and an iterator over the frames. Both raise ScoresDamaged."""
    lines = _read_lines(stream)
    try:
        header = _read_header(next(lines))
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise ScoresDamaged("The file is not a scores file.") from error
    return header, map(_read_frame, lines)


def _read_lines(stream: io.RawIOBase) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as file:
        try:
            while line := file.readline(MAX_LINE_BYTES):
                yield line
        except (OSError, EOFError) as error:
            raise ScoresDamaged("The scores file is truncated or damaged.") from error


def _read_header(line: bytes) -> ScoresHeader:
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
        faces = tuple(_read_face(row) for row in data["faces"])
        offset, size_bytes = data["at"]
        row = data.get("content")
        content = None if row is None else FrameContent(*row)
        return ScoredFrame(data["name"], stamp, offset, size_bytes, faces, content)
    except (KeyError, TypeError, ValueError) as error:
        raise ScoresDamaged("A line of the scores file is invalid.") from error


def _content_row(content: FrameContent | None) -> dict[str, Any]:
    if content is None:
        return {}
    change = None if content.change is None else round(content.change, 2)
    return {"content": [change, round(content.brightness, 1)]}


def _face_row(face: Face) -> list[Any]:
    box = face.box
    return [
        [round(value, 2) for value in (box.x, box.y, box.width, box.height)],
        round(face.score, 4),
        round(face.sharpness, 1),
        face.quality,
        None if face.probabilities is None else [round(p, 6) for p in face.probabilities],
        face.roll,
    ]


def _read_face(row: list[Any]) -> Face:
    # Scores of earlier versions have no roll.
    box, score, sharpness, quality, values, roll = row if len(row) > 5 else [*row, 0]
    probabilities = None if values is None else tuple(values)
    return Face(Box(*box), score, sharpness, quality, probabilities, roll)


class _SinkFile(io.RawIOBase):
    """Adapts a sink to the file object that gzip expects."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return self._sink.write(bytes(data))
