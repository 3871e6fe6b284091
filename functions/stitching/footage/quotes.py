"""The quotes of a recap: what is said at its moments, and what is heard of it in the film. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from functions.stitching.film.timeline import RATE_HZ, Pacing, Scene, to_film_sample
from functions.stitching.footage.shots import MONTAGE_SAMPLES, ClipPlan, Moment, Shot
from functions.stitching.footage.word_cuts import Range, cut_at_words, cut_montage_at_words
from functions.stitching.footage.word_gaps import WordGaps, to_seconds
from shared.recipes.captions.transcript import Segment, SpokenWords, Transcript, Word
from shared.recipes.films.narration import Narration
from shared.subtitles.timed_sentence import TimedSentence

QUOTED = "quoted"
"""The speaker of a quote in subtitles, beside the narrator."""
MAX_QUOTE_S = 6.0
"""Of a longer sentence the part around the moment is quoted."""
_CUT_COST_S = 1.5
"""A part of a sentence that begins or ends within a clause is as good as one so much shorter."""
_MIN_PART_S = 1.2
"""Shorter parts of a sentence, of two or three words, say nothing."""
_CLAUSE_MARKS = ".!?…。！？؟।,;:—–、，；：،؛"
_ELLIPSIS = "…"


@dataclass(frozen=True)
class Quotes:
    """The transcript of a video, for its clips."""

    transcript: Transcript

    @property
    def gaps(self) -> WordGaps:
        """The gaps between all words."""
        return WordGaps(word for segment in self.transcript.segments for word in segment.words)

    def plan(
        self,
        moments: Mapping[int, Moment],
        narration: Narration,
        pacing: Mapping[int, Pacing],
        duration: Fraction | None,
    ) -> ClipPlan:
        """Returns how the clips are cut between words, so that what is said at their moments is
        heard.

        Args:
            pacing: That of the slides without words; that of the montage is for the last slide.
            duration: That of the video in seconds; None if it is not known.
        """
        gaps = self.gaps
        if not gaps:
            return ClipPlan(pacing)
        changed, begins = dict(pacing), dict[int, Fraction]()
        montage: dict[int, tuple[Fraction, int]] = {}
        last = max(pacing)
        for n, moment in moments.items():
            speech = narration.slides[n]
            samples = to_film_sample(speech.samples, speech)
            cut = cut_at_words(gaps, moment, self.find(moment), samples, pacing[n], duration)
            if cut is not None:
                begins[n], changed[n] = cut.begin, cut.pacing
            if last not in moments and (part := cut_montage_at_words(gaps, moment, duration)):
                montage[n] = part
        longer = sum(length - MONTAGE_SAMPLES for _, length in montage.values())
        if montage:
            changed[last] = replace(
                pacing[last],
                lead=pacing[last].lead + longer,
                silent_length=pacing[last].silent_length + longer,
            )
        return ClipPlan(changed, begins, montage)

    def find(self, moment: Moment) -> Range | None:
        """Returns the time of what is said at a moment, at most MAX_QUOTE_S, or of the sentence
        nearest to it while it lasts; None if nothing is said."""
        begin_s, end_s = moment.extent or (moment.time_s, moment.time_s)
        found = SpokenWords(self.transcript).find_sentence(moment.time_s, begin_s, end_s)
        if found is None:
            return None
        words = self.transcript.segments[found.number - 1].words
        selected = _select(words, moment.time_s)
        if not selected:
            return None
        return to_seconds(selected[0].start_s), to_seconds(max(word.end_s for word in selected))

    def find_heard(self, shot: Shot, scene: Scene) -> Iterator[TimedSentence]:
        """Yields what is said in a clip while its narration is not spoken, as sentences in
        quotation marks at their times in the film.

        Args:
            shot: The clip of the scene.
        """
        begin = scene.start + shot.start
        end = min(scene.end, begin + shot.length)
        zones = (
            [(begin, scene.speech_start), (scene.speech_end, end)]
            if scene.speech_end > scene.speech_start
            else [(begin, end)]
        )
        for first, last in zones:
            for segment in self.transcript.segments:
                times = [_to_film(word, shot, begin) for word in segment.words]
                heard = [
                    n for n, (start, stop) in enumerate(times) if first <= start < stop <= last
                ]
                if heard and _is_shown(segment, heard, times):
                    yield _to_sentence(segment, heard, times)


def _select(words: Sequence[Word], time_s: float) -> Sequence[Word]:
    """Returns the words of a sentence that are quoted: all, or the best part around a time."""
    if not words or words[-1].end_s - words[0].start_s <= MAX_QUOTE_S:
        return words
    nearest = min(range(len(words)), key=lambda n: abs(_middle(words[n]) - time_s))
    best, best_score = words[nearest : nearest + 1], float("-inf")
    for first in range(nearest, -1, -1):
        if words[nearest].end_s - words[first].start_s > MAX_QUOTE_S:
            break
        for last in range(nearest, len(words)):
            duration_s = words[last].end_s - words[first].start_s
            if duration_s > MAX_QUOTE_S:
                break
            score = duration_s
            score -= _CUT_COST_S * (first > 0 and not _ends_clause(words[first - 1]))
            score -= _CUT_COST_S * (last + 1 < len(words) and not _ends_clause(words[last]))
            if score > best_score:
                best, best_score = words[first : last + 1], score
    return best


def _is_shown(segment: Segment, heard: Sequence[int], times: Sequence[tuple[int, int]]) -> bool:
    """Whether what is heard of a sentence can be read: all of it, or some words for a time."""
    if len(heard) == len(segment.words):
        return True
    duration = times[heard[-1]][1] - times[heard[0]][0]
    return len(heard) > 1 and duration >= _MIN_PART_S * RATE_HZ


def _to_sentence(
    segment: Segment, heard: Sequence[int], times: Sequence[tuple[int, int]]
) -> TimedSentence:
    places = _find_places(segment)
    first, last = heard[0], heard[-1]
    is_complete = last + 1 == len(segment.words)
    end = len(segment.text) if is_complete else places[last] + len(segment.words[last].text)
    opening = "“" + (_ELLIPSIS if first else "")
    closing = ("" if is_complete else _ELLIPSIS) + "”"
    text = opening + segment.text[places[first] : end] + closing
    shift = len(opening) - places[first]
    words = [(0 if n == first else places[n] + shift, times[n][0]) for n in range(first, last + 1)]
    stop = max(times[n][1] for n in heard)
    return TimedSentence(text, times[first][0], stop, words=tuple(words), speaker=QUOTED)


def _find_places(segment: Segment) -> list[int]:
    """Returns the place of each word in the text of the segment, which has spaces between them only
    in scripts with spaces."""
    places, at = [], 0
    for word in segment.words:
        found = segment.text.find(word.text, at)
        places.append(at if found < 0 else found)
        at = places[-1] + (0 if found < 0 else len(word.text))
    return places


def _to_film(word: Word, shot: Shot, begin: int) -> tuple[int, int]:
    """Returns begin and end of a word in samples of the film."""
    start, end = to_seconds(word.start_s) - shot.begin, to_seconds(word.end_s) - shot.begin
    start_sample = begin + round(start * RATE_HZ)
    return start_sample, max(start_sample + 1, begin + round(end * RATE_HZ))


def _ends_clause(word: Word) -> bool:
    return word.text.rstrip("\"'”’»)]")[-1:] in _CLAUSE_MARKS


def _middle(word: Word) -> float:
    return (word.start_s + word.end_s) / 2
