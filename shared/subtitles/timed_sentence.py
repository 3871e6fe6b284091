"""Sentences with their times, from which subtitles are made."""

from __future__ import annotations

from dataclasses import dataclass

RATE_HZ = 48_000
"""The unit of all times: samples of the sound of a film."""


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """A sentence, from sample `start` to `end` (exclusive).

    Attributes:
        resumes: Where its speech goes on after a pause.
        words: Of recognized speech, the place in `text` and the sample at which each word begins.
            The text has no spaces but one between words then.
        speaker: Who says it; "" for the narrator and where nobody else is quoted.
    """

    text: str
    start: int
    end: int
    resumes: tuple[int, ...] = ()
    words: tuple[tuple[int, int], ...] = ()
    speaker: str = ""
