"""What is said in a video with a transcript: the words of frames, the sentences of moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from functions.emotion_scoring.results.summary import Peak
from functions.emotion_scoring.results.timeline import Moment
from shared.entrypoints.stage import UnitContext
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.captions.transcript import Sentence, SpokenWords, Transcript
from shared.recipes.emotions.results import MomentSentence
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import read_object


@dataclass(frozen=True, slots=True)
class Speech:
    """The words of a video whose frames are `every` seconds apart."""

    words: SpokenWords
    every: Fraction

    def find_words(self, moment: Moment) -> str:
        """Returns what is said from a moment to the next one."""
        return self.words.between(float(moment.time), float(moment.time + self.every))

    def find_sentence(self, peak: Peak) -> Sentence | None:
        """Returns the sentence that is said at a peak, or nearest to it during its episode."""
        begin, end = min(peak.begin, peak.time), max(peak.end, peak.time + self.every)
        return self.words.find_sentence(float(peak.time), float(begin), float(end))


def find_transcript(context: UnitContext) -> tuple[StoredObject, ...]:
    """Returns the transcript of the job; nothing without one."""
    result = TranscriptResult.find(context.job.facts)
    return () if result is None else (result.transcript,)


def read_speech(context: UnitContext, every: Fraction) -> Speech | None:
    """Returns what is said; None without a transcript."""
    stored = find_transcript(context)
    if not stored:
        return None
    transcript = Transcript.from_json(read_object(context.objects, stored[0]))
    return Speech(SpokenWords(transcript), every)


def find_sentences(speech: Speech | None, peaks: Sequence[Peak]) -> list[Sentence | None]:
    """Returns the sentence of each peak; None where nothing is said, and without a transcript."""
    return [None if speech is None else speech.find_sentence(peak) for peak in peaks]


def to_moment_sentence(sentence: Sentence | None) -> MomentSentence | None:
    """Returns the sentence as the job records it, without its words."""
    if sentence is None:
        return None
    begin_s, end_s = _times(sentence)
    return MomentSentence(sentence.number, begin_s, end_s)


def sentence_row(sentence: Sentence | None) -> dict[str, Any] | None:
    """Returns the sentence of a moment for emotions.json."""
    if sentence is None:
        return None
    begin_s, end_s = _times(sentence)
    return {
        "number": sentence.number, "begin_s": begin_s, "end_s": end_s, "text": sentence.text,
    }  # fmt: skip


def rank_sentences(
    peaks: Sequence[Peak], sentences: Sequence[Sentence | None]
) -> list[dict[str, Any]]:
    """Returns the sentences that carry the peaks, that of the strongest peak first, each with the
    numbers of its peaks from 1."""
    ranked: dict[int, dict[str, Any]] = {}
    for number in sorted(range(len(peaks)), key=lambda n: (-peaks[n].score, n)):
        row = sentence_row(sentences[number])
        if row is not None:
            ranked.setdefault(row["number"], {**row, "moments": []})["moments"].append(number + 1)
    return list(ranked.values())


def _times(sentence: Sentence) -> tuple[float, float]:
    return round(sentence.begin_s, 3), round(sentence.end_s, 3)
