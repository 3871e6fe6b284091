"""One key, one request: whatever is sent twice, breaks off or is something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import FirestoreUnavailable, InvalidOption
from shared.http.idempotency import CLAIM_TIMEOUT_S, KEY_TTL, handle_once
from shared.http.problems import KeyInUse, KeyReused
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from shared.http.schemas import RequestModel, ResponseModel
from shared.ports.identity import User
from tests.unit.functions.api.test_rate_limits import ManualClock, make_request


class Wish(RequestModel):
    name: str


class Made(ResponseModel):
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

    def __call__(self, request: ApiRequest) -> ApiResponse:
        self.seeds.append(request.seed)
        self.meanwhile()
        text = f"{request.seed} {len(self.seeds)}"
        return ApiResponse(Made(text=text), status=201, headers={"Location": "/made"})


def route(handler: Callable[[ApiRequest], ApiResponse]) -> Route:
    return Route("POST", "/items", handler, "Wish.", Made, body=Wish, idempotent=True)


def again(request: ApiRequest, **changes: Any) -> ApiRequest:
    """The same house, another request."""
    return ApiRequest(
        services=request.services, settings=request.settings, path_params={}, **a_wish(**changes)
    )


def test_a_repeat_gets_the_saved_answer() -> None:
    handler = Counter()
    first_call = make_request(ManualClock(), **a_wish())
    first = handle_once(route(handler), first_call)
    second = handle_once(route(handler), again(first_call, seed="s2"))

    assert handler.seeds == ["s1"]
    assert first.body is not None
    assert second.content == first.body.model_dump_json().encode()
    assert second.status == 201
    assert second.headers == {"Location": "/made", "Idempotency-Replayed": "true"}


def test_another_request_under_the_same_key_is_refused() -> None:
    call = make_request(ManualClock(), **a_wish())
    handle_once(route(Counter()), call)

    with pytest.raises(KeyReused):
        handle_once(route(Counter()), again(call, name="coffee"))


def test_keys_of_two_people_are_two_keys() -> None:
    handler = Counter()
    call = make_request(ManualClock(), **a_wish())
    handle_once(route(handler), call)
    handle_once(route(handler), again(call, uid="bob", name="coffee", seed="s2"))

    assert handler.seeds == ["s1", "s2"]


def test_a_key_is_forgotten_after_a_day() -> None:
    handler, dial = Counter(), ManualClock()
    call = make_request(dial, **a_wish())
    handle_once(route(handler), call)
    dial.time += KEY_TTL
    handle_once(route(handler), again(call, name="coffee", seed="s2"))

    assert handler.seeds == ["s1", "s2"]


def test_a_refused_request_leaves_its_key_free() -> None:
    def refuse() -> None:
        raise InvalidOption("No.")

    call = make_request(ManualClock(), **a_wish())
    with pytest.raises(InvalidOption):
        handle_once(route(Counter(refuse)), call)

    mended = Counter()
    handle_once(route(mended), again(call, name="coffee", seed="s2"))
    assert mended.seeds == ["s2"]


def test_a_request_that_broke_off_goes_on_from_its_own_seed() -> None:
    def away() -> None:
        raise FirestoreUnavailable

    call = make_request(ManualClock(), **a_wish())
    with pytest.raises(FirestoreUnavailable):
        handle_once(route(Counter(away)), call)

    mended = Counter()
    handle_once(route(mended), again(call, seed="s2"))
    assert mended.seeds == ["s1"]


def test_a_second_request_waits_and_is_told_when_the_first_takes_too_long() -> None:
    dial = ManualClock()
    call = make_request(dial, **a_wish())
    refusals: list[Exception] = []

    def come_again() -> None:
        with pytest.raises(KeyInUse) as refusal:
            handle_once(route(Counter()), again(call, seed="s2"))
        refusals.append(refusal.value)

    handle_once(route(Counter(come_again)), call)

    assert len(refusals) == 1
    assert sum(dial.slept) == 10


def test_a_key_whose_holder_has_died_is_taken_over() -> None:
    dial, other = ManualClock(), Counter()
    call = make_request(dial, **a_wish())

    def die() -> None:
        dial.time += timedelta(seconds=CLAIM_TIMEOUT_S)
        handle_once(route(other), again(call, seed="s2"))

    handle_once(route(Counter(die)), call)

    assert other.seeds == ["s1"]
