"""How often something may be asked for: in any window, by whoever asks at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.api.limits import Policy, look, take
from shared.driver import Neighbours
from shared.errors import LimitReached
from shared.http.exchange import Call
from tests.unit.api.house import SETTINGS
from tests.unit.chain.memory import MemoryLedger

POLICY = Policy("jobs", 5, 60, "At most five.")
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Dial:
    """A clock that is set by hand."""

    at: datetime = START
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def a_call(dial: Dial, **more: Any) -> Call:
    world = Neighbours(
        store=MemoryLedger(),
        objects=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        clock=dial,
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    return Call(world=world, settings=SETTINGS, named={}, **more)


def let_in(call: Call, who: str = "alice") -> bool:
    try:
        take(call, POLICY, who)
    except LimitReached:
        return False
    return True


def test_as_many_are_let_in_as_may_and_then_nobody() -> None:
    call = a_call(Dial())

    assert [let_in(call) for _ in range(8)] == [True] * 5 + [False] * 3
    assert let_in(call, "bob")


def test_what_remains_is_told_before_and_after() -> None:
    call = a_call(Dial(START + timedelta(seconds=45)))

    assert look(call, POLICY, "alice").headers == {
        "RateLimit-Policy": '"jobs";q=5;w=60',
        "RateLimit": '"jobs";r=5;t=15',
    }
    assert take(call, POLICY, "alice").remaining == 4
    assert look(call, POLICY, "alice").remaining == 4


@given(st.lists(st.floats(0, 200), max_size=60), st.floats(0, 60))
def test_no_window_lets_more_in_than_twice_what_may_and_no_clock_edge_is_a_loophole(
    steps: list[float], offset: float
) -> None:
    dial = Dial(START + timedelta(seconds=offset))
    call = a_call(dial)
    times: list[float] = []
    for step in sorted(steps):
        dial.at = START + timedelta(seconds=offset + step)
        if let_in(call):
            times.append(offset + step)

    for one in times:
        # What lies in the window before is weighed as if it were spread evenly.
        assert sum(one - 60 < other <= one for other in times) <= 2 * POLICY.quota - 1
        same_clock_window = [other for other in times if other // 60 == one // 60]
        assert len(same_clock_window) <= POLICY.quota


def test_a_burst_over_the_clocks_edge_is_one_burst() -> None:
    dial = Dial(START + timedelta(seconds=59.9))
    call = a_call(dial)
    before = [let_in(call) for _ in range(3)]
    dial.at += timedelta(seconds=0.2)

    assert sum(before) + sum(let_in(call) for _ in range(10)) == 5


@given(st.integers(0, 59), st.integers(0, 90), st.integers(1, 12))
def test_who_comes_again_when_told_is_let_in(begin: int, pause: int, asked: int) -> None:
    dial = Dial(START + timedelta(seconds=begin))
    call = a_call(dial)
    for _ in range(asked):
        let_in(call)
    dial.at += timedelta(seconds=pause)
    while let_in(call):
        pass

    with pytest.raises(LimitReached) as refusal:
        take(call, POLICY, "alice")
    dial.at += timedelta(seconds=refusal.value.retry_after_s)

    assert let_in(call)


def test_a_refusal_writes_nothing_and_names_nobody() -> None:
    call = a_call(Dial())
    for _ in range(5):
        let_in(call, "alice@moodreel.test")
    docs = dict(call.world.store.docs)  # type: ignore[attr-defined]

    assert not let_in(call, "alice@moodreel.test")
    assert call.world.store.docs == docs  # type: ignore[attr-defined]
    assert "alice" not in str(docs)
    [(data, _)] = docs.values()
    assert data["expires_at"] > START + timedelta(seconds=2 * POLICY.window_s)
