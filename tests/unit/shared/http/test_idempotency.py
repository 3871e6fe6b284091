"""Idempotency keys: repeated, different, refused, failed and concurrent requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import FirestoreUnavailable, InvalidOption
from shared.flows.documents import all_documents
from shared.http.idempotency import CLAIM_TIMEOUT_S, KEY_TTL, handle_once
from shared.http.problems import KeyInUse, KeyReused
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from shared.http.schemas import RequestModel, ResponseModel
from shared.ports.identity import User
from tests.fakes.clock import ManualClock
from tests.unit.functions.api.test_rate_limits import make_request


class ItemRequest(RequestModel):
    name: str


class ItemResponse(ResponseModel):
    text: str


def make_fields(name: str = "tea", uid: str = "alice", key: str = "k1", seed: str = "s1") -> Any:
    return {
        "user_or_none": User(uid, ""),
        "body_or_none": ItemRequest(name=name),
        "idempotency_key": key,
        "seed": seed,
    }


class Counter:
    """A handler that records the seed of each call."""

    def __init__(self, on_call: Callable[[], None] = lambda: None) -> None:
        self.seeds: list[str] = []
        self.on_call = on_call

    def __call__(self, request: ApiRequest) -> ApiResponse:
        self.seeds.append(request.seed)
        self.on_call()
        text = f"{request.seed} {len(self.seeds)}"
        return ApiResponse(ItemResponse(text=text), status=201, headers={"Location": "/made"})


def make_route(
    handler: Callable[[ApiRequest], ApiResponse], *, has_capability: bool = False
) -> Route:
    return Route(
        "POST",
        "/items",
        handler,
        "Create an item.",
        ItemResponse,
        body=ItemRequest,
        idempotent=True,
        has_capability=has_capability,
    )


def make_next_request(request: ApiRequest, **changes: Any) -> ApiRequest:
    """Returns another request to the same services."""
    return ApiRequest(
        services=request.services,
        settings=request.settings,
        path_params={},
        **make_fields(**changes),
    )


def test_repeated_request_gets_the_saved_response() -> None:
    handler = Counter()
    first_call = make_request(ManualClock(), **make_fields())
    first = handle_once(make_route(handler), first_call)
    second = handle_once(make_route(handler), make_next_request(first_call, seed="s2"))

    assert handler.seeds == ["s1"]
    assert first.body is not None
    assert second.content == first.body.model_dump_json().encode()
    assert second.status == 201
    assert second.headers == {"Location": "/made", "Idempotency-Replayed": "true"}


def test_different_request_with_the_same_key_is_refused() -> None:
    request = make_request(ManualClock(), **make_fields())
    handle_once(make_route(Counter()), request)

    with pytest.raises(KeyReused):
        handle_once(make_route(Counter()), make_next_request(request, name="coffee"))


def test_keys_of_different_users_are_independent() -> None:
    handler = Counter()
    request = make_request(ManualClock(), **make_fields())
    handle_once(make_route(handler), request)
    handle_once(
        make_route(handler), make_next_request(request, uid="bob", name="coffee", seed="s2")
    )

    assert handler.seeds == ["s1", "s2"]


def test_key_expires_after_a_day() -> None:
    handler, clock = Counter(), ManualClock()
    request = make_request(clock, **make_fields())
    handle_once(make_route(handler), request)
    clock.time += KEY_TTL
    handle_once(make_route(handler), make_next_request(request, name="coffee", seed="s2"))

    assert handler.seeds == ["s1", "s2"]


def test_refused_request_releases_its_key() -> None:
    def refuse() -> None:
        raise InvalidOption("No.")

    request = make_request(ManualClock(), **make_fields())
    with pytest.raises(InvalidOption):
        handle_once(make_route(Counter(refuse)), request)

    second_handler = Counter()
    handle_once(make_route(second_handler), make_next_request(request, name="coffee", seed="s2"))
    assert second_handler.seeds == ["s2"]


def test_failed_request_is_continued_with_its_seed() -> None:
    def fail() -> None:
        raise FirestoreUnavailable

    request = make_request(ManualClock(), **make_fields())
    with pytest.raises(FirestoreUnavailable):
        handle_once(make_route(Counter(fail)), request)

    second_handler = Counter()
    handle_once(make_route(second_handler), make_next_request(request, seed="s2"))
    assert second_handler.seeds == ["s1"]


def test_second_request_waits_and_then_raises_key_in_use() -> None:
    clock = ManualClock()
    request = make_request(clock, **make_fields())
    errors: list[Exception] = []

    def repeat() -> None:
        with pytest.raises(KeyInUse) as error:
            handle_once(make_route(Counter()), make_next_request(request, seed="s2"))
        errors.append(error.value)

    handle_once(make_route(Counter(repeat)), request)

    assert len(errors) == 1
    assert sum(clock.slept) == 10


def test_expired_claim_is_taken_over() -> None:
    clock, second_handler = ManualClock(), Counter()
    request = make_request(clock, **make_fields())

    def expire() -> None:
        clock.time += timedelta(seconds=CLAIM_TIMEOUT_S)
        handle_once(make_route(second_handler), make_next_request(request, seed="s2"))

    handle_once(make_route(Counter(expire)), request)

    assert second_handler.seeds == ["s1"]


def test_body_cannot_be_guessed_from_the_document() -> None:
    """A body may contain the password of a camera."""
    clock = ManualClock()
    route = make_route(Counter())
    requests = [make_request(clock, **make_fields(key=key)) for key in ("k1", "k2")]
    for request in requests:
        handle_once(route, request)
    first, second = (
        request.services.store.run_query(all_documents("idempotency"))[0].data
        for request in requests
    )

    assert first["fingerprint"] != second["fingerprint"], "equal bodies are recognized"
    assert "k1" not in str(first)


def test_response_with_a_capability_is_created_again_from_the_seed() -> None:
    request = make_request(ManualClock(), **make_fields())
    route = make_route(counter := Counter(), has_capability=True)
    handle_once(route, request)
    [doc] = request.services.store.run_query(all_documents("idempotency"))
    repeated = handle_once(route, make_next_request(request, seed="s2"))

    assert doc.data["response"]["body"] == ""
    assert (counter.seeds, repeated.content) == (["s1", "s1"], None)
    assert repeated.headers["Idempotency-Replayed"] == "true"


def test_response_without_a_body_is_not_created_again() -> None:
    def handle(request: ApiRequest) -> ApiResponse:
        seeds.append(request.seed)
        return ApiResponse(status=204)

    seeds: list[str] = []
    request, route = make_request(ManualClock(), **make_fields()), make_route(handle)
    handle_once(route, request)
    repeated = handle_once(route, make_next_request(request, seed="s2"))

    assert (repeated.status, repeated.content, seeds) == (204, None, ["s1"])
