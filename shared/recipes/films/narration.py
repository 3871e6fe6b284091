"""The narration of a film: the speech of each slide and the times of its sentences.

text_to_speech writes it as one object, stitching reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from shared.recipes.record import Record

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SpokenSentence(Record):
    """A sentence, in samples of the slide's speech.

    Attributes:
        end: Exclusive.
        resumes: Where the speech goes on after a pause within the sentence.
    """

    text: str
    start: int
    end: int
    resumes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SlideSpeech:
    """The speech of one slide: a WAV object in the work bucket.

    A silent slide has no object and no samples. `content` is the hash of the samples, "" for a
    silent slide and in narrations of earlier versions.
    """

    object: str = ""
    generation: int = 0
    size_bytes: int = 0
    rate_hz: int = 0
    samples: int = 0
    sentences: tuple[SpokenSentence, ...] = ()
    content: str = ""

    @property
    def duration(self) -> Fraction:
        """The duration in seconds."""
        return Fraction(self.samples, self.rate_hz) if self.samples else Fraction(0)


@dataclass(frozen=True, slots=True)
class Narration:
    """One speech per slide, in the order of the deck."""

    slides: tuple[SlideSpeech, ...]

    @property
    def duration(self) -> Fraction:
        """The duration of all speech in seconds."""
        return sum((slide.duration for slide in self.slides), Fraction(0))

    def to_json(self) -> bytes:
        """Returns the narration as it is stored."""
        rows = [
            {
                "object": slide.object,
                "generation": slide.generation,
                "size_bytes": slide.size_bytes,
                "rate_hz": slide.rate_hz,
                "samples": slide.samples,
                "sentences": [[s.text, s.start, s.end, s.resumes] for s in slide.sentences],
                "content": slide.content,
            }
            for slide in self.slides
        ]
        document = {"schema": SCHEMA, "slides": rows}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Narration:
        """Reads what `to_json` wrote."""
        return cls(tuple(_parse_slide(row) for row in json.loads(data)["slides"]))


def _parse_slide(row: Mapping[str, Any]) -> SlideSpeech:
    # A narration of an earlier version has no pauses.
    sentences = tuple(
        SpokenSentence(text, start, end, tuple(resumes[0]) if resumes else ())
        for text, start, end, *resumes in row["sentences"]
    )
    return SlideSpeech(**{**row, "sentences": sentences})
