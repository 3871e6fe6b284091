"""Jobs over what is uploaded already, and jobs that are asked for twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.http import request
from infra.local.suite.layout import PROJECT
from shared.pipeline import STALLED_S
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def first(suite: SuiteHandle, client: Client, clip: Path) -> str:
    """A job that is done; its id."""
    job_id = suite.start_job(client, "frames", clip)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    return job_id


def made(client: Client, **wish: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"recipe": "frames", **wish}
    told: dict[str, Any] = client.call("POST", "/v1/jobs", body)
    return told


def refused(client: Client, **wish: Any) -> tuple[int, str]:
    response = client.send("POST", "/v1/jobs", {"recipe": "frames", **wish})
    return response.status, response.json()["errors"][0]["field"]


def test_another_recipe_runs_on_a_jobs_upload_and_outlives_that_job(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    older = suite.start_job(client, "frames", clip, title="Holiday")
    suite.wait_for_job(client, older)

    told = made(client, **{"from": older}, options={"every": "2"})
    client.call("DELETE", f"/v1/jobs/{older}")
    job = suite.wait_for_job(client, told["job"]["id"])

    assert told["uploads"] == {}
    assert (job["status"], job["title"]) == ("done", clip.name)
    kept = firestore.read_document(suite, f"jobs/{job['id']}")
    assert kept is not None
    [copy] = kept["inputs"]
    assert copy["source"].startswith(f"jobs/{older}/video.0#")
    assert copy["size_bytes"] == clip.stat().st_size


def test_the_latest_upload_of_a_kind_is_taken_and_pinned(
    suite: SuiteHandle, client: Client, first: str
) -> None:
    # Newer, but nothing was ever uploaded to it.
    made(client, inputs=JOB_REQUEST["inputs"])

    told = made(client, inputs={"video": "latest"})

    kept = firestore.read_document(suite, f"jobs/{told['job']['id']}")
    assert kept is not None
    assert kept["inputs"][0]["source"].partition("#")[0].endswith("/video.0")
    assert suite.wait_for_job(client, told["job"]["id"])["status"] == "done"


def test_what_is_not_there_cannot_be_used_again(
    suite: SuiteHandle, client: Client, first: str
) -> None:
    empty = made(client, inputs=JOB_REQUEST["inputs"])["job"]["id"]
    stranger = suite.client()

    assert refused(client, **{"from": empty}) == (422, "from")
    assert refused(client, **{"from": "0" * 20}) == (422, "from")
    assert refused(stranger, **{"from": first}) == (422, "from")
    assert refused(stranger, inputs={"video": "latest"}) == (422, "inputs.video")
    assert refused(client, recipe="still", **{"from": first}) == (422, "inputs.picture")
    assert refused(client, recipe="still", inputs={"picture": "latest", "sound": "latest"}) == (
        422,
        "inputs.picture",
    )


@pytest.mark.parametrize("healed_by", ["a word", "the sweeper"])
def test_a_copy_that_broke_off_is_finished(
    suite: SuiteHandle, client: Client, first: str, healed_by: str
) -> None:
    job_id = made(client, inputs=JOB_REQUEST["inputs"])["job"]["id"]
    older = firestore.read_document(suite, f"jobs/{first}")
    assert older is not None
    # As if the process had ended between the job's document and the copy.
    source = _pinned(suite, older["inputs"][0]["object"])
    _as_copy(suite, job_id, source, older["inputs"][0]["size_bytes"])

    if healed_by == "a word":
        client.call("POST", f"/v1/jobs/{job_id}/uploads/video/finalize", {})
    else:
        past = datetime.now(UTC) - timedelta(seconds=STALLED_S + 1)
        for stage in ("upload_trigger", "frame_extraction", "notification"):
            firestore.update_document(
                suite, f"jobs/{job_id}/stages/{stage}-0", {"last_progress_at": past}
            )
        suite.trigger_schedule("sweeper")

    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_ten_at_once_with_one_key_make_one_job(suite: SuiteHandle, client: Client) -> None:
    token = client.user.token
    before = len(client.call("GET", "/v1/jobs?limit=100")["jobs"])

    def create(_: int) -> Any:
        return call_api(
            suite, "POST", "/v1/jobs", token, JOB_REQUEST, Idempotency_Key="ten-at-once"
        )

    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(create, range(10)))

    assert {response.status for response in responses} == {201}
    assert len({response.body for response in responses}) == 1
    assert len({response.headers["Location"] for response in responses}) == 1
    assert sum("Idempotency-Replayed" in response.headers for response in responses) == 9
    assert len(client.call("GET", "/v1/jobs?limit=100")["jobs"]) == before + 1


def test_a_key_is_good_for_one_wish(suite: SuiteHandle, client: Client) -> None:
    token = client.user.token
    other = {**JOB_REQUEST, "title": "Another"}
    first, second = (
        call_api(suite, "POST", "/v1/jobs", token, body, Idempotency_Key="one-wish")
        for body in (JOB_REQUEST, other)
    )
    strange = call_api(suite, "POST", "/v1/jobs", token, JOB_REQUEST, Idempotency_Key="a b")

    assert first.status == 201
    assert (second.status, second.json()["code"]) == (422, "idempotency-key-reused")
    assert (strange.status, strange.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_key_may_be_used_again_when_its_request_was_refused(
    suite: SuiteHandle, client: Client
) -> None:
    token = client.user.token
    wrong = {**JOB_REQUEST, "options": {"every": "never"}}
    first, second = (
        call_api(suite, "POST", "/v1/jobs", token, body, Idempotency_Key="mended")
        for body in (wrong, JOB_REQUEST)
    )

    assert (first.status, second.status) == (422, 201)


def _pinned(suite: SuiteHandle, name: str) -> str:
    url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-uploads/o/{name.replace('/', '%2F')}"
    return f"{name}#{request('GET', url).json()['generation']}"


def _as_copy(suite: SuiteHandle, job_id: str, source: str, size_bytes: int) -> None:
    one = {
        "name": "video",
        "object": f"jobs/{job_id}/video.0",
        "content_type": "video/mp4",
        "size_bytes": size_bytes,
        "filename": "clip.mp4",
        "upload": 0,
        "source": source,
    }
    firestore.update_document(suite, f"jobs/{job_id}", {"inputs": [one]})
