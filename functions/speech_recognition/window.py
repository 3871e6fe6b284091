"""What a part has recognized: the words of a window, as an object between the stages."""

from __future__ import annotations

from dataclasses import dataclass

from functions.speech_recognition.words import SpokenWord
from shared.recipes.captions.results import SpeechWindowResult
from shared.recipes.record import Record


@dataclass(frozen=True, slots=True)
class RecognizedWindow(Record):
    """The words of a window.

    Attributes:
        engine: What recognized them.
        begin_s: The beginning of what was recognized: at a quiet point before the window.
        end_s: Its end: at a quiet point after the window, or where the sound ends.
        warnings: Messages for the user.
        is_damaged: Whether a part of the sound cannot be decoded.
    """

    result: SpeechWindowResult
    engine: str
    begin_s: float
    end_s: float
    words: tuple[SpokenWord, ...]
    warnings: tuple[str, ...]
    is_damaged: bool
