"""Clips of a video with a transcript: where they are cut, and what they quote."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest

from functions.stitching.film.timeline import RATE_HZ, Pacing, Scene
from functions.stitching.footage.quotes import MAX_QUOTE_S, QUOTED, Quotes
from functions.stitching.footage.shots import (
    MONTAGE_SAMPLES,
    SILENT_CLIP_SAMPLES,
    SOLO_SAMPLES,
    Moment,
    Shot,
)
from functions.stitching.footage.word_cuts import WordCut, cut_at_words, cut_montage_at_words
from functions.stitching.footage.word_gaps import WordGaps, to_seconds
from shared.recipes.captions.transcript import Segment, Transcript, Word

PACING = Pacing(SOLO_SAMPLES, SOLO_SAMPLES, 3 * RATE_HZ, SILENT_CLIP_SAMPLES)
DURATION = Fraction(60)


def make_words(*times: tuple[float, float]) -> tuple[Word, ...]:
    return tuple(Word(f"w{n}", begin, end) for n, (begin, end) in enumerate(times))


def make_transcript(*sentences: Sequence[Word]) -> Transcript:
    segments = [
        Segment(" ".join(word.text for word in words), words[0].start_s, words[-1].end_s, "en",
                tuple(words))
        for words in sentences
    ]  # fmt: skip
    return Transcript("en", "test", tuple(segments))


def make_speech(seed: int) -> Transcript:
    """A minute of sentences; many words follow each other without a pause."""
    source = random.Random(seed)
    at, sentences = source.uniform(0, 3), []
    while at < 56:
        words = []
        for n in range(source.randint(1, 14)):
            length = source.choice((0.12, 0.25, 0.4, 0.7))
            words.append(Word(f"w{n}", round(at, 3), round(at + length, 3)))
            at = round(at + length + source.choice((0, 0, 0, 0.05, 0.2)), 3)
        sentences.append(words)
        at += source.choice((0.3, 0.8, 2.5))
    return make_transcript(*sentences)


def is_within_a_word(transcript: Transcript, time: Fraction) -> bool:
    return any(
        to_seconds(word.start_s) < time < to_seconds(word.end_s)
        for segment in transcript.segments
        for word in segment.words
    )


def end_of(cut: WordCut, speech_samples: int) -> Fraction:
    pacing = cut.pacing
    length = pacing.lead + speech_samples + pacing.tail if speech_samples else pacing.silent_length
    return cut.begin + Fraction(length, RATE_HZ)


@pytest.mark.parametrize("speech_s", [0, 4.3])
def test_no_clip_begins_or_ends_within_a_word(speech_s: float) -> None:
    samples = round(speech_s * RATE_HZ)
    quoted = 0
    for seed in range(60):
        transcript = make_speech(seed)
        quotes, gaps = Quotes(transcript), Quotes(transcript).gaps
        peak = random.Random(seed).uniform(0, 59)
        moment = Moment(peak, 0.9, extent=(peak - 1, peak + 1))
        quote = quotes.find(moment)
        cut = cut_at_words(gaps, moment, quote, samples, PACING, DURATION)
        if cut is None:
            # No word is near the edges of a clip that is cut where it is quiet.
            assert quote is None
            continue
        begin, end = cut.begin, end_of(cut, samples)
        assert 0 <= begin < end <= DURATION
        assert not is_within_a_word(transcript, begin)
        assert not is_within_a_word(transcript, end)
        if quote is not None and begin <= quote[0] and quote[1] <= end:
            spoken = begin + Fraction(cut.pacing.lead, RATE_HZ)
            assert (
                not samples or quote[1] < spoken or quote[0] > spoken + Fraction(samples, RATE_HZ)
            )
            quoted += 1
        part = cut_montage_at_words(gaps, moment, DURATION)
        if part is not None:
            assert MONTAGE_SAMPLES * 0.7 <= part[1] <= MONTAGE_SAMPLES * 1.5
            assert not is_within_a_word(transcript, part[0])
            assert not is_within_a_word(transcript, part[0] + Fraction(part[1], RATE_HZ))
    assert quoted > 40


def test_quote_at_the_end_of_the_video_follows_the_narration() -> None:
    words = make_words((55, 55.5), (55.5, 56.2), (56.2, 58))
    moment = Moment(57.0, 0.9, extent=(55, 58))
    transcript = make_transcript(words)
    samples = 4 * RATE_HZ
    cut = cut_at_words(
        WordGaps(words), moment, Quotes(transcript).find(moment), samples, PACING, Fraction(58)
    )
    assert cut is not None
    assert cut.begin + Fraction(cut.pacing.lead + samples, RATE_HZ) < 55
    assert end_of(cut, samples) == 58


def test_clip_without_words_near_its_edges_is_cut_where_it_is_quiet() -> None:
    gaps = WordGaps(make_words((1, 1.5), (50, 51)))
    moment = Moment(25.0, 0.9, extent=(24, 26))
    assert cut_at_words(gaps, moment, None, 0, PACING, DURATION) is None
    assert not WordGaps(())


def test_clip_stays_in_its_scene() -> None:
    transcript = make_speech(3)
    moment = Moment(25.0, limits=(20.05, 35.05), extent=(20.05, 35.05))
    quotes = Quotes(transcript)
    cut = cut_at_words(quotes.gaps, moment, quotes.find(moment), 4 * RATE_HZ, PACING, DURATION)
    assert cut is not None
    assert 20.05 <= cut.begin < end_of(cut, 4 * RATE_HZ) <= 35.05


def test_cut_is_rather_in_a_pause_than_between_two_words_without_one() -> None:
    gaps = WordGaps(make_words((9, 9.9), (9.9, 10.2), (10.5, 11)))
    assert gaps.find_nearest(Fraction(10), Fraction(9), Fraction(11)) == Fraction("10.28")
    # Words of two speakers at a time have no gap between them.
    assert WordGaps(make_words((1, 3), (2, 4))).find(Fraction(3)) is None
    assert gaps.find_nearest(Fraction("9.5"), Fraction("9.2"), Fraction("9.8")) is None


def test_part_of_a_long_sentence_around_the_moment_is_quoted() -> None:
    times = [(n * 0.5, n * 0.5 + 0.5) for n in range(40)]
    words = [Word(f"w{n}," if n in (13, 23) else f"w{n}", *time) for n, time in enumerate(times)]
    quote = Quotes(make_transcript(words)).find(Moment(9.2, 0.9, extent=(9, 9.5)))
    # The clause from word 14 to word 23 lasts five seconds.
    assert quote is not None
    assert [*quote] == [7, 12]
    assert quote[1] - quote[0] <= MAX_QUOTE_S


def test_what_is_heard_beside_the_narration_is_quoted_at_its_time() -> None:
    first = [Word("Oh,", 10, 10.4), Word("thank", 10.4, 10.8), Word("you!", 10.8, 11.3)]
    second = [Word("It", 16, 16.2), Word("is", 16.2, 16.5), Word("so", 16.6, 17.2),
              Word("kind.", 17.3, 17.9)]  # fmt: skip
    quotes = Quotes(make_transcript(first, second))
    # The clip shows 9.8 s to 17.25 s of the video, its narration is spoken from 12 s to 15.9 s.
    shot = Shot(0, round(7.45 * RATE_HZ), Fraction("9.8"), Moment(11))
    start = 100 * RATE_HZ
    scene = Scene(start, start + round(2.2 * RATE_HZ), start + round(6.1 * RATE_HZ),
                  start + round(7.45 * RATE_HZ))  # fmt: skip
    rows = list(quotes.find_heard(shot, scene))
    assert [(row.text, row.speaker) for row in rows] == [
        ("“Oh, thank you!”", QUOTED), ("“It is so…”", QUOTED),
    ]  # fmt: skip
    assert [(row.start / RATE_HZ, row.end / RATE_HZ) for row in rows] == [
        (100.2, 101.5), (106.2, 107.4),
    ]  # fmt: skip
    assert [place for place, _ in rows[0].words] == [0, 5, 11]
    # Under the narration nothing is quoted; without one, all that is heard.
    whole = Scene(start, start, start, scene.end)
    assert len(list(quotes.find_heard(shot, whole))) == 2
    spoken = Scene(start, start, scene.end, scene.end)
    assert not list(quotes.find_heard(shot, spoken))


def test_quote_of_a_script_without_spaces_has_none() -> None:
    words = (Word("信じ", 1, 1.4), Word("られ", 1.4, 1.8), Word("ません", 1.8, 2.4),
             Word("でした。", 2.4, 3))  # fmt: skip
    transcript = Transcript("ja", "test", (Segment("信じられませんでした。", 1, 3, "ja", words),))
    shot = Shot(0, round(1.4 * RATE_HZ), Fraction(1), Moment(2))
    (row,) = Quotes(transcript).find_heard(shot, Scene(0, 0, 0, shot.length))
    assert row.text == "“信じられません…”"
