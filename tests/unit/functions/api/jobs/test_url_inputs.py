"""Jobs whose inputs come from URLs: creation, what responses show, and what is stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.api.jobs.url_inputs import filename_of
from functions.api.routes import ROUTES
from shared.adapters.hpke import HpkeDecrypter
from shared.errors import TopicUnavailable
from shared.flows.documents import Update, job_path
from shared.flows.envelope import Envelope
from shared.jobs.fetches.fetch import Fetch, fetch_path, url_context
from shared.jobs.model import Job
from shared.tasks.task import TaskState
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.secret_keys import FETCH_KEYS
from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.prompt_uploads import PromptUploads

URL = "https://bucket.s3.example.org/films/My%20holiday.mp4?X-Amz-Signature=secret"


def create(harness: AppHarness, key: str = "", /, **video: Any) -> Any:
    headers = {**ALICE_HEADERS, **({"Idempotency-Key": key} if key else {})}
    body = {"recipe": "frames", "inputs": {"video": {"url": URL, **video}}}
    return harness.request(
        "POST", "/v1/jobs", headers=headers, data=json.dumps(body),
        content_type="application/json",
    )  # fmt: skip


def read_job(harness: AppHarness, job_id: str) -> Job:
    (doc,) = harness.store.read([job_path(job_id)])
    assert doc is not None
    return Job.from_doc(doc)


def read_fetch(harness: AppHarness, job_id: str) -> Fetch:
    (doc,) = harness.store.read([fetch_path(read_job(harness, job_id).inputs[0].fetch)])
    assert doc is not None
    return Fetch.from_doc(doc)


def test_job_is_created_with_its_fetch() -> None:
    harness = AppHarness(ROUTES)
    response = create(harness)

    assert response.status_code == 201, response.text
    job = response.json["job"]
    assert response.json["uploads"] == {}
    assert (job["status"], job["title"]) == ("awaiting_upload", "My holiday.mp4")
    assert job["fetches"] == [
        {
            "input": "video",
            "host": "bucket.s3.example.org",
            "filename": "My holiday.mp4",
            "state": "waiting",
            "fetched_bytes": 0,
            "total_bytes": None,
            "error": None,
        }
    ]
    declared = read_job(harness, job["id"]).inputs[0]
    assert (declared.content_type, declared.size_bytes) == ("video/mp4", 0)
    assert Envelope(declared.fetch, "input_fetch", "task") in harness.published
    fetch = read_fetch(harness, job["id"])
    assert fetch.url is not None
    decrypted = HpkeDecrypter(FETCH_KEYS).decrypt(fetch.url, url_context(fetch.id, "alice"))
    assert decrypted == URL
    assert fetch.max_bytes == SETTINGS.max_video_mb * 1_000_000


def test_declared_properties_are_kept() -> None:
    harness = AppHarness(ROUTES)
    response = create(
        harness, filename="a.mkv", content_type="video/X-matroska", size_bytes=7, crc32c="AAAAAA=="
    )

    declared = read_job(harness, response.json["job"]["id"]).inputs[0]
    assert (declared.filename, declared.content_type) == ("a.mkv", "video/x-matroska")
    assert (declared.size_bytes, declared.crc32c) == (7, "AAAAAA==")
    assert response.json["job"]["fetches"][0]["total_bytes"] == 7


def test_url_is_in_no_document_log_or_response() -> None:
    harness = AppHarness(ROUTES)
    response = create(harness, "key-1")
    seen = harness.request("GET", response.headers["Location"], headers=ALICE_HEADERS)

    for text in (response.text, seen.text, str(harness.store.documents), str(harness.log_events)):
        assert "secret" not in text
        assert "films/" not in text


def test_repeated_request_announces_the_fetch_that_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = AppHarness(ROUTES)
    with monkeypatch.context() as patch:
        patch.setattr("functions.api.jobs.create.announce_fetches", _fail)
        assert create(harness, "key-1").status_code == 503
    assert harness.published == []
    response = create(harness, "key-1")

    assert response.status_code == 201, response.text
    fetch = read_fetch(harness, response.json["job"]["id"])
    assert harness.published == [Envelope(fetch.id, "input_fetch", "task")]
    assert sum(path.startswith("fetches/") for path in harness.store.documents) == 1


def test_repetition_for_a_deleted_job_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = AppHarness(ROUTES)
    with monkeypatch.context() as patch:
        patch.setattr("functions.api.jobs.create.announce_fetches", _fail)
        assert create(harness, "key-1").status_code == 503
    [job] = [path for path in harness.store.documents if path.count("/") == 1 and "jobs/" in path]
    harness.request("DELETE", f"/v1/{job}", headers=ALICE_HEADERS)
    again = create(harness, "key-1")

    assert (again.status_code, again.json["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://files.example.org/secret.mp4", "must begin with https://"),
        ("https://user:secret@files.example.org/a.mp4", "must not carry a user name"),
        ("https://127.0.0.1/secret", "not public"),
        ("https://10.1.2.3/secret", "not public"),
        ("https://metadata.google.internal/secret", "public Internet"),
        ("https://localhost/secret", "public Internet"),
        ("https://files.example.org:22/secret", "port must be"),
        ("https://files.example.org/a#secret", "fragment"),
        ("https://files.example.org/" + "secret" * 700, ""),
        ("ftp://files.example.org/secret", "must begin with https://"),
        ("https://files.example.org/ä", ""),
        ("", ""),
        (7, ""),
    ],
)
def test_url_that_is_not_allowed_is_an_error_without_the_url(url: Any, sentence: str) -> None:
    harness = AppHarness(ROUTES)
    response = create(harness, url=url)

    assert response.status_code == 422, response.text
    [problem] = response.json["errors"]
    assert problem["field"] == "inputs.video.url"
    assert sentence in problem["message"]
    assert "secret" not in response.text
    assert not any(path.startswith(("jobs/", "fetches/")) for path in harness.store.documents)


def test_size_over_the_limit_is_an_error_at_once() -> None:
    response = create(AppHarness(ROUTES), size_bytes=1 << 50)

    assert response.status_code == 422
    assert [row["field"] for row in response.json["errors"]] == ["inputs.video.size_bytes"]


def test_unknown_fields_of_a_url_are_errors() -> None:
    response = create(AppHarness(ROUTES), headers={"Authorization": "x"})

    assert [row["field"] for row in response.json["errors"]] == ["inputs.video.headers"]


def test_local_suite_allows_private_addresses() -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, allow_private_webhooks=True))

    assert create(harness, url="http://127.0.0.1:31001/clip.mp4").status_code == 201


def test_request_without_a_public_key_is_refused() -> None:
    harness = AppHarness(ROUTES, settings=replace(SETTINGS, fetch_public_key=""))

    assert create(harness).status_code == 500
    assert not any(path.startswith(("jobs/", "fetches/")) for path in harness.store.documents)


def test_deleted_job_deletes_its_url() -> None:
    harness = AppHarness(ROUTES)
    job = create(harness).json["job"]
    harness.request("DELETE", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS)

    assert not any(path.startswith("fetches/") for path in harness.store.documents)


def test_file_that_is_uploaded_instead_supersedes_the_fetch(gcs: GcsEmulator) -> None:
    harness = PromptUploads.create(gcs).app
    job = create(harness).json["job"]
    response = harness.request(
        "POST", f"/v1/jobs/{job['id']}/uploads/video", headers=ALICE_HEADERS,
        data=json.dumps({"file": {"filename": "b.mp4", "size_bytes": 9}}),
        content_type="application/json",
    )  # fmt: skip

    assert response.status_code == 200, response.text
    declared = read_job(harness, job["id"]).inputs[0]
    assert (declared.upload, declared.fetch, declared.filename) == (1, "", "b.mp4")
    seen = harness.request("GET", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS)
    assert seen.json["fetches"] == []


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"state": TaskState.LEASED}, "fetching"),
        ({"state": TaskState.DONE, "url": None}, "done"),
        ({"state": TaskState.DONE, "url": None, "stopped": True}, "stopped"),
        ({"state": TaskState.FAILED, "error": {"code": "c", "message": "M."}}, "failed"),
    ],
)
def test_job_shows_the_progress_of_its_fetches(fields: dict[str, Any], state: str) -> None:
    harness = AppHarness(ROUTES)
    job = create(harness).json["job"]
    before = harness.request("GET", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS)
    fetch = read_fetch(harness, job["id"])
    progress = {"fetched_bytes": 5, "total_bytes": 9}
    harness.store.commit([Update(fetch_path(fetch.id), {**progress, **fields})])
    seen = harness.request("GET", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS)

    (view,) = seen.json["fetches"]
    assert (view["state"], view["fetched_bytes"], view["total_bytes"]) == (state, 5, 9)
    assert (view["error"] or {}).get("code") == (fields.get("error") or {}).get("code")
    assert seen.headers["ETag"] != before.headers["ETag"]


def _fail(*_: object) -> None:
    raise TopicUnavailable


@pytest.mark.parametrize(
    ("path", "filename"),
    [
        ("/a/clip.mp4", "clip.mp4"),
        ("/a%2Fb.mp4", "ab.mp4"),
        ("/%E6%97%A5%E6%9C%AC.mp4", "日本.mp4"),
        ("/%FF.mp4", "\ufffd.mp4"),
        ("/a%0D%0A%00b.mp4", "ab.mp4"),
        ("/", ""),
        ("/folder/", ""),
        ("/%20", ""),
        ("/" + "x" * 300, "x" * 255),
    ],
)
def test_filename_is_the_last_part_of_the_path(path: str, filename: str) -> None:
    assert filename_of(f"https://files.example.org{path}?name=secret") == filename
