"""Pictures that are added to a deck: declared once, limited, uploaded before a slide shows them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.flows.documents import job_path
from shared.pipeline import Bucket
from shared.ports.objects import SignedUpload
from shared.recipes.films.added_pictures import MAX_ADDED_BYTES, MAX_ADDED_PICTURES
from shared.recipes.stored_object import StoredObject
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.clock import START, ManualClock
from tests.unit.functions.api.test_limited_changes import DeckObjects, create_job_with_deck, send


class PictureObjects:
    """The deck, and the pictures that were uploaded."""

    def range_reader(self, *_: object) -> Any:
        return DeckObjects().range_reader()

    def __init__(self) -> None:
        self.uploaded: set[str] = set()
        self.signed: list[tuple[Bucket, str, int]] = []

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        return StoredObject(bucket, name, 1, 9) if name in self.uploaded else None

    def delete_prefix(self, *_: object) -> None:
        """The objects of a deleted job."""

    def sign_upload(
        self, bucket: Bucket, name: str, *, content_type: str, max_bytes: int, **_: Any
    ) -> SignedUpload:
        self.signed.append((bucket, name, max_bytes))
        headers = {"Content-Type": content_type}
        return SignedUpload("PUT", "https://storage.test/x", headers, START + timedelta(hours=6))


@pytest.fixture
def objects() -> PictureObjects:
    return PictureObjects()


@pytest.fixture
def harness(objects: PictureObjects) -> AppHarness:
    settings = replace(SETTINGS, uploads_per_minute=100, reworks_per_minute=100)
    return AppHarness(ROUTES, settings=settings, objects=objects, clock=ManualClock())


def picture(number: int = 1, **fields: Any) -> dict[str, Any]:
    values = {"sha256": f"{number:064x}", "filename": "a.png", "content_type": "image/png"}
    return {**values, "size_bytes": 1000, **fields}


def job_data(harness: AppHarness, job: str) -> Any:
    (doc,) = harness.store.read([job_path(job.removeprefix("jobs/"))])
    assert doc is not None
    return doc.data


def test_picture_is_declared_once_and_signed_until_it_is_uploaded(
    harness: AppHarness, objects: PictureObjects
) -> None:
    job = create_job_with_deck(harness)
    before = job_data(harness, job)["stored_bytes"]
    answers = [send(harness, "POST", f"{job}/deck/pictures", picture()) for _ in range(2)]
    name = f"decks/{job.removeprefix('jobs/')}/pictures/{1:064x}"
    assert [answer.status_code for answer in answers] == [200, 200]
    assert objects.signed == [(Bucket.WORK, name, 1000)] * 2
    assert len(job_data(harness, job)["deck_pictures"]) == 1
    assert job_data(harness, job)["stored_bytes"] - before == 1000
    objects.uploaded.add(name)
    answer = send(harness, "POST", f"{job}/deck/pictures", picture()).json
    assert answer == {"picture": f"added:{1:064x}", "upload": None}
    deck = send(harness, "GET", f"{job}/deck").json
    assert deck["pictures"] == [f"added:{1:064x}"]
    assert deck["added_pictures"] == {f"added:{1:064x}": "a.png"}
    assert send(harness, "DELETE", job).status_code == 204
    assert job_data(harness, job)["deck_pictures"] == []


@pytest.mark.parametrize(
    "fields",
    [{"sha256": "x"}, {"content_type": "image/svg+xml"}, {"size_bytes": MAX_ADDED_BYTES + 1},
     {"size_bytes": 0}, {"filename": "a\nb"}],
)  # fmt: skip
def test_invalid_picture_is_refused(harness: AppHarness, fields: dict[str, Any]) -> None:
    job = create_job_with_deck(harness)
    answer = send(harness, "POST", f"{job}/deck/pictures", picture(**fields))
    assert answer.status_code == 422
    assert "deck_pictures" not in job_data(harness, job)


def test_pictures_of_a_deck_are_limited(harness: AppHarness) -> None:
    job = create_job_with_deck(harness)
    for number in range(MAX_ADDED_PICTURES):
        send(harness, "POST", f"{job}/deck/pictures", picture(number))
    answer = send(harness, "POST", f"{job}/deck/pictures", picture(99))
    assert answer.status_code == 422
    # One that is declared can still be uploaded.
    assert send(harness, "POST", f"{job}/deck/pictures", picture(0)).status_code == 200


def test_picture_that_does_not_fit_in_the_storage_is_refused() -> None:
    settings = replace(SETTINGS, max_storage_mb=0)
    harness = AppHarness(ROUTES, settings=settings, objects=PictureObjects(), clock=ManualClock())
    job = create_job_with_deck(harness)
    answer = send(harness, "POST", f"{job}/deck/pictures", picture())
    assert answer.json["code"] == "storage-full"


def test_slide_shows_a_picture_only_once_it_is_uploaded(
    harness: AppHarness, objects: PictureObjects
) -> None:
    job = create_job_with_deck(harness)
    reference = send(harness, "POST", f"{job}/deck/pictures", picture()).json["picture"]
    deck = json.loads(DeckObjects.deck)
    deck.pop("schema")
    deck["slides"][1] |= {"picture": reference, "layout": "picture", "focus": [0.5, 2]}
    body = {"revision": 0, "deck": deck}
    answer = send(harness, "PUT", f"{job}/deck", body)
    assert [error["field"] for error in answer.json["errors"]] == ["deck.slides[1].focus"]
    deck["slides"][1] |= {"focus": [0.5, 1], "alt": "A stone"}
    answer = send(harness, "PUT", f"{job}/deck", body)
    assert [error["field"] for error in answer.json["errors"]] == ["deck.slides[1].picture"]
    objects.uploaded.add(f"decks/{job.removeprefix('jobs/')}/pictures/{1:064x}")
    # The edit is accepted as far as the state of this job, which is cancelled, lets it.
    assert send(harness, "PUT", f"{job}/deck", body).status_code != 422
