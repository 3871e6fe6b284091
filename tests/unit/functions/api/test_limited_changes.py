"""Changes of jobs, decks and webhooks are limited by rate and by storage."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.api import rate_limit_policies
from functions.api.routes import ROUTES
from infra.tools.settings_table import read_field_docstrings
from shared.flows.documents import Update, job_path
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput
from shared.pipeline import RECIPES, Bucket
from shared.recipes.results import DeckResult
from shared.recipes.stored_object import StoredObject
from shared.runtime.settings import Settings
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.clock import START, ManualClock
from tests.fixtures.media.decks import make_script_deck

README = Path(rate_limit_policies.__file__).with_name("README.md")


class DeckObjects:
    """An object store in which every object is one deck."""

    deck = json.dumps(make_script_deck("en").to_dict()).encode()

    def range_reader(self, *_: object) -> Any:
        return lambda start, length: self.deck[start : start + length]

    def stat(self, *_: object) -> None:
        """No object exists."""


def create_job_with_deck(harness: AppHarness, number: int = 0, status: str = "cancelled") -> str:
    """Creates a job of Alice with a deck. Returns its path below /v1."""
    job_id = f"j{number}".ljust(20, "x")
    deck = StoredObject(Bucket.WORK, "d", 1, len(DeckObjects.deck))
    writes = new_job(
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
    harness.store.commit(writes)
    facts = {DeckResult.STAGE: DeckResult(1, 0, 0, 0, 0, deck, ()).to_dict()}
    harness.store.commit([Update(job_path(job_id), {"status": status, "facts": facts})])
    return job_path(job_id)


def send(harness: AppHarness, method: str, path: str, body: object = None) -> Any:
    options = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return harness.request(method, f"/v1/{path}", headers=ALICE_HEADERS, **options)


def test_redrives_and_deck_edits_are_rate_limited() -> None:
    settings = replace(SETTINGS, reworks_per_minute=3)
    harness = AppHarness(ROUTES, settings=settings, objects=DeckObjects(), clock=ManualClock())
    job = create_job_with_deck(harness)
    rewrite = ("POST", f"{job}/deck/slides/s1/rewrite", {"revision": 0})
    deck = {name: value for name, value in json.loads(DeckObjects.deck).items() if name != "schema"}
    edit = ("PUT", f"{job}/deck", {"revision": 0, "deck": deck})
    redrive = ("POST", f"{job}/redrive", None)
    release = ("POST", f"{job}/deck/release", None)
    requests = (rewrite, redrive, release, edit, rewrite, redrive, release)
    responses = [send(harness, *request) for request in requests]

    assert [response.status_code for response in responses] == [409] * 3 + [429] * 4
    assert responses[-1].headers["RateLimit-Policy"] == '"reworks";q=3;w=60'


@pytest.mark.parametrize(
    ("action", "body"), [("redrive", None), ("deck/slides/s1/rewrite", {"revision": 0})]
)
def test_rework_is_refused_when_the_storage_limit_is_reached(action: str, body: object) -> None:
    settings = replace(SETTINGS, max_storage_mb=1)
    harness = AppHarness(ROUTES, settings=settings, objects=DeckObjects(), clock=ManualClock())
    job = create_job_with_deck(harness)
    harness.store.commit([Update(job, {"stored_bytes": 1_000_000})])

    refused = send(harness, "POST", f"{job}/{action}", body)
    assert (refused.status_code, refused.json["code"]) == (403, "storage-full")


@pytest.mark.parametrize(
    ("action", "body"), [("redrive", None), ("deck/slides/s1/rewrite", {"revision": 0})]
)
def test_redriven_job_counts_as_open(action: str, body: object) -> None:
    settings = replace(SETTINGS, max_open_jobs=2)
    harness = AppHarness(ROUTES, settings=settings, objects=DeckObjects(), clock=ManualClock())
    ended, *running = (
        create_job_with_deck(harness, n, "running" if n else "cancelled") for n in range(3)
    )

    refused = send(harness, "POST", f"{ended}/{action}", body)
    assert (refused.status_code, refused.json["code"]) == (429, "too-many-jobs")
    # A job that is open already is not counted twice.
    assert send(harness, "POST", f"{running[0]}/{action}", body).json["code"] == "wrong-state"


CHANGES = {
    "/v1/jobs/{job_id}/shares": "links",
    "/v1/me/keys": "keys",
    "/v1/buckets": "buckets",
    "/v1/buckets/{bucket_id}/verify": "buckets",
    "/v1/webhooks": "webhooks",
    "/v1/webhooks/{webhook_id}/test": "tests",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": "replays",
    "/v1/cameras": "cameras",
    "/v1/cameras/{camera_id}/preview": "previews",
    "/v1/recordings": "recordings",
    "/v1/me/exports": "exports",
    "/v1/me/erasures": "erasures",
    "/v1/me": "erasures",
}
"""The routes that count against the policy `changes`, and how its texts name them."""


def test_texts_of_the_policy_of_changes_name_all_its_routes() -> None:
    changes = rate_limit_policies.changes
    assert {route.path for route in ROUTES if changes in route.policies} == CHANGES.keys()
    texts = {
        "setting": read_field_docstrings(Settings)["changes_per_minute"].lower(),
        "message": changes(SETTINGS).message,
        "README": README.read_text().partition("| links, ")[2].partition(" |")[0] + " links",
    }

    missing = {
        (name, word)
        for name, text in texts.items()
        for word in CHANGES.values()
        if word not in text
    }
    assert missing == set()


def test_deleting_webhooks_does_not_reset_the_rate_limit() -> None:
    harness = AppHarness(
        ROUTES, settings=replace(SETTINGS, changes_per_minute=4), clock=ManualClock()
    )
    statuses = []
    for _ in range(6):
        response = send(harness, "POST", "webhooks", {"url": "https://hooks.moodreel.test/a"})
        statuses.append(response.status_code)
        if response.status_code == 201:
            send(harness, "DELETE", f"webhooks/{response.json['webhook']['id']}")

    assert statuses == [201] * 4 + [429] * 2
