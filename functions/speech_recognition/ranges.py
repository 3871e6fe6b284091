"""Divides the speech of a window into the sounds of requests, which are cut where it is quiet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from functions.speech_recognition.activity import MARGIN, Mono, Span, find_quiet_point
from shared.ports.speech_recognition import SAMPLE_RATE_HZ

MAX_REQUEST_S = 28
"""The sound of a request. Whisper takes 30 s at once, and makes a third more errors in a longer
sound (8 of 121 words of the local neural voice, 5 in requests of 28 s). Speech-to-Text takes
MAX_SOUND_S."""
_MAX_LENGTH = MAX_REQUEST_S * SAMPLE_RATE_HZ
_SEARCH_LENGTH = 10 * SAMPLE_RATE_HZ
"""Speech without a pause is cut at the quietest point of the last seconds of a request."""
_MAX_PAUSE = 2 * SAMPLE_RATE_HZ
"""A longer pause is not sent. Shorter ones cost less than another request, and the words around
them help each other to be recognized."""


def divide_speech(samples: Mono, speech: Sequence[Span], limits: Span) -> list[Span]:
    """Returns the ranges to recognize, in order and without overlap, each short enough for one
    request.

    Args:
        samples: The sound of the window.
        speech: Where speech was found.
        limits: Speech beyond it belongs to the neighbouring windows.
    """
    requests: list[Span] = []
    for span in _clip(speech, limits):
        previous = requests[-1] if requests else None
        if (
            previous is not None
            and span.start - previous.end <= _MAX_PAUSE
            and span.end - previous.start <= _MAX_LENGTH
        ):
            requests[-1] = Span(previous.start, span.end)
        else:
            requests += _cut(samples, span)
    return requests


def _clip(speech: Sequence[Span], limits: Span) -> Iterator[Span]:
    for span in speech:
        clipped = Span(max(span.start, limits.start), min(span.end, limits.end))
        # What is left of a span may be only the margin beside its speech.
        if clipped.length > (0 if clipped == span else MARGIN):
            yield clipped


def _cut(samples: Mono, span: Span) -> Iterator[Span]:
    start = span.start
    while span.end - start > _MAX_LENGTH:
        limit = start + _MAX_LENGTH
        cut = find_quiet_point(samples, limit - _SEARCH_LENGTH, limit)
        yield Span(start, cut)
        start = cut
    yield Span(start, span.end)
