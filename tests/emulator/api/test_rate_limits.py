"""Limits over the real ledger, set low for the time of these tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.http import Response
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api, update_account

pytestmark = pytest.mark.suite

LOW = {
    "MOODREEL_JOBS_PER_MINUTE": "5",
    "MOODREEL_MAX_OPEN_JOBS": "12",
    "MOODREEL_CHANGES_PER_MINUTE": "3",
    "MOODREEL_MAX_STORAGE_MB": "20",
    "MOODREEL_MAX_IMAGE_MB": "16",
    "MOODREEL_MAX_AUDIO_MB": "16",
    "MOODREEL_MAX_VIDEO_MB": "19",
    "MOODREEL_MAIL_VERIFIED_ONLY": "1",
}


@pytest.fixture(scope="module", autouse=True)
def low(suite: SuiteHandle) -> Iterator[None]:
    suite.restart("api", LOW)
    yield
    suite.restart("api")


@pytest.fixture
def client(suite: SuiteHandle) -> Client:
    return suite.client()


def many(suite: SuiteHandle, client: Client, count: int) -> list[Response]:
    """So many creations at once."""
    token = client.user.token
    with ThreadPoolExecutor(count) as pool:
        calls = [
            pool.submit(call_api, suite, "POST", "/v1/jobs", token, JOB_REQUEST)
            for _ in range(count)
        ]
        return [one.result() for one in calls]


def test_of_fifty_creations_at_once_exactly_the_limit_succeeds(
    suite: SuiteHandle, client: Client
) -> None:
    answers = many(suite, client, 50)

    assert Counter(one.status for one in answers) == {201: 5, 429: 45}
    assert len(client.call("GET", "/v1/jobs?limit=100")["jobs"]) == 5
    for one in answers:
        assert one.headers["RateLimit-Policy"] == '"jobs";q=5;w=60'
        assert re.fullmatch(r'"jobs";r=[0-4];t=[0-9]+', one.headers["RateLimit"])
    refused = next(one for one in answers if one.status == 429)
    assert refused.json()["code"] == "rate-limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 72
    assert suite.client().send("POST", "/v1/jobs", JOB_REQUEST).status == 201


def test_a_refused_wish_takes_nothing_from_the_limit(client: Client) -> None:
    for _ in range(6):
        assert client.send("POST", "/v1/jobs", {"recipe": "frames", "inputs": {}}).status == 422

    limits = client.call("GET", "/v1/usage")["limits"]
    assert (limits["job_creations"]["quota"], limits["job_creations"]["remaining"]) == (5, 5)


def test_a_repeat_by_its_key_takes_nothing_from_the_limit(
    suite: SuiteHandle, client: Client
) -> None:
    token = client.user.token
    answers = [
        call_api(suite, "POST", "/v1/jobs", token, JOB_REQUEST, Idempotency_Key="the-same")
        for _ in range(7)
    ]

    assert {one.status for one in answers} == {201}
    assert len({one.body for one in answers}) == 1


def test_a_person_cannot_have_everything_copied_at_once_many_times(
    suite: SuiteHandle, client: Client
) -> None:
    token = client.user.token
    with ThreadPoolExecutor(12) as pool:
        calls = [pool.submit(call_api, suite, "POST", "/v1/me/exports", token) for _ in range(12)]
        answers = [one.result() for one in calls]

    assert {one.status for one in answers} <= {202, 429}
    assert len({one.json()["id"] for one in answers if one.status == 202}) <= 3
    limited = client.send("POST", "/v1/webhooks", {"url": f"{suite.url('mails')}/x"})
    assert limited.headers["RateLimit-Policy"] == '"changes";q=3;w=60'


def test_as_many_jobs_are_open_as_may_be(suite: SuiteHandle, client: Client) -> None:
    ids = [client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"] for _ in range(4)]
    # As if eight more had been begun over the last minutes.
    kept = firestore.read_document(suite, f"jobs/{ids[0]}")
    assert kept is not None
    for number in range(8):
        fields = {"owner": client.user.uid, "status": "running", "stored_bytes": 0}
        firestore.update_document(suite, f"jobs/{number}{'x' * 19}", fields)

    refused = client.send("POST", "/v1/jobs", JOB_REQUEST)
    assert (refused.status, refused.json()["code"]) == (429, "too-many-jobs")
    assert "Retry-After" in refused.headers
    client.call("POST", f"/v1/jobs/{ids[0]}/cancel")
    assert client.send("POST", "/v1/jobs", JOB_REQUEST).status == 201


def test_no_more_is_kept_than_may_be_and_deleting_makes_room(client: Client) -> None:
    def wish(size_mb: int) -> dict[str, object]:
        file = {**JOB_REQUEST["inputs"]["video"], "size_bytes": size_mb * 1_000_000}  # type: ignore[index]
        return {**JOB_REQUEST, "inputs": {"video": file}}

    job_id = client.call("POST", "/v1/jobs", wish(15))["job"]["id"]
    refused = client.send("POST", "/v1/jobs", wish(6))
    assert (refused.status, refused.json()["code"]) == (403, "storage-full")
    assert client.call("GET", "/v1/usage")["limits"]["storage_bytes"] == {
        "quota": 20_000_000,
        "used": 15_000_000,
    }

    client.call("DELETE", f"/v1/jobs/{job_id}")
    assert client.send("POST", "/v1/jobs", wish(6)).status == 201


@pytest.mark.parametrize("verified", [True, False])
def test_a_job_is_told_of_to_confirmed_addresses_alone(suite: SuiteHandle, verified: bool) -> None:
    user = suite.user()
    if verified:
        update_account(suite, user.uid, {"emailVerified": True})
        user.sign_in()
    job_id = suite.client(user).call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    kept = firestore.read_document(suite, f"jobs/{job_id}")

    assert kept is not None
    assert kept["email"] == (user.email if verified else "")


@pytest.mark.parametrize(
    ("recipe", "name", "content_type", "most_mb"),
    [
        ("frames", "video", "video/mp4", 19),
        ("still", "picture", "image/png", 16),
        ("still", "sound", "audio/mpeg", 16),
    ],
)
def test_a_file_may_be_as_large_as_its_kind(
    client: Client, recipe: str, name: str, content_type: str, most_mb: int
) -> None:
    def file(kind: str, size: int) -> dict[str, object]:
        return {"filename": "a", "content_type": kind, "size_bytes": size}

    others = {"picture": file("image/png", 9), "sound": file("audio/mpeg", 9)}
    inputs = others if recipe == "still" else {}
    inputs = {**inputs, name: file(content_type, most_mb * 1_000_000 + 1)}
    answer = client.send("POST", "/v1/jobs", {"recipe": recipe, "inputs": inputs})

    assert answer.status == 422
    assert [one["field"] for one in answer.json()["errors"]] == [f"inputs.{name}.size_bytes"]
    assert f"at most {most_mb} MB" in answer.json()["detail"]
