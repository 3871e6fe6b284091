"""The limit of calls per minute of one instance."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from shared.ports.models import VoiceOverloaded
from shared.ports.speech_recognition import (
    Recognition,
    RecognitionOverloaded,
    RecognitionRequest,
    RecognizedWord,
)
from shared.runtime.models.throttle import MAX_DELAY_S, Throttle
from shared.runtime.models.throttled import ThrottledRecognizer
from tests.fakes.clock import START, ManualClock


def call_times(throttle: Throttle, clock: ManualClock, count: int) -> list[float]:
    """Makes calls as early as the throttle allows. Returns their times in seconds."""
    times: list[float] = []
    while len(times) < count:
        try:
            throttle.acquire(VoiceOverloaded)
        except VoiceOverloaded as error:
            clock.time += timedelta(seconds=error.retry_after_s)
        else:
            times.append((clock.time - START).total_seconds())
    return times


def test_no_minute_holds_more_calls_than_the_share() -> None:
    clock = ManualClock()
    times = call_times(Throttle(1000, 20, clock), clock, 300)
    assert all(later - time >= 60 for time, later in zip(times, times[50:], strict=False))
    assert times[-1] == 5 * 60


def test_share_below_one_call_a_minute_makes_the_period_longer() -> None:
    clock = ManualClock()
    times = call_times(Throttle(5, 20, clock), clock, 4)
    assert [later - time for time, later in pairwise(times)] == [240] * 3


def test_fractional_share_is_not_exceeded() -> None:
    clock = ManualClock()
    times = call_times(Throttle(50, 20, clock), clock, 26)
    assert times[-1] - times[0] == pytest.approx(25 / 2.5 * 60, abs=24)


def test_short_delay_is_waited_for_and_a_long_one_is_refused() -> None:
    clock = ManualClock()
    throttle = Throttle(1, 1, clock)
    throttle.acquire(VoiceOverloaded)
    with pytest.raises(VoiceOverloaded) as caught:
        throttle.acquire(VoiceOverloaded)
    assert (caught.value.retry_after_s, clock.slept) == (60, [])
    clock.time += timedelta(seconds=60 - MAX_DELAY_S)
    throttle.acquire(VoiceOverloaded)
    assert clock.slept == [MAX_DELAY_S]
    assert clock.time == START + timedelta(seconds=60)


def test_refused_call_does_not_count() -> None:
    clock = ManualClock()
    throttle = Throttle(2, 1, clock)
    for _ in range(2):
        throttle.acquire(VoiceOverloaded)
    for _ in range(10):
        with pytest.raises(VoiceOverloaded):
            throttle.acquire(VoiceOverloaded)
    clock.time += timedelta(seconds=60)
    for _ in range(2):
        throttle.acquire(VoiceOverloaded)
    assert clock.slept == []


def test_recognizer_beyond_its_limit_is_not_called() -> None:
    class Recognizer:
        engine = "test"
        calls = 0

        def recognize(self, request: RecognitionRequest) -> Recognition:
            self.calls += 1
            return Recognition((RecognizedWord("Yes.", 0, 1),), request.language)

    inner = Recognizer()
    throttled = ThrottledRecognizer(inner, Throttle(1, 1, ManualClock()))
    request = RecognitionRequest(b"", "en")
    assert throttled.engine == "test"
    assert throttled.recognize(request).language == "en"
    with pytest.raises(RecognitionOverloaded):
        throttled.recognize(request)
    assert inner.calls == 1
