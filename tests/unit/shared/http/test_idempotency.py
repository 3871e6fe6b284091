"""One key, one request: whatever is sent twice, breaks off or is something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import InvalidOption, LedgerUnavailable
from shared.http.idempotency import ABANDONED_S, KEPT, answer_once
from shared.http.problems import KeyInUse, KeyReused
from shared.http.request import Answer, Call
from shared.http.routing import Route
from shared.http.schemas import Form, Told
from shared.ports.identity import User
from tests.unit.functions.api.test_rate_limits import Dial, a_call


class Wish(Form):
    name: str


class Made(Told):
    text: str


def a_wish(name: str = "tea", uid: str = "alice", key: str = "k1", seed: str = "s1") -> Any:
    return {
        "user_or_none": User(uid, ""),
        "body_or_none": Wish(name=name),
        "idempotency_key": key,
        "seed": seed,
    }


class Counter:
    """A handler that tells from which seed and how often it was called."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.seeds: list[str] = []
        self.meanwhile = meanwhile

    def __call__(self, call: Call) -> Answer:
        self.seeds.append(call.seed)
        self.meanwhile()
        text = f"{call.seed} {len(self.seeds)}"
        return Answer(Made(text=text), status=201, headers={"Location": "/made"})


def route(handler: Callable[[Call], Answer]) -> Route:
    return Route("POST", "/wishes", handler, "Wish.", Made, body=Wish, idempotent=True)


def again(call: Call, **changes: Any) -> Call:
    """The same house, another request."""
    return Call(world=call.world, settings=call.settings, named={}, **a_wish(**changes))


def test_a_repeat_gets_the_saved_answer() -> None:
    handler = Counter()
    first_call = a_call(Dial(), **a_wish())
    first = answer_once(route(handler), first_call)
    second = answer_once(route(handler), again(first_call, seed="s2"))

    assert handler.seeds == ["s1"]
    assert first.body is not None
    assert second.content == first.body.model_dump_json().encode()
    assert second.status == 201
    assert second.headers == {"Location": "/made", "Idempotency-Replayed": "true"}


def test_another_request_under_the_same_key_is_refused() -> None:
    call = a_call(Dial(), **a_wish())
    answer_once(route(Counter()), call)

    with pytest.raises(KeyReused):
        answer_once(route(Counter()), again(call, name="coffee"))


def test_keys_of_two_people_are_two_keys() -> None:
    handler = Counter()
    call = a_call(Dial(), **a_wish())
    answer_once(route(handler), call)
    answer_once(route(handler), again(call, uid="bob", name="coffee", seed="s2"))

    assert handler.seeds == ["s1", "s2"]


def test_a_key_is_forgotten_after_a_day() -> None:
    handler, dial = Counter(), Dial()
    call = a_call(dial, **a_wish())
    answer_once(route(handler), call)
    dial.at += KEPT
    answer_once(route(handler), again(call, name="coffee", seed="s2"))

    assert handler.seeds == ["s1", "s2"]


def test_a_refused_request_leaves_its_key_free() -> None:
    def refuse() -> None:
        raise InvalidOption("No.")

    call = a_call(Dial(), **a_wish())
    with pytest.raises(InvalidOption):
        answer_once(route(Counter(refuse)), call)

    mended = Counter()
    answer_once(route(mended), again(call, name="coffee", seed="s2"))
    assert mended.seeds == ["s2"]


def test_a_request_that_broke_off_goes_on_from_its_own_seed() -> None:
    def away() -> None:
        raise LedgerUnavailable

    call = a_call(Dial(), **a_wish())
    with pytest.raises(LedgerUnavailable):
        answer_once(route(Counter(away)), call)

    mended = Counter()
    answer_once(route(mended), again(call, seed="s2"))
    assert mended.seeds == ["s1"]


def test_a_second_request_waits_and_is_told_when_the_first_takes_too_long() -> None:
    dial = Dial()
    call = a_call(dial, **a_wish())
    refusals: list[Exception] = []

    def come_again() -> None:
        with pytest.raises(KeyInUse) as refusal:
            answer_once(route(Counter()), again(call, seed="s2"))
        refusals.append(refusal.value)

    answer_once(route(Counter(come_again)), call)

    assert len(refusals) == 1
    assert sum(dial.slept) == 10


def test_a_key_whose_holder_has_died_is_taken_over() -> None:
    dial, other = Dial(), Counter()
    call = a_call(dial, **a_wish())

    def die() -> None:
        dial.at += timedelta(seconds=ABANDONED_S)
        answer_once(route(other), again(call, seed="s2"))

    answer_once(route(Counter(die)), call)

    assert other.seeds == ["s1"]
