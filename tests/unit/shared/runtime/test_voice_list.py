"""How often the voices of the speech service are fetched, and who waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.ports.models import VoiceOverloaded
from shared.recipes.films.voices import Voice
from shared.runtime.voice_list import RETRY_AFTER, VALID_FOR, VoiceList
from tests.fakes.clock import ManualClock

VOICES = (Voice("de-DE-Standard-A", ("de-DE",)),)


class Service:
    """A speech service. `failures` of its answers are errors; `answer` is waited for first."""

    def __init__(self, failures: int = 0) -> None:
        self.calls = 0
        self.failures = failures
        self.answer: Callable[[], object] = lambda: None

    def fetch(self) -> tuple[Voice, ...]:
        self.calls += 1
        self.answer()
        if self.calls <= self.failures:
            raise VoiceOverloaded
        return VOICES


def _ignore(*_args: object, **_fields: object) -> None:
    return None


def test_many_requests_fetch_the_list_once_while_the_service_is_down() -> None:
    service, clock = Service(failures=99), ManualClock()
    voices = VoiceList(service.fetch, clock, _ignore)
    with ThreadPoolExecutor(8) as executor:
        assert set(executor.map(lambda _: voices.read(), range(500))) == {()}
    assert service.calls == 1
    clock.time += RETRY_AFTER
    voices.read()
    assert service.calls == 2


def test_requests_do_not_wait_while_another_one_renews_the_list() -> None:
    service, clock = Service(), ManualClock()
    voices = VoiceList(service.fetch, clock, _ignore)
    voices.read()
    is_fetching, may_answer = threading.Event(), threading.Event()

    def answer() -> None:
        is_fetching.set()
        assert may_answer.wait(60)

    service.answer = answer
    clock.time += VALID_FOR
    with ThreadPoolExecutor(2) as executor:
        renewing = executor.submit(voices.read)
        assert is_fetching.wait(60)
        try:
            assert executor.submit(voices.read).result(60) == VOICES
        finally:
            may_answer.set()
        assert renewing.result(60) == VOICES
    assert service.calls == 2
