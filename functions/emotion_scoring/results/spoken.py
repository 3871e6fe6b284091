"""What is said during the moments of a timeline, for jobs with a transcript."""

from __future__ import annotations

from fractions import Fraction

from functions.emotion_scoring.results.timeline import Moment
from functions.emotion_scoring.results.writers import FindWords
from shared.entrypoints.stage import UnitContext
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import SpokenWords, Transcript
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object


def find_transcript(context: UnitContext) -> tuple[StoredObject, ...]:
    """Returns the transcript of the job; nothing without one."""
    result = TranscriptResult.find(context.job.facts)
    return () if result is None else (result.transcript,)


def read_find_words(context: UnitContext, every: Fraction) -> FindWords | None:
    """Returns the function that finds the words of a moment; None without a transcript. `every` is
    the time from a moment to the next one, in seconds."""
    stored = find_transcript(context)
    if not stored:
        return None
    words = SpokenWords(Transcript.from_json(read_object(context.objects, stored[0])))

    def find_words(moment: Moment) -> str:
        return words.between(float(moment.time), float(moment.time + every))

    return find_words
