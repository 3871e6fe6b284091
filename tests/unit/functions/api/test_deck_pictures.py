"""Pictures that are added to a deck: declared once, limited, uploaded before a slide shows them."""

from __future__ import annotations

import hashlib
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

    def range_reader(self, _: Bucket, name: str, __: int) -> Any:
        if (data := self.uploaded.get(name)) is None:
            return DeckObjects().range_reader()
        return lambda offset, length: data[offset : offset + length]

    def __init__(self) -> None:
        self.uploaded: dict[str, bytes] = {}
        self.signed: list[tuple[Bucket, str, int]] = []

    def stat(self, bucket: Bucket, name: str) -> StoredObject | None:
        data = self.uploaded.get(name)
        return None if data is None else StoredObject(bucket, name, 1, len(data))

    def list_objects(self, bucket: Bucket, prefix: str) -> tuple[StoredObject, ...]:
        return tuple(
            StoredObject(bucket, name, 1, len(data))
            for name, data in self.uploaded.items()
            if name.startswith(prefix)
        )

    def delete(self, _: Bucket, name: str, __: int) -> None:
        del self.uploaded[name]

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


def sha256_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def picture(number: int = 1, **fields: Any) -> dict[str, Any]:
    """The picture whose bytes are the digits of the number."""
    values = {"sha256": sha256_of(number), "filename": "a.png", "content_type": "image/png"}
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
    name = f"decks/{job.removeprefix('jobs/')}/pictures/{sha256_of(1)}"
    assert [answer.status_code for answer in answers] == [200, 200]
    assert objects.signed == [(Bucket.WORK, name, 1000)] * 2
    assert len(job_data(harness, job)["deck_pictures"]) == 1
    assert job_data(harness, job)["stored_bytes"] - before == 1000
    reference = f"added:{sha256_of(1)}"
    deck = send(harness, "GET", f"{job}/deck").json
    assert (deck["pictures"], deck["added_pictures"]) == ([], {})
    objects.uploaded[name] = b"1"
    # Another size changes nothing now.
    answer = send(harness, "POST", f"{job}/deck/pictures", picture(size_bytes=7)).json
    assert answer == {"picture": reference, "upload": None}
    assert job_data(harness, job)["stored_bytes"] - before == 1000
    deck = send(harness, "GET", f"{job}/deck").json
    assert deck["pictures"] == [reference]
    assert deck["added_pictures"] == {reference: "a.png"}
    assert send(harness, "DELETE", job).status_code == 204
    assert job_data(harness, job)["deck_pictures"] == []


def test_wrong_bytes_are_replaced_by_declaring_the_picture_again(
    harness: AppHarness, objects: PictureObjects
) -> None:
    job = create_job_with_deck(harness)
    before = job_data(harness, job)["stored_bytes"]
    send(harness, "POST", f"{job}/deck/pictures", picture(2))
    send(harness, "POST", f"{job}/deck/pictures", picture(1, size_bytes=30))
    name = f"decks/{job.removeprefix('jobs/')}/pictures/{sha256_of(1)}"
    objects.uploaded[name] = b"cut off"
    again = picture(1, size_bytes=40, content_type="image/webp")
    answer = send(harness, "POST", f"{job}/deck/pictures", again)

    assert objects.uploaded == {}
    assert answer.json["upload"]["headers"] == {"Content-Type": "image/webp"}
    assert objects.signed[-1] == (Bucket.WORK, name, 40)
    data = job_data(harness, job)
    assert data["stored_bytes"] - before == 1040
    assert [row["size_bytes"] for row in data["deck_pictures"]] == [1000, 40]


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
    objects.uploaded[f"decks/{job.removeprefix('jobs/')}/pictures/{sha256_of(1)}"] = b"1"
    # The edit is accepted as far as the state of this job, which is cancelled, lets it.
    assert send(harness, "PUT", f"{job}/deck", body).status_code != 422
