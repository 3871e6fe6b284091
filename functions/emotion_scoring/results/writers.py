"""Writers of emotions.json, emotions.csv and emotions.vtt, which write moment by moment.

functions/emotion_scoring/README.md describes the fields. A change of their meaning needs a new
SCHEMA.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
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
    "quality", "sharpness", "roll", "dominant", "confidence", "uncertain",
)  # fmt: skip
"""The fixed columns; one column per emotion of the model follows, and `words` with a transcript."""
_FORMULA_SIGNS = ("=", "+", "-", "@")
FindWords = Callable[[Moment], str]
"""Returns what is said from a moment to the next one."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


def describe_thresholds(*, smooth: bool) -> dict[str, Any]:
    """Returns the constants of flags and smoothing, for emotions.json."""
    return {
        "too_small_below_px": TOO_SMALL_PX,
        "not_scored_below_px": MIN_SCORED_PX,
        "cut_off_below_margin": CUT_OFF_MARGIN,
        "blurred_below_sharpness": MIN_SHARPNESS,
        "uncertain_below_margin": UNCERTAIN_MARGIN,
        "smoothing_time_constant_s": TIME_CONSTANT_S if smooth else None,
    }


class JsonWriter:
    """Writes emotions.json: the header, one line per moment under `frames`, then the footer."""

    def __init__(
        self,
        sink: Sink,
        header: Mapping[str, Any],
        times: FrameTimes,
        find_words: FindWords | None = None,
    ) -> None:
        self._sink = sink
        self._times = times
        self._find_words = find_words
        self._classes: Sequence[str] = header["classes"]
        self._separator = b"\n"
        opening = json.dumps(
            {"schema": SCHEMA, "note": NOTE, **header}, ensure_ascii=False, indent=1
        )
        sink.write(opening.removesuffix("\n}").encode() + b',\n "frames": [')

    def add(self, moment: Moment) -> None:
        """Writes the next moment."""
        line = json.dumps(self._frame(moment), ensure_ascii=False, separators=(",", ":"))
        self._sink.write(self._separator + b"  " + line.encode())
        self._separator = b",\n"

    def close(self, footer: Mapping[str, Any]) -> None:
        """Writes the footer and ends the document."""
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
            "faces": [self._face(reading) for reading in moment.readings],
            **({} if self._find_words is None else {"words": self._find_words(moment)}),
        }

    def _face(self, reading: FaceReading) -> dict[str, Any]:
        face, smoothed = reading.face, reading.probabilities
        return {
            "face_id": reading.face_id,
            "box": _box(reading),
            "score": face.score,
            "quality": face.quality,
            "sharpness": face.sharpness,
            "roll": face.roll,
            "dominant": reading.dominant,
            "confidence": _rounded(reading.confidence),
            "uncertain": reading.is_uncertain,
            "emotions": None if smoothed is None else self._by_class(smoothed),
            "unsmoothed": None
            if face.probabilities is None
            else self._by_class(face.probabilities),
        }

    def _by_class(self, probabilities: Sequence[float]) -> dict[str, float]:
        return {
            name: round(probability, 4)
            for name, probability in zip(self._classes, probabilities, strict=True)
        }


class CsvWriter:
    """Writes emotions.csv: one row per face and frame, and one row for a frame without a face.

    The format is RFC 4180, in ASCII but for the last column, the words of a transcript.
    Spreadsheets cannot read a cell as a formula: each other cell is a number or a name that this
    program defines, and words that begin like a formula have an apostrophe before them.
    """

    def __init__(
        self,
        sink: Sink,
        classes: Sequence[str],
        times: FrameTimes,
        find_words: FindWords | None = None,
    ) -> None:
        self._sink = sink
        self._times = times
        self._class_count = len(classes)
        self._find_words = find_words
        self._row([*CSV_COLUMNS, *classes, *self._words_cells("words")])

    def add(self, moment: Moment) -> None:
        """Writes the next moment."""
        frame_cells = [
            moment.frame.stamp.k + 1,
            _seconds(moment.time),
            _seconds(self._times.shown_at(moment)),
            moment.frame.name,
        ]
        words = self._words_cells("" if self._find_words is None else self._find_words(moment))
        if not moment.readings:
            empty = [""] * (2 + self._class_count)
            self._row([*frame_cells, *[""] * 9, NO_FACE, *empty, *words])
        for reading in moment.readings:
            probabilities = reading.probabilities or [None] * self._class_count
            self._row(
                [
                    *frame_cells,
                    reading.face_id,
                    *_box(reading),
                    reading.face.score,
                    reading.face.quality,
                    reading.face.sharpness,
                    reading.face.roll,
                    reading.dominant,
                    _rounded(reading.confidence),
                    "yes" if reading.is_uncertain else "no",
                    *(_rounded(probability) for probability in probabilities),
                    *words,
                ]
            )

    def _words_cells(self, text: str) -> list[str]:
        """Returns the cell of the words; none without a transcript."""
        if self._find_words is None:
            return []
        return [f"'{text}" if text.startswith(_FORMULA_SIGNS) else text]

    def _row(self, cells: Sequence[object]) -> None:
        line = io.StringIO()
        csv.writer(line).writerow(["" if cell is None else cell for cell in cells])
        self._sink.write(line.getvalue().encode())


class VttWriter:
    """Writes emotions.vtt: one metadata cue (W3C WebVTT, §3.2) per frame, until the next frame.

    The text of a cue is one line of JSON with boxes as shares of the picture's size.
    """

    def __init__(self, sink: Sink, every: Fraction, find_words: FindWords | None = None) -> None:
        self._sink = sink
        self._every = every
        self._find_words = find_words
        sink.write(f"WEBVTT\n\nNOTE {NOTE}\n".encode())

    def add(self, moment: Moment) -> None:
        """Writes the next moment."""
        begin, end = _timestamp(moment.time), _timestamp(moment.time + self._every)
        width, height = moment.frame.stamp.width, moment.frame.stamp.height
        faces = []
        for reading in moment.readings:
            box = reading.face.box
            shares = box.x / width, box.y / height, box.width / width, box.height / height
            faces.append(
                {
                    "id": reading.face_id,
                    "emotion": reading.dominant,
                    "confidence": _rounded(reading.confidence),
                    "uncertain": reading.is_uncertain,
                    "roll": reading.face.roll,
                    "box": [round(share, 4) for share in shares],
                }
            )
        content: dict[str, Any] = {"faces": faces}
        if self._find_words is not None:
            content["words"] = self._find_words(moment)
        text = json.dumps(content, separators=(",", ":"))
        self._sink.write(f"\n{begin} --> {end}\n{text}\n".encode())


class FrameTimes:
    """Computes when frames are shown, in seconds from the first picture of the file."""

    def __init__(self, first: Fraction) -> None:
        self._first = first

    def shown_at(self, moment: Moment) -> Fraction:
        """Returns the frame's own time, at or before the time for which it was requested."""
        return moment.frame.stamp.pts.seconds - self._first


def _box(reading: FaceReading) -> list[float]:
    box = reading.face.box
    return [round(value, 1) for value in (box.x, box.y, box.width, box.height)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _seconds(time: Fraction) -> float:
    return round(float(time), 6)


def _timestamp(time: Fraction) -> str:
    """Returns a WebVTT timestamp such as `00:00:12.500`; hours have two digits or more."""
    milliseconds = round(time * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
