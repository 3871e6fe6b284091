"""The parts and the results of speech_recognition, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar

from shared.recipes.record import Record
from shared.recipes.results import StageResult
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Upload, Uploads

WINDOW_S = 300
"""The sound of one part. Its requests follow each other, and Speech-to-Text takes up to a third of
the duration of a sound; so the part ends well within the timeout of the function."""
CAPTIONS_FILM = "captions"
"""The kind of the film that stitching makes of a video and its captions."""
MEDIA_INPUT = "media"
"""The input of `captions`; other recipes have a video."""


@dataclass(frozen=True, slots=True)
class SpeechWindow(Record):
    """The range of the sound that one part recognizes, in seconds. `end_s` is None for the last
    window: it ends with the sound."""

    window: int
    begin_s: int
    end_s: int | None = None


@dataclass(frozen=True, slots=True)
class CaptionWindow(Record):
    """The range of the video in whose pictures one part of stitching draws the captions, in
    seconds. `end_s` is None for the last window."""

    begin_s: int
    end_s: int | None = None
    film: str = CAPTIONS_FILM


def plan_speech_windows(duration_s: float) -> tuple[Mapping[str, Any], ...]:
    """Returns the specs of the windows of a sound. An unknown duration, 0, is one window."""
    count = max(1, ceil(duration_s / WINDOW_S))
    return tuple(
        SpeechWindow(n, n * WINDOW_S, None if n == count - 1 else (n + 1) * WINDOW_S).to_dict()
        for n in range(count)
    )


def find_spoken_upload(uploads: Uploads) -> Upload:
    """Returns the upload whose speech is recognized. Raises MissingResult."""
    return uploads.inputs.get(MEDIA_INPUT) or uploads.input("video")


@dataclass(frozen=True, slots=True)
class SpeechWindowResult(Record):
    """What a part of speech_recognition did. The words are in an object.

    Attributes:
        speech_s: The duration of the speech that was found.
        recognized_s: The duration of the sound that was sent to the speech recognition.
        calls: Requests to the speech recognition.
        hits: Requests that an earlier attempt had made.
    """

    window: int
    words: int
    speech_s: float
    recognized_s: float
    calls: int
    hits: int


@dataclass(frozen=True, slots=True)
class TranscriptResult(StageResult):
    """The transcript of a job: transcript.json, the number of its words and segments, and the sums
    over the parts. No words: results are shown and logged."""

    STAGE: ClassVar[str] = "speech_recognition"
    transcript: StoredObject
    language: str
    engine: str
    words: int
    segments: int
    recognized_s: float
    calls: int
    hits: int
