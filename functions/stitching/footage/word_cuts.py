"""Where clips are cut in a video with a transcript: between words, around a quote. Pure.

A clip of a narrated moment lets its quote be heard before the narration, or after it where the
video ends too soon. The narration never covers the quote.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from functions.stitching.film.timeline import RATE_HZ, Pacing
from functions.stitching.footage.shots import (
    MAX_SHOT_SAMPLES,
    MONTAGE_SAMPLES,
    PEAK_POSITION,
    Moment,
)
from functions.stitching.footage.word_gaps import WordGaps, to_seconds

REACH_S = Fraction(1)
"""A clip begins and ends at most so long before or after where it would without words."""
_EDGE_S = Fraction(15, 100)
"""Between the edge of a clip and its quote, if there is a pause: own sounds fade in this time."""
_MAX_EDGE_S = Fraction(6, 10)
_PAUSE_S = Fraction(35, 100)
"""Between a quote and the narration: the sound of a clip goes up and down in this time."""
_MIN_EDGE_S = Fraction(6, 10)
"""The least time in which a clip is heard alone before and after its narration."""
_MONTAGE_REACH_S = Fraction(1, 2)

Range = tuple[Fraction, Fraction]
"""Begin and end in seconds of the video."""


@dataclass(frozen=True, slots=True)
class WordCut:
    """Where a clip begins, in seconds of the video, and its pacing: it ends between words too."""

    begin: Fraction
    pacing: Pacing


@dataclass(frozen=True, slots=True)
class _Clip:
    """A clip to be cut. Times in seconds.

    Attributes:
        limits: The part of the video that it may show.
        spoken: The duration of its narration; 0 without one.
        length: Its usual duration.
    """

    gaps: WordGaps
    limits: Range
    spoken: Fraction
    lead: Fraction
    tail: Fraction
    length: Fraction


def cut_at_words(
    gaps: WordGaps,
    moment: Moment,
    quote: Range | None,
    speech_samples: int,
    pacing: Pacing,
    duration: Fraction | None,
) -> WordCut | None:
    """Returns how a clip is cut between words; None if no word is near its edges, or no gap is.

    Args:
        quote: What is to be heard alone; None for nothing.
        speech_samples: The length of the narration of the clip, at 48 kHz.
        pacing: That of the clip without words.
        duration: That of the video in seconds; None if it is not known.
    """
    spoken = Fraction(speech_samples, RATE_HZ)
    lead, tail = Fraction(pacing.lead, RATE_HZ), Fraction(pacing.tail, RATE_HZ)
    usual = max(lead + spoken + tail, Fraction(pacing.min_length, RATE_HZ))
    length = usual if spoken else Fraction(pacing.silent_length, RATE_HZ)
    limits = _find_limits(moment, length, duration)
    clip = _Clip(gaps, limits, spoken, lead if spoken else Fraction(0), tail, length)
    if quote is not None:
        cut = _cut_before_narration(clip, quote)
        if cut is None and spoken:
            cut = _cut_after_narration(clip, quote)
        if cut is not None:
            return cut
    return _cut_around(clip, to_seconds(moment.time_s))


def cut_montage_at_words(
    gaps: WordGaps, moment: Moment, duration: Fraction | None
) -> tuple[Fraction, int] | None:
    """Returns begin and length in samples of a clip of the montage; None if no gap is near."""
    usual = Fraction(MONTAGE_SAMPLES, RATE_HZ)
    low, high = _find_limits(moment, usual, duration)
    target = max(low, min(to_seconds(moment.time_s) - usual * PEAK_POSITION, high - usual))
    begin = gaps.find_nearest(target, max(low, target - _MONTAGE_REACH_S), target + usual / 4)
    if begin is None:
        return None
    last = min(high, begin + usual + _MONTAGE_REACH_S)
    end = gaps.find_nearest(min(begin + usual, last), begin + usual * 7 / 10, last)
    return None if end is None else (begin, round((end - begin) * RATE_HZ))


def _find_limits(moment: Moment, length: Fraction, duration: Fraction | None) -> Range:
    end = to_seconds(float(duration)) if duration is not None else Fraction(10**6)
    if moment.limits is None or moment.limits_s < length:
        return Fraction(0), end
    first, last = map(to_seconds, moment.limits)
    return first, min(end, last)


def _cut_before_narration(clip: _Clip, quote: Range) -> WordCut | None:
    """Cuts a clip that begins with its quote. Without a narration it may begin earlier."""
    first = max(clip.limits[0], quote[0] - _MAX_EDGE_S)
    target = quote[0] - _EDGE_S
    if not clip.spoken:
        target = min(target, clip.limits[1] - clip.length)
        first = max(clip.limits[0], target - REACH_S)
    begin = clip.gaps.find_nearest(max(first, target), first, quote[0])
    if begin is None:
        return None
    lead = max(clip.lead, quote[1] + _PAUSE_S - begin) if clip.spoken else Fraction(0)
    return _end(clip, begin, lead, quote[1])


def _cut_after_narration(clip: _Clip, quote: Range) -> WordCut | None:
    """Cuts a clip that ends with its quote."""
    last = min(clip.limits[1], quote[1] + _MAX_EDGE_S)
    end = clip.gaps.find_nearest(quote[1] + _EDGE_S, quote[1], last)
    speech_begin = quote[0] - _PAUSE_S - clip.spoken
    latest = speech_begin - _MIN_EDGE_S
    target = max(clip.limits[0], speech_begin - clip.lead)
    first = max(clip.limits[0], target - REACH_S)
    if end is None or first > latest:
        return None
    begin = clip.gaps.find_nearest(min(target, latest), first, latest)
    if begin is None:
        return None
    return _to_cut(clip, begin, speech_begin - begin, end)


def _cut_around(clip: _Clip, peak: Fraction) -> WordCut | None:
    """Cuts a clip around its peak, as without words, but between words."""
    low, high = clip.limits
    target = max(low, min(peak - clip.length * PEAK_POSITION, high - clip.length))
    edges = target, target + clip.length
    if not any(clip.gaps.are_words_near(edge, REACH_S) for edge in edges):
        return None
    begin = clip.gaps.find_nearest(target, max(low, target - REACH_S), target + REACH_S)
    return None if begin is None else _end(clip, begin, clip.lead, begin)


def _end(clip: _Clip, begin: Fraction, lead: Fraction, heard_until: Fraction) -> WordCut | None:
    """Returns the cut of a clip that begins at `begin`, of about the usual length; None if it does
    not fit."""
    first = max(heard_until, begin + lead + clip.spoken + (_MIN_EDGE_S if clip.spoken else 0))
    target = begin + max(clip.length, lead + clip.spoken + clip.tail if clip.spoken else 0)
    last = min(clip.limits[1], max(first, target) + REACH_S)
    if first > last:
        return None
    end = clip.gaps.find_nearest(min(max(target, first), last), first, last)
    return None if end is None else _to_cut(clip, begin, lead, end)


def _to_cut(clip: _Clip, begin: Fraction, lead: Fraction, end: Fraction) -> WordCut | None:
    length = round((end - begin) * RATE_HZ)
    if not 0 < length <= MAX_SHOT_SAMPLES:
        return None
    lead_samples = round(lead * RATE_HZ)
    tail = length - lead_samples - round(clip.spoken * RATE_HZ)
    return WordCut(begin, Pacing(lead_samples, tail, 0, length))
