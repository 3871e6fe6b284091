"""A film's narration: what is spoken over each slide, where its sound lies, and when each sentence
is heard. text_to_speech writes it as one object, stitching reads it."""

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
    """`start` and `end` (exclusive) in samples from the first one of its slide's speech."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SlideSpeech:
    """The speech over one slide: a WAV object in the work bucket. A silent slide has no object
    and no samples."""

    object: str = ""
    generation: int = 0
    size_bytes: int = 0
    rate_hz: int = 0
    samples: int = 0
    sentences: tuple[SpokenSentence, ...] = ()

    @property
    def duration(self) -> Fraction:
        """In seconds."""
        return Fraction(self.samples, self.rate_hz) if self.samples else Fraction(0)


@dataclass(frozen=True, slots=True)
class Narration:
    """One speech a slide, in the deck's order."""

    slides: tuple[SlideSpeech, ...]

    @property
    def duration(self) -> Fraction:
        """What is spoken in all, in seconds."""
        return sum((one.duration for one in self.slides), Fraction(0))

    def to_json(self) -> bytes:
        """As it is stored."""
        rows = [
            {
                "object": one.object,
                "generation": one.generation,
                "size_bytes": one.size_bytes,
                "rate_hz": one.rate_hz,
                "samples": one.samples,
                "sentences": [[s.text, s.start, s.end] for s in one.sentences],
            }
            for one in self.slides
        ]
        document = {"schema": SCHEMA, "slides": rows}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Narration:
        """Back from the store."""
        return cls(tuple(_slide(row) for row in json.loads(data)["slides"]))


def _slide(row: Mapping[str, Any]) -> SlideSpeech:
    sentences = tuple(SpokenSentence(*one) for one in row["sentences"])
    return SlideSpeech(**{**row, "sentences": sentences})
