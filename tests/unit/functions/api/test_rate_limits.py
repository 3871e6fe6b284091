"""How often something may be asked for: in any window, by whoever asks at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.api.rate_limits import Policy, consume, peek
from functions.api.routes import ROUTES
from shared.errors import LimitReached
from shared.flows.documents import Update, job_path
from shared.http.request import ApiRequest
from shared.jobs.model import JobInput, new_job
from shared.pipeline import RECIPES, Bucket
from shared.recipes.results import DeckResult
from shared.recipes.stored_object import StoredObject
from shared.runtime.interpreter import Services
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.media.decks import make_script_deck

POLICY = Policy("jobs", 5, 60, "At most five.")
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class ManualClock:
    """A clock that is set by hand."""

    time: datetime = START
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def make_request(dial: ManualClock, **more: Any) -> ApiRequest:
    world = Services(
        store=MemoryJobStore(),
        objects=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        clock=dial,
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    return ApiRequest(services=world, settings=SETTINGS, path_params={}, **more)


def let_in(request: ApiRequest, who: str = "alice") -> bool:
    try:
        consume(request, POLICY, who)
    except LimitReached:
        return False
    return True


def test_as_many_are_let_in_as_may_and_then_nobody() -> None:
    call = make_request(ManualClock())

    assert [let_in(call) for _ in range(8)] == [True] * 5 + [False] * 3
    assert let_in(call, "bob")


def test_what_remains_is_told_before_and_after() -> None:
    call = make_request(ManualClock(START + timedelta(seconds=45)))

    assert peek(call, POLICY, "alice").headers == {
        "RateLimit-Policy": '"jobs";q=5;w=60',
        "RateLimit": '"jobs";r=5;t=15',
    }
    assert consume(call, POLICY, "alice").remaining == 4
    assert peek(call, POLICY, "alice").remaining == 4


@given(st.lists(st.floats(0, 200), max_size=60), st.floats(0, 60))
def test_no_window_lets_more_in_than_twice_what_may_and_no_clock_edge_is_a_loophole(
    steps: list[float], offset: float
) -> None:
    dial = ManualClock(START + timedelta(seconds=offset))
    call = make_request(dial)
    times: list[float] = []
    for step in sorted(steps):
        dial.time = START + timedelta(seconds=offset + step)
        if let_in(call):
            times.append(offset + step)

    for one in times:
        # What lies in the window before is weighed as if it were spread evenly.
        assert sum(one - 60 < other <= one for other in times) <= 2 * POLICY.quota - 1
        same_clock_window = [other for other in times if other // 60 == one // 60]
        assert len(same_clock_window) <= POLICY.quota


def test_a_burst_over_the_clocks_edge_is_one_burst() -> None:
    dial = ManualClock(START + timedelta(seconds=59.9))
    call = make_request(dial)
    before = [let_in(call) for _ in range(3)]
    dial.time += timedelta(seconds=0.2)

    assert sum(before) + sum(let_in(call) for _ in range(10)) == 5


@given(st.integers(0, 59), st.integers(0, 90), st.integers(1, 12))
def test_who_comes_again_when_told_is_let_in(begin: int, pause: int, asked: int) -> None:
    dial = ManualClock(START + timedelta(seconds=begin))
    call = make_request(dial)
    for _ in range(asked):
        let_in(call)
    dial.time += timedelta(seconds=pause)
    while let_in(call):
        pass

    with pytest.raises(LimitReached) as refusal:
        consume(call, POLICY, "alice")
    dial.time += timedelta(seconds=refusal.value.retry_after_s)

    assert let_in(call)


def test_a_refusal_writes_nothing_and_names_nobody() -> None:
    call = make_request(ManualClock())
    for _ in range(5):
        let_in(call, "alice@moodreel.test")
    docs = dict(call.services.store.documents)  # type: ignore[attr-defined]

    assert not let_in(call, "alice@moodreel.test")
    assert call.services.store.documents == docs  # type: ignore[attr-defined]
    assert "alice" not in str(docs)
    [(data, _)] = docs.values()
    assert data["expires_at"] > START + timedelta(seconds=2 * POLICY.window_s)


class Drawn:
    """Buckets that hold one deck, wherever it is looked for."""

    deck = json.dumps(make_script_deck("en").to_dict()).encode()

    def range_reader(self, *_: object) -> Any:
        return lambda start, length: self.deck[start : start + length]

    def stat(self, *_: object) -> None:
        """Nothing is uploaded."""


def a_cancelled_job(stand: AppHarness, number: int = 0, status: str = "cancelled") -> str:
    """A job of Alice's that has a deck; its path below /v1."""
    job_id = f"j{number}".ljust(20, "x")
    deck = StoredObject(Bucket.WORK, "d", 1, len(Drawn.deck))
    made = new_job(
        job_id=job_id,
        owner="alice",
        email="",
        recipe=RECIPES["presentation"],
        title="Stones",
        options={},
        inputs=(JobInput("prompt", f"prompts/{job_id}/prompt.0", "text/plain", 5, "a.txt"),),
        now=START,
        expires_at=START + timedelta(days=30),
    )
    stand.store.commit(made)
    drawn = {DeckResult.STAGE: DeckResult(1, 0, 0, 0, 0, deck, ()).to_dict()}
    stand.store.commit([Update(job_path(job_id), {"status": status, "facts": drawn})])
    return job_path(job_id)


def asked(stand: AppHarness, method: str, path: str, body: object = None) -> Any:
    sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return stand.request(method, f"/v1/{path}", headers=ALICE_HEADERS, **sent)


def test_nobody_has_a_job_worked_on_all_the_time() -> None:
    settings = replace(SETTINGS, reworks_per_minute=3)
    stand = AppHarness(ROUTES, settings=settings, objects=Drawn(), clock=ManualClock())
    job = a_cancelled_job(stand)
    rewrite = ("POST", f"{job}/deck/slides/s1/rewrite", {"revision": 0})
    deck = {name: one for name, one in json.loads(Drawn.deck).items() if name != "schema"}
    edit = ("PUT", f"{job}/deck", {"revision": 0, "deck": deck})
    redrive = ("POST", f"{job}/redrive", None)
    answers = [asked(stand, *one) for one in (rewrite, redrive, rewrite, edit, rewrite, redrive)]

    assert [one.status_code for one in answers] == [409, 409, 409, 429, 429, 429]
    assert answers[-1].headers["RateLimit-Policy"] == '"reworks";q=3;w=60'


@pytest.mark.parametrize(
    ("below", "body"), [("redrive", None), ("deck/slides/s1/rewrite", {"revision": 0})]
)
def test_a_job_that_is_worked_on_again_is_one_of_those_at_once(below: str, body: object) -> None:
    settings = replace(SETTINGS, max_open_jobs=2)
    stand = AppHarness(ROUTES, settings=settings, objects=Drawn(), clock=ManualClock())
    ended, *others = (a_cancelled_job(stand, n, "running" if n else "cancelled") for n in range(3))

    refused = asked(stand, "POST", f"{ended}/{below}", body)
    assert (refused.status_code, refused.json["code"]) == (429, "too-many-jobs")
    # One that is open already takes no further place.
    assert asked(stand, "POST", f"{others[0]}/{below}", body).json["code"] == "wrong-state"


def test_registering_and_taking_away_does_not_get_around_a_limit() -> None:
    stand = AppHarness(
        ROUTES, settings=replace(SETTINGS, changes_per_minute=4), clock=ManualClock()
    )
    statuses = []
    for _ in range(6):
        made = asked(stand, "POST", "webhooks", {"url": "https://hooks.moodreel.test/a"})
        statuses.append(made.status_code)
        if made.status_code == 201:
            asked(stand, "DELETE", f"webhooks/{made.json['webhook']['id']}")

    assert statuses == [201] * 4 + [429] * 2
