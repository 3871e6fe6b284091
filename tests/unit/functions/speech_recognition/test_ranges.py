"""How the speech of a window is divided into requests."""

from __future__ import annotations

import numpy as np

from functions.speech_recognition.activity import MARGIN, Span
from functions.speech_recognition.ranges import divide_speech
from shared.ports.speech_recognition import SAMPLE_RATE_HZ

SAMPLES = np.zeros(30 * SAMPLE_RATE_HZ, np.int16)


def test_margin_of_speech_beyond_the_limits_is_no_request() -> None:
    """The speech that the margin belongs to is recognized by the neighbouring window."""
    speech = [Span(0, 10_000), Span(200_000, 220_000), Span(400_000, 480_000)]
    limits = Span(10_000 - MARGIN, 400_000 + MARGIN)
    assert divide_speech(SAMPLES, speech, limits) == [Span(200_000, 220_000)]


def test_speech_across_the_limits_is_clipped() -> None:
    speech = [Span(0, 30_000), Span(200_000, 220_000), Span(400_000, 480_000)]
    limits = Span(10_000, 420_000)
    requests = [Span(10_000, 30_000), Span(200_000, 220_000), Span(400_000, 420_000)]
    assert divide_speech(SAMPLES, speech, limits) == requests
