"""What is said at the strongest moments: in the results, and on the chart."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from functions.emotion_scoring.results.chart import render_timeline_chart
from functions.emotion_scoring.results.chart_text import LEFT_PX, RIGHT_PX, WIDTH_PX, Legend
from functions.emotion_scoring.results.series import Series
from functions.emotion_scoring.results.spoken import (
    Speech,
    find_sentences,
    rank_sentences,
    to_moment_sentence,
)
from functions.emotion_scoring.results.summary import Peak, Summary
from functions.emotion_scoring.results.timeline import build_timeline
from shared.recipes.captions.transcript import (
    Segment,
    Sentence,
    SpokenWords,
    Transcript,
    Word,
)
from shared.recipes.emotions.results import EmotionMoment
from tests.fixtures.media.emotions import make_moment
from tests.fixtures.media.faces import EMOTIONS, make_face, make_scored_frame

EVERY = Fraction(1)
SCRIPTS = (
    "I could not believe it when the letter came after all these long years of waiting. " * 4,
    "لم أصدق ذلك عندما وصلت الرسالة أخيرًا بعد تسع سنوات. " * 5,
    "手紙が届いたとき、信じられませんでした。" * 8,
    "मुझे विश्वास नहीं हुआ। " * 12,
    "ฉันไม่อยากจะเชื่อเลย " * 12,
    "Да.",
)


def _segment(start_s: float, end_s: float, text: str) -> Segment:
    return Segment(text, start_s, end_s, "en", (Word(text, start_s, end_s),))


def _find_peaks() -> tuple[Series, list[Peak]]:
    """Returns two peaks: happy from 2 s to 6 s with its peak at 4 s, sad from 20 s to 23 s."""
    series, summary = Series(), Summary(EMOTIONS, EVERY)
    scores = {2: 0.7, 3: 0.8, 4: 0.95, 5: 0.8, 20: 0.8, 21: 0.9, 22: 0.8}
    frames = [
        make_scored_frame(
            k,
            make_face(100, **({"happy": scores[k]} if k < 10 else {"sad": scores[k]}))
            if k in scores
            else make_face(100, neutral=0.9),
            every=EVERY,
        )
        for k in range(30)
    ]
    for moment in build_timeline(((0, frame) for frame in frames), EMOTIONS, smooth=False):
        series.add(moment)
        summary.add(moment)
    return series, summary.select_peaks()


@pytest.mark.parametrize(
    ("times", "number"),
    [
        (((0, 3), (3.5, 4.5), (5, 6)), 2),  # said at the peak
        (((0, 3), (5, 6)), 1),  # nothing is said at 4 s: both are 1 s away, the first wins
        (((0, 1), (5, 8)), 2),  # the first is said before the episode
        (((0, 1), (7, 9)), None),
        ((), None),
    ],
)
def test_sentence_of_a_peak_is_said_at_it_or_nearest_within_its_episode(
    times: tuple[tuple[float, float], ...], number: int | None
) -> None:
    segments = tuple(_segment(begin, end, f"At {begin}.") for begin, end in times)
    speech = Speech(SpokenWords(Transcript("en", "test", segments)), EVERY)
    found = find_sentences(speech, _find_peaks()[1])[0]
    assert (None if found is None else found.number) == number


def test_sentences_are_ranked_by_their_strongest_moment() -> None:
    _, peaks = _find_peaks()
    one, two = Sentence(1, 3.0, 5.0, "One."), Sentence(2, 20.0, 22.0, "Two.")
    rows = rank_sentences(peaks, [two, one])
    assert [(row["text"], row["moments"]) for row in rows] == [("Two.", [1]), ("One.", [2])]
    assert rank_sentences(peaks, [one, one])[0]["moments"] == [1, 2]
    assert rank_sentences(peaks, [None, None]) == []


def test_recorded_sentence_has_no_words() -> None:
    moment = make_moment(4.0, sentence=to_moment_sentence(Sentence(7, 3.0, 5.0, "A secret.")))
    data = moment.to_dict()
    assert data["sentence"] == {"number": 7, "begin_s": 3.0, "end_s": 5.0}
    assert EmotionMoment.from_dict(data) == moment
    del data["sentence"]  # of an earlier version
    assert EmotionMoment.from_dict(data).sentence is None


def _chart(texts: tuple[str | None, ...] | None) -> Any:
    series, peaks = _find_peaks()
    peaks = [peaks[n % 2] for n in range(len(texts))] if texts is not None else peaks
    sentences = None
    if texts is not None:
        sentences = [None if t is None else Sentence(n, 0, 1, t) for n, t in enumerate(texts, 1)]
    data = render_timeline_chart(
        series, EMOTIONS, peaks, Legend("A title", "", "", {}), start=Fraction(0), every=EVERY,
        sentences=sentences,
    )  # fmt: skip
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image


def test_chart_without_a_transcript_has_no_list_of_sentences() -> None:
    assert _chart(None).shape[0] < _chart((None, None)).shape[0]


def test_chart_shows_a_line_for_each_sentence_in_every_script() -> None:
    image = _chart(SCRIPTS)
    without = _chart(None).shape[0]
    ink = (image[without - 10 :] < 200).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], ink, [0])).astype(np.int8)))
    lines = edges.reshape(-1, 2)
    # The heading and the rows: white between all of them, so none overlap.
    assert len(lines) == 1 + len(SCRIPTS)
    assert (image[without - 10 :, WIDTH_PX - RIGHT_PX + 2 :] > 200).all()
    assert (image[without - 10 :, : LEFT_PX - 2] > 200).all()
