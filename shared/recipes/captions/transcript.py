"""Transcripts: what is said in a video or a sound, with the time of each word.

Every time is in seconds from the first picture of a video, or from the beginning of a sound.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.recipes.record import InvalidRecord, Record

TRANSCRIPT_SCHEMA = "moodreel.transcript/1"
TRANSCRIPT_NAME = "transcript.json"
"""The file name for users, among the results of a job."""


@dataclass(frozen=True, slots=True)
class Word(Record):
    """A recognized word with its punctuation.

    Attributes:
        confidence: From 0 to 1, or None when the speech recognition states none.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment(Record):
    """A sentence, or words between two pauses.

    Attributes:
        language: BCP 47 tag.
        speaker: A label of the speaker; "" when the speech recognition states none.
    """

    text: str
    start_s: float
    end_s: float
    language: str
    words: tuple[Word, ...]
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A segment of a transcript with its number, from 1."""

    number: int
    begin_s: float
    end_s: float
    text: str


class SpokenWords:
    """The words and the sentences of a transcript, by time."""

    def __init__(self, transcript: Transcript) -> None:
        self._segments = transcript.segments
        self._words = [word for segment in transcript.segments for word in segment.words]
        self._middles = [(word.start_s + word.end_s) / 2 for word in self._words]

    def between(self, begin_s: float, end_s: float) -> str:
        """Returns the words whose middle is in a range of time, so that each word is in one of the
        ranges that follow each other."""
        first, last = bisect_left(self._middles, begin_s), bisect_left(self._middles, end_s)
        return " ".join(word.text for word in self._words[first:last])

    def find_sentence(self, time_s: float, begin_s: float, end_s: float) -> Sentence | None:
        """Returns the sentence that is said at a time, or else the one nearest to it of those that
        are said in a range around it; None if there is none."""
        said = [
            (max(segment.start_s - time_s, time_s - segment.end_s, 0.0), number, segment)
            for number, segment in enumerate(self._segments, 1)
            if segment.start_s < end_s and segment.end_s > begin_s
        ]
        if not said:
            return None
        _, number, segment = min(said, key=lambda row: row[:2])
        return Sentence(number, segment.start_s, segment.end_s, segment.text)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of a job.

    Attributes:
        language: That of most words, a BCP 47 tag; "" without words.
        engine: What recognized the words.
        warnings: Messages for the user.
    """

    language: str
    engine: str
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Returns transcript.json."""
        document = {
            "schema": TRANSCRIPT_SCHEMA,
            "language": self.language,
            "engine": self.engine,
            "segments": [_segment_fields(segment) for segment in self.segments],
            "warnings": list(self.warnings),
        }
        return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> Transcript:
        """Reads what `to_json` returned. Raises ValueError."""
        document: Mapping[str, Any] = json.loads(data)
        if document.get("schema") != TRANSCRIPT_SCHEMA:
            raise InvalidRecord(f"The transcript has the schema {document.get('schema')!r}.")
        return cls(
            str(document["language"]),
            str(document["engine"]),
            tuple(Segment.from_dict(row) for row in document["segments"]),
            tuple(map(str, document["warnings"])),
        )


def format_clock(seconds: float) -> str:
    """Returns a time for users, such as 2:05 or 1:02:05."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _segment_fields(segment: Segment) -> dict[str, Any]:
    """Returns a segment as it is written: with null for an unknown confidence, and without an
    unknown speaker."""
    words = [
        {
            "text": word.text,
            "start_s": word.start_s,
            "end_s": word.end_s,
            "confidence": word.confidence,
        }
        for word in segment.words
    ]
    fields: dict[str, Any] = {
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "text": segment.text,
        "language": segment.language,
        "words": words,
    }
    return fields | ({"speaker": segment.speaker} if segment.speaker else {})
