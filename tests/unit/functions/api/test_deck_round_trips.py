"""A deck is put back in the form in which it was returned; one that is not changed runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions.api.jobs.recipes import read_options
from functions.api.routes import ROUTES
from shared.flows.documents import Update, job_path, stage_path
from shared.http.limits.rate_limits import consume
from shared.jobs.creation import new_job
from shared.jobs.model import Job, JobInput
from shared.pipeline import RECIPES, Bucket
from shared.recipes.results import DeckResult
from shared.recipes.stored_object import StoredObject
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import NOW
from tests.fixtures.media.decks import make_script_deck

JOB = "j" * 20
PATH = f"/v1/jobs/{JOB}/deck"


class DeckObjects:
    """An object store with the rendered deck, which accepts edited ones."""

    def __init__(self) -> None:
        self.deck = json.dumps(make_script_deck("en").to_dict()).encode()
        self.written: list[bytes] = []

    def range_reader(self, *_: object) -> Any:
        return lambda start, length: self.deck[start : start + length]

    @contextmanager
    def create(self, bucket: Bucket, name: str, **_: Any) -> Iterator[Any]:
        stored = StoredObject(bucket, name, 1, 5)
        yield SimpleNamespace(write=self.written.append, stored_object=stored)


@pytest.fixture
def api() -> AppHarness:
    """A job of Alice whose deck waits for review."""
    objects = DeckObjects()
    harness = AppHarness(ROUTES, objects=objects)
    inputs = (JobInput("prompt", f"prompts/{JOB}/prompt.0", "text/plain", 5, "a.txt"),)
    harness.store.commit(
        new_job(
            job_id=JOB, owner="alice", email="", recipe=RECIPES["presentation"], title="Stones",
            options={}, inputs=inputs, now=NOW, expires_at=NOW,
        )
    )  # fmt: skip
    options = read_options(RECIPES["presentation"], {}, harness.settings)
    deck = StoredObject(Bucket.WORK, "d", 1, len(objects.deck))
    facts = {DeckResult.STAGE: DeckResult(1, 0, 0, 0, 0, deck, ()).to_dict()}
    harness.store.commit(
        [
            Update(
                job_path(JOB), {"status": "awaiting_review", "facts": facts, "options": options}
            ),
            Update(stage_path(JOB, "slide_generation", 0), {"state": "done", "total": 1}),
        ]
    )
    return harness


def get(api: AppHarness) -> tuple[Any, str]:
    response = api.request("GET", PATH, headers=ALICE_HEADERS)
    assert response.status_code == 200, response.json
    return response.json, response.headers["ETag"]


def put(api: AppHarness, body: Any, etag: str = "") -> Any:
    headers = {**ALICE_HEADERS, **({"If-Match": etag} if etag else {})}
    return api.request("PUT", PATH, json=body, headers=headers)


def job_of(api: AppHarness) -> Job:
    (doc,) = api.store.read([job_path(JOB)])
    assert doc is not None
    return Job.from_doc(doc)


def documents(api: AppHarness) -> dict[str, int]:
    return {
        path: version
        for path, (_, version) in api.store.documents.items()
        if path.startswith("jobs/")
    }


def test_unchanged_deck_changes_nothing(api: AppHarness) -> None:
    deck, etag = get(api)
    before = documents(api)
    for headers in ("", etag):
        response = put(api, deck, headers)
        assert (response.status_code, response.json["revision"]) == (202, 0)
        assert response.json["status"] == "awaiting_review"
    assert documents(api) == before
    assert (api.published, api.objects.written) == ([], [])


def test_unchanged_deck_can_be_released(api: AppHarness) -> None:
    deck, etag = get(api)
    response = put(api, {**deck, "release": True}, etag)

    assert response.status_code == 202
    assert (response.json["revision"], response.json["status"]) == (0, "running")
    assert api.objects.written == []


def test_returned_deck_is_edited_and_put_back(api: AppHarness) -> None:
    deck, etag = get(api)
    deck["slides"][0]["heading"] = "Höhlen 洞窟"
    response = put(api, deck, etag)

    assert (response.status_code, response.json["revision"]) == (202, 1)
    [stored] = api.objects.written
    slides = json.loads(stored)["slides"]
    assert slides[0]["heading"] == "Höhlen 洞窟"
    assert "picture_url" not in slides[0]


def test_both_forms_of_an_edit_are_equal(api: AppHarness) -> None:
    deck, _ = get(api)
    slides = [{k: v for k, v in slide.items() if k != "picture_url"} for slide in deck["slides"]]
    names = ("title", "language", "theme", "aspect", "resolution")
    content = {name: deck[name] for name in names} | {"slides": slides}
    assert put(api, {"revision": 0, "deck": content}).json["revision"] == 0

    slides[0]["heading"] = "New"
    assert put(api, {"revision": 0, "deck": content}).json["revision"] == 1


def test_concurrent_edit_is_refused(api: AppHarness) -> None:
    deck, etag = get(api)
    mine, other = json.loads(json.dumps([deck, deck]))
    other["slides"][0]["heading"] = "Theirs"
    mine["slides"][0]["heading"] = "Mine"
    assert put(api, other, etag).status_code == 202

    refused = put(api, mine, etag)
    assert (refused.status_code, refused.json["code"]) == (412, "changed-meanwhile")
    assert put(api, deck, etag).status_code == 412, "not even the deck as it was"
    assert put(api, mine).json["code"] == "deck-changed"
    assert job_of(api).revision == 1


def test_edit_that_is_refused_uses_no_quota_and_stores_nothing(api: AppHarness) -> None:
    api.settings = replace(api.settings, reworks_per_minute=1)
    deck, etag = get(api)
    deck["slides"][0]["heading"] = "Mine"

    assert put(api, deck, "another").status_code == 412
    assert api.objects.written == []
    assert put(api, deck, etag).status_code == 202


@pytest.mark.parametrize(("with_etag", "code"), [(True, "changed-meanwhile"),
                                                 (False, "deck-changed")])  # fmt: skip
def test_edit_just_before_a_release_is_not_released(
    api: AppHarness, monkeypatch: pytest.MonkeyPatch, with_etag: bool, code: str
) -> None:
    deck, etag = get(api)

    def edit_meanwhile(*args: Any) -> Any:
        for stage in RECIPES["presentation"].stages:
            data, version = api.store.documents[stage_path(JOB, stage, 0)]
            api.store.documents[stage_path(JOB, stage, 1)] = ({**data, "revision": 1}, version)
        data, version = api.store.documents[job_path(JOB)]
        api.store.documents[job_path(JOB)] = ({**data, "revision": 1}, version + 1)
        return consume(*args)

    monkeypatch.setattr("functions.api.decks.handlers.consume", edit_meanwhile)
    response = put(api, {**deck, "release": True}, etag if with_etag else "")

    assert response.json["code"] == code
    assert job_of(api).status == "awaiting_review"


def test_repeated_edit_succeeds_after_a_lost_response(api: AppHarness) -> None:
    deck, etag = get(api)
    deck["slides"][0]["heading"] = "Mine"
    first, second = put(api, deck, etag), put(api, deck, etag)

    assert (first.status_code, second.status_code) == (202, 202)
    assert job_of(api).revision == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slides": None}, "slides"),
        ({"title": None, "theme": None}, "title"),
        ({"theme": "none"}, "theme"),
        ({"title": ""}, "title"),
    ],
)
def test_errors_name_the_fields_of_the_form_that_was_sent(
    api: AppHarness, change: dict[str, Any], field: str
) -> None:
    response = put(api, {**get(api)[0], **change})
    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == field


def test_deck_in_both_places_or_none_is_refused(api: AppHarness) -> None:
    deck, _ = get(api)
    names = ("title", "language", "theme", "aspect", "resolution")
    slides = [{k: v for k, v in slide.items() if k != "picture_url"} for slide in deck["slides"]]
    both = {**deck, "deck": {name: deck[name] for name in names} | {"slides": slides}}
    for body in (both, {"revision": 0}):
        response = put(api, body)
        assert (response.status_code, response.json["errors"][0]["field"]) == (422, "deck")
