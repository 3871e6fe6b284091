"""What people take away: emotions.json, emotions.csv and emotions.vtt, written moment by moment.

The fields are described in README.md beside this file; a change of their meaning raises SCHEMA.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol

from functions.emotion_scoring.faces.face import (
    CUT_OFF_MARGIN,
    MIN_SCORED_PX,
    MIN_SHARPNESS,
    TOO_SMALL_PX,
)
from functions.emotion_scoring.faces.smoothing import TIME_CONSTANT_S
from functions.emotion_scoring.results.timeline import (
    NO_FACE,
    UNCERTAIN_MARGIN,
    FaceReading,
    Moment,
)

SCHEMA = "moodreel.emotions/1"
NOTE = (
    "A score says how much a face in one picture resembles expressions in the pictures that the "
    "model was trained with; it does not say what a person feels, thinks or intends."
)
CSV_COLUMNS = (
    "number", "time_s", "frame_time_s", "frame", "face_id", "x", "y", "width", "height", "score",
    "quality", "sharpness", "dominant", "confidence", "uncertain",
)  # fmt: skip
"""Before one column an emotion, named as in the model."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


def describe_thresholds(*, smooth: bool) -> dict[str, Any]:
    """The constants by which flags are set and values smoothed; goes into emotions.json."""
    return {
        "too_small_below_px": TOO_SMALL_PX,
        "not_scored_below_px": MIN_SCORED_PX,
        "cut_off_below_margin": CUT_OFF_MARGIN,
        "blurred_below_sharpness": MIN_SHARPNESS,
        "uncertain_below_margin": UNCERTAIN_MARGIN,
        "smoothing_time_constant_s": TIME_CONSTANT_S if smooth else None,
    }


class JsonWriter:
    """emotions.json: `head`, then a line for each moment under `frames`, then what `close` is
    given."""

    def __init__(self, sink: Sink, header: Mapping[str, Any], times: FrameTimes) -> None:
        self._sink = sink
        self._times = times
        self._classes: Sequence[str] = header["classes"]
        self._separator = b"\n"
        opening = json.dumps(
            {"schema": SCHEMA, "note": NOTE, **header}, ensure_ascii=False, indent=1
        )
        sink.write(opening.removesuffix("\n}").encode() + b',\n "frames": [')

    def add(self, moment: Moment) -> None:
        """The next moment."""
        line = json.dumps(self._frame(moment), ensure_ascii=False, separators=(",", ":"))
        self._sink.write(self._separator + b"  " + line.encode())
        self._separator = b",\n"

    def close(self, footer: Mapping[str, Any]) -> None:
        """End the document with what is known at the end."""
        ending = json.dumps(footer, ensure_ascii=False, indent=1)
        self._sink.write(b"\n ],\n" + ending.removeprefix("{\n").encode() + b"\n")

    def _frame(self, moment: Moment) -> dict[str, Any]:
        stamp = moment.frame.stamp
        return {
            "number": stamp.k + 1,
            "time": str(moment.time),
            "time_s": _seconds(moment.time),
            "frame_time_s": _seconds(self._times.shown_at(moment)),
            "frame": moment.frame.name,
            "width": stamp.width,
            "height": stamp.height,
            "no_face": not moment.readings,
            "faces": [self._face(one) for one in moment.readings],
        }

    def _face(self, reading: FaceReading) -> dict[str, Any]:
        face, told = reading.face, reading.probabilities
        return {
            "face_id": reading.face_id,
            "box": _box(reading),
            "score": face.score,
            "quality": face.quality,
            "sharpness": face.sharpness,
            "dominant": reading.dominant,
            "confidence": _rounded(reading.confidence),
            "uncertain": reading.is_uncertain,
            "emotions": None if told is None else self._named(told),
            "unsmoothed": None if face.probabilities is None else self._named(face.probabilities),
        }

    def _named(self, probabilities: Sequence[float]) -> dict[str, float]:
        return {name: round(one, 4) for name, one in zip(self._classes, probabilities, strict=True)}


class CsvWriter:
    """emotions.csv: a row a face a frame, and one row for a frame without a face. RFC 4180, ASCII;
    no cell can be taken for a formula, since texts are names of ours and all else is numbers."""

    def __init__(self, sink: Sink, classes: Sequence[str], times: FrameTimes) -> None:
        self._sink = sink
        self._times = times
        self._classes = len(classes)
        self._row([*CSV_COLUMNS, *classes])

    def add(self, moment: Moment) -> None:
        """The next moment."""
        begin = [
            moment.frame.stamp.k + 1,
            _seconds(moment.time),
            _seconds(self._times.shown_at(moment)),
            moment.frame.name,
        ]
        if not moment.readings:
            self._row([*begin, *[""] * 8, NO_FACE, *[""] * (2 + self._classes)])
        for reading in moment.readings:
            told = reading.probabilities or [None] * self._classes
            self._row(
                [
                    *begin,
                    reading.face_id,
                    *_box(reading),
                    reading.face.score,
                    reading.face.quality,
                    reading.face.sharpness,
                    reading.dominant,
                    _rounded(reading.confidence),
                    "yes" if reading.is_uncertain else "no",
                    *(_rounded(one) for one in told),
                ]
            )

    def _row(self, cells: Sequence[object]) -> None:
        line = io.StringIO()
        csv.writer(line).writerow(["" if one is None else one for one in cells])
        self._sink.write(line.getvalue().encode("ascii"))


class VttWriter:
    """emotions.vtt: a metadata cue (W3C WebVTT, §3.2) a frame, from its time to the next one's.
    Its text is one line of JSON with boxes as shares of the picture's size."""

    def __init__(self, sink: Sink, every: Fraction) -> None:
        self._sink = sink
        self._every = every
        sink.write(f"WEBVTT\n\nNOTE {NOTE}\n".encode())

    def add(self, moment: Moment) -> None:
        """The next moment."""
        begin, end = _clock(moment.time), _clock(moment.time + self._every)
        width, height = moment.frame.stamp.width, moment.frame.stamp.height
        faces = []
        for reading in moment.readings:
            box = reading.face.box
            share = box.x / width, box.y / height, box.width / width, box.height / height
            faces.append(
                {
                    "id": reading.face_id,
                    "emotion": reading.dominant,
                    "confidence": _rounded(reading.confidence),
                    "uncertain": reading.is_uncertain,
                    "box": [round(one, 4) for one in share],
                }
            )
        text = json.dumps({"faces": faces}, separators=(",", ":"))
        self._sink.write(f"\n{begin} --> {end}\n{text}\n".encode())


class FrameTimes:
    """When a frame is really shown, in seconds from the first picture of the file."""

    def __init__(self, first: Fraction) -> None:
        self._first = first

    def shown_at(self, moment: Moment) -> Fraction:
        """At or before the time for which the frame was asked."""
        return moment.frame.stamp.pts.seconds - self._first


def _box(reading: FaceReading) -> list[float]:
    box = reading.face.box
    return [round(one, 1) for one in (box.x, box.y, box.width, box.height)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _seconds(time: Fraction) -> float:
    return round(float(time), 6)


def _clock(time: Fraction) -> str:
    """`00:00:12.500`, as WebVTT writes it; hours have two digits or more."""
    milliseconds = round(time * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
