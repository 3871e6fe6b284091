"""Users describe a job, tag it, and store texts by key with it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from functions.api.jobs.metadata import UserMetadataChange
from functions.api.jobs.requests import NewJob
from functions.api.routes import ROUTES
from shared.http.problems import InvalidFields
from shared.jobs.model import Job
from shared.jobs.user_metadata import UserMetadata
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fakes.signing_objects import SigningObjects

VIDEO = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 10}
FRAMES: dict[str, Any] = {"recipe": "frames", "inputs": {"video": VIDEO}}
NOTES: dict[str, Any] = {
    "description": "Urlaub an der See.\n海辺の休暇\tשלום",
    "tags": ["Sommer 2026", "🏖", "海"],
    "metadata": {"order.id": "A-17", "客户": "山田", "empty": ""},
}


@pytest.fixture
def api() -> AppHarness:
    return AppHarness(ROUTES, objects=SigningObjects())


def create(api: AppHarness, headers: dict[str, str] = ALICE_HEADERS, **fields: Any) -> Any:
    response = api.request("POST", "/v1/jobs", json={**FRAMES, **fields}, headers=headers)
    assert response.status_code == 201, response.json
    return response.json["job"]


def change(api: AppHarness, job: Any, status: int = 200, **fields: Any) -> Any:
    response = api.request("PATCH", f"/v1/jobs/{job['id']}", json=fields, headers=ALICE_HEADERS)
    assert response.status_code == status, response.json
    return response.json


def notes_of(view: Any) -> dict[str, Any]:
    return {name: view[name] for name in NOTES}


def list_ids(api: AppHarness, query: str) -> list[str]:
    response = api.request("GET", f"/v1/jobs?{query}", headers=ALICE_HEADERS)
    assert response.status_code == 200, response.json
    return [job["id"] for job in response.json["jobs"]]


def test_notes_of_a_new_job_are_in_its_view_and_in_lists(api: AppHarness) -> None:
    job = create(api, **NOTES)
    assert notes_of(job) == NOTES
    assert notes_of(create(api)) == {"description": "", "tags": [], "metadata": {}}

    listed = api.request("GET", "/v1/jobs", headers=ALICE_HEADERS).json["jobs"]
    assert notes_of(next(row for row in listed if row["id"] == job["id"])) == NOTES


def test_job_of_an_earlier_version_has_no_notes(api: AppHarness) -> None:
    path = f"jobs/{create(api)['id']}"
    data, version = api.store.documents[path]
    for name in NOTES:
        del data[name]
    api.store.documents[path] = (data, version)

    (doc,) = api.store.read([path])
    assert doc is not None
    assert Job.from_doc(doc).user_metadata == UserMetadata()
    view = api.request("GET", f"/v1/{path}", headers=ALICE_HEADERS).json
    assert notes_of(view) == {"description": "", "tags": [], "metadata": {}}
    assert notes_of(change(api, view, tags=["old"]))["tags"] == ["old"]


def test_change_keeps_what_it_does_not_mention(api: AppHarness) -> None:
    job = create(api, title="Film", **NOTES)

    assert notes_of(change(api, job, title="Sea")) == NOTES
    changed = change(api, job, metadata={"order.id": "B-1", "empty": None, "new": "x"})
    assert changed["metadata"] == {"order.id": "B-1", "客户": "山田", "new": "x"}
    assert (changed["title"], changed["tags"]) == ("Sea", NOTES["tags"])
    changed = change(api, job, description="", tags=[])
    assert (changed["description"], changed["tags"]) == ("", [])
    assert changed["metadata"] == {"order.id": "B-1", "客户": "山田", "new": "x"}


def test_equal_change_writes_nothing(api: AppHarness) -> None:
    job = create(api, title="Film", **NOTES)
    assert change(api, job, title="Film", **NOTES) == job
    assert change(api, job) == job


def test_change_of_an_outdated_view_is_refused(api: AppHarness) -> None:
    job = create(api, **NOTES)
    path = f"/v1/jobs/{job['id']}"
    etag = api.request("GET", path, headers=ALICE_HEADERS).headers["ETag"]
    change(api, job, tags=["new"])

    response = api.request(
        "PATCH", path, json={"tags": ["mine"]}, headers={**ALICE_HEADERS, "If-Match": etag}
    )
    assert response.status_code == 412


def test_jobs_are_listed_by_tag(api: AppHarness) -> None:
    first = create(api, tags=["trip", "Köln"])["id"]
    second = create(api, tags=["trip"], title="Second")["id"]
    create(api, tags=["trips"])
    create(api, headers={"Authorization": "Bearer bob"}, tags=["trip"])

    assert set(list_ids(api, "tag=trip")) == {first, second}
    assert list_ids(api, "tag=trip&recipe=frames&q=second") == [second]
    assert list_ids(api, "tag=trip&recipe=still") == []
    assert list_ids(api, "tag=nothing") == []
    # The same text, with a combining diaeresis.
    assert list_ids(api, f"tag={quote('Köln')}") == [first]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tags": ["x"] * 21}, "tags"),
        ({"tags": ["x" * 41]}, "tags.0"),
        ({"tags": [" "]}, "tags.0"),
        ({"description": "x" * 2001}, "description"),
        ({"description": "\x00"}, "description"),
        ({"metadata": {f"k{n}": "" for n in range(51)}}, "metadata"),
        ({"metadata": {"k": "x" * 501}}, "metadata.k"),
        ({"metadata": {"k" * 41: ""}}, f"metadata.{'k' * 41}"),
        ({"metadata": {"__name__": ""}}, "metadata.__name__"),
        ({"metadata": {"": ""}}, "metadata."),
        ({"metadata": {"k": 3}}, "metadata.k"),
    ],
)
def test_notes_that_are_too_large_are_refused(
    api: AppHarness, fields: dict[str, Any], path: str
) -> None:
    response = api.request("POST", "/v1/jobs", json={**FRAMES, **fields}, headers=ALICE_HEADERS)
    assert response.status_code == 422
    assert [error["field"].removesuffix(".[key]") for error in response.json["errors"]] == [path]


def read_change(metadata: dict[str, str | None]) -> UserMetadataChange:
    return UserMetadataChange.model_validate({"metadata": metadata})


def test_metadata_holds_no_more_keys_after_changes() -> None:
    full = UserMetadata(metadata={f"k{n}": "" for n in range(50)})
    with pytest.raises(InvalidFields):
        read_change({"more": ""}).apply_to(full)
    swapped = read_change({"more": "", "k0": None}).apply_to(full)
    assert len(swapped.metadata) == 50


def test_equal_tags_are_stored_once(api: AppHarness) -> None:
    assert create(api, tags=["a", "b", " a ", "ö", "ö"])["tags"] == ["a", "b", "ö"]


def test_repeated_request_returns_the_notes(api: AppHarness) -> None:
    headers = {**ALICE_HEADERS, "Idempotency-Key": "one"}
    body = {**FRAMES, **NOTES}
    first, second = (api.request("POST", "/v1/jobs", json=body, headers=headers) for _ in range(2))
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json == first.json
    assert notes_of(second.json["job"]) == NOTES
    other = {**body, "tags": ["other"]}
    assert api.request("POST", "/v1/jobs", json=other, headers=headers).status_code == 422


def test_request_without_notes_serializes_as_before() -> None:
    """The fingerprint of a request that an earlier version has saved is still found."""
    dumped = json.loads(NewJob.model_validate_json(json.dumps(FRAMES)).model_dump_json())
    assert not dumped.keys() & NOTES.keys()


def test_deleted_job_keeps_no_notes(api: AppHarness) -> None:
    job = create(api, **NOTES)
    assert api.request("DELETE", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS).status_code == 204
    (tombstone,) = api.store.read([f"jobs/{job['id']}"])
    assert tombstone is not None
    assert UserMetadata.from_dict(tombstone.data) == UserMetadata()


EMOTIONS: dict[str, Any] = {
    "recipe": "emotions",
    "options": {"consent": True, "purpose": "research"},
}


def test_people_are_named_and_only_the_view_of_the_job_has_their_names(api: AppHarness) -> None:
    job = create(api, **EMOTIONS)
    assert job["people"] == {}
    assert change(api, job, people={"1": " Ann  B. ", "12": "Ben"})["people"] == {
        "1": "Ann B.",
        "12": "Ben",
    }
    assert change(api, job, people={"12": None}, title="Sea")["people"] == {"1": "Ann B."}
    for path in ("/v1/jobs", f"/v1/jobs/{job['id']}/events"):
        assert b"Ann" not in api.request("GET", path, headers=ALICE_HEADERS).data
    api.request("DELETE", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS)
    assert api.store.documents[f"jobs/{job['id']}"][0]["people"] == {}


@pytest.mark.parametrize(
    "people", [{"0": "Ann"}, {"ann": "Ann"}, {"1": "x" * 61}, {"1": " "}, {"1": "A\nB"}, {"1": 2}]
)
def test_names_of_people_that_cannot_be_stored_are_refused(
    api: AppHarness, people: dict[str, Any]
) -> None:
    problem = change(api, create(api, **EMOTIONS), 422, people=people)
    assert [error["field"].partition(".")[0] for error in problem["errors"]] == ["people"]


def test_people_are_refused_beyond_the_limit_and_without_an_analysis_of_faces(
    api: AppHarness,
) -> None:
    change(api, create(api), 422, people={"1": "Ann"})
    change(api, create(api, **EMOTIONS), 422, people={str(n): "x" for n in range(1, 52)})
