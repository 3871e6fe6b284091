"""Tests of share links that many people open at once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES as API_ROUTES
from functions.downloads.routes import ROUTES as DOWNLOAD_ROUTES
from shared.capabilities import hash_capability
from shared.errors import FirestoreUnavailable
from shared.flows.documents import CommitResult, Create, Delete, Update, Write, job_path
from shared.http.routing import Route
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput
from shared.jobs.share_links import new_share, share_path, share_paths
from shared.pipeline import RECIPES, Bucket
from shared.recipes.stored_object import Artifact, StoredObject
from tests.fakes.application import AppHarness
from tests.fakes.clock import START, ManualClock
from tests.fakes.contended_store import ContendedJobStore
from tests.fixtures.jobs import FRAMES_ZIP, make_job

OPENS = 200


class SignedObjects:
    """An object store with one result, whose links are signed."""

    def stat(self, bucket: Bucket, name: str) -> StoredObject:
        return StoredObject(bucket, name, FRAMES_ZIP.generation, FRAMES_ZIP.size_bytes)

    def sign_download(self, artifact: Artifact, **_: Any) -> str:
        return f"https://storage.moodreel.test/{artifact.object}"


class SharedLink:
    """A share link to a result, in a store that takes one write a second for a document."""

    def __init__(self, routes: Iterable[Route], path: str) -> None:
        self.clock = ManualClock()
        self.store = ContendedJobStore(self.clock.now)
        self.app = AppHarness(routes, store=self.store, clock=self.clock, objects=SignedObjects())
        self.token = secrets.token_hex(24)
        self.path = path.format(token=self.token)
        job = make_job()
        self.store.commit(
            new_job(
                job_id=job.id,
                owner=job.owner,
                email="",
                recipe=RECIPES["frames"],
                title="",
                options={},
                inputs=(JobInput("video", f"jobs/{job.id}/video.0", "video/mp4", 5, "a.mp4"),),
                now=START,
                expires_at=START + timedelta(days=30),
            )
        )
        self.clock.time += timedelta(seconds=2)
        self.store.commit([Update(job_path(job.id), {"artifacts": [FRAMES_ZIP.to_dict()]})])
        expires_at = START + timedelta(days=7)
        self.store.commit([new_share(self.token, job, FRAMES_ZIP.name, START, expires_at)])
        self.clock.time += timedelta(seconds=2)

    def open(self, _: int = 0) -> int:
        """Opens the link. Returns the status."""
        return int(self.app.request("GET", self.path).status_code)

    @property
    def uses(self) -> int:
        """The uses that its owner sees."""
        (doc,) = self.store.read([share_path(hash_capability(self.token))])
        assert doc is not None
        return int(doc.data["uses"])


@pytest.fixture(params=["api", "downloads"])
def link(request: pytest.FixtureRequest) -> SharedLink:
    if request.param == "api":
        return SharedLink(API_ROUTES, "/v1/share/{token}")
    return SharedLink(DOWNLOAD_ROUTES, "/v1/media/share/{token}?via=redirect")


def test_link_is_served_to_everybody_who_opens_it_at_once(link: SharedLink) -> None:
    with ThreadPoolExecutor(OPENS) as pool:
        statuses = list(pool.map(link.open, range(OPENS)))

    assert statuses == [302] * OPENS
    assert link.store.refused_count > 0
    link.clock.time += timedelta(seconds=1)
    assert link.open() == 302
    assert link.uses == OPENS + 1


def test_single_uses_are_counted_at_once(link: SharedLink) -> None:
    for count in range(1, 4):
        assert link.open() == 302
        assert link.uses == count
        link.clock.time += timedelta(seconds=1)


@pytest.mark.parametrize("failure", [FirestoreUnavailable(), CommitResult.MISSING])
def test_link_is_served_while_its_use_cannot_be_counted(
    link: SharedLink, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    def fail(_writes: Iterable[Write]) -> CommitResult:
        if isinstance(failure, Exception):
            raise failure
        return CommitResult(failure)

    monkeypatch.setattr(link.store, "commit", fail)
    monkeypatch.setattr(link.store, "try_commit", fail)
    assert link.open() == 302
    assert link.uses == 0
    assert link.app.logged_event("share.not_counted")["uses"] == 1


@pytest.mark.parametrize("link", ["api", "downloads"], indirect=True)
def test_link_that_was_created_before_tokens_were_hashed_is_served(link: SharedLink) -> None:
    hashed, unhashed = share_paths(link.token)
    (doc,) = link.store.read([hashed])
    assert doc is not None
    link.store.commit([Delete(hashed), Create(unhashed, doc.data)])
    link.clock.time += timedelta(seconds=2)

    assert link.open() == 302
    (doc,) = link.store.read([unhashed])
    assert doc is not None
    assert doc.data["uses"] == 1


def test_id_of_a_link_does_not_open_it(link: SharedLink) -> None:
    link.path = link.path.replace(link.token, hash_capability(link.token))

    assert link.open() == 404
