"""Jobs over what is uploaded already, and jobs that are asked for twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import Tenant
from infra.local.suite.http import request
from infra.local.suite.layout import PROJECT
from shared.pipeline import STALLED_S
from tests.fixtures.media.clips import RECIPES
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import NEW_JOB, ask

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return RECIPES["cfr30"].make().path


@pytest.fixture(scope="module")
def client(suite: Tenant) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def first(suite: Tenant, client: Client, clip: Path) -> str:
    """A job that is done; its id."""
    job_id = suite.start_job(client, "frames", clip)
    assert suite.finished_job(client, job_id)["status"] == "done"
    return job_id


def made(client: Client, **wish: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"recipe": "frames", **wish}
    told: dict[str, Any] = client.call("POST", "/v1/jobs", body)
    return told


def refused(client: Client, **wish: Any) -> tuple[int, str]:
    answer = client.answer("POST", "/v1/jobs", {"recipe": "frames", **wish})
    return answer.status, answer.json()["errors"][0]["field"]


def test_another_recipe_runs_on_a_jobs_upload_and_outlives_that_job(
    suite: Tenant, client: Client, clip: Path
) -> None:
    older = suite.start_job(client, "frames", clip, title="Holiday")
    suite.finished_job(client, older)

    told = made(client, **{"from": older}, options={"every": "2"})
    client.call("DELETE", f"/v1/jobs/{older}")
    job = suite.finished_job(client, told["job"]["id"])

    assert told["uploads"] == {}
    assert (job["status"], job["title"]) == ("done", clip.name)
    kept = firestore.read(suite, f"jobs/{job['id']}")
    assert kept is not None
    [copy] = kept["inputs"]
    assert copy["source"].startswith(f"jobs/{older}/video.0#")
    assert copy["size_bytes"] == clip.stat().st_size


def test_the_latest_upload_of_a_kind_is_taken_and_pinned(
    suite: Tenant, client: Client, first: str
) -> None:
    # Newer, but nothing was ever uploaded to it.
    made(client, inputs=NEW_JOB["inputs"])

    told = made(client, inputs={"video": "latest"})

    kept = firestore.read(suite, f"jobs/{told['job']['id']}")
    assert kept is not None
    assert kept["inputs"][0]["source"].partition("#")[0].endswith("/video.0")
    assert suite.finished_job(client, told["job"]["id"])["status"] == "done"


def test_what_is_not_there_cannot_be_used_again(suite: Tenant, client: Client, first: str) -> None:
    empty = made(client, inputs=NEW_JOB["inputs"])["job"]["id"]
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
    suite: Tenant, client: Client, first: str, healed_by: str
) -> None:
    job_id = made(client, inputs=NEW_JOB["inputs"])["job"]["id"]
    older = firestore.read(suite, f"jobs/{first}")
    assert older is not None
    # As if the process had ended between the job's document and the copy.
    source = _pinned(suite, older["inputs"][0]["object"])
    _as_copy(suite, job_id, source, older["inputs"][0]["size_bytes"])

    if healed_by == "a word":
        client.call("POST", f"/v1/jobs/{job_id}/uploads/video/finalize", {})
    else:
        past = datetime.now(UTC) - timedelta(seconds=STALLED_S + 1)
        for stage in ("upload_trigger", "frame_extraction", "notification"):
            firestore.change(suite, f"jobs/{job_id}/stages/{stage}-0", {"touched_at": past})
        suite.tick("sweeper")

    assert suite.finished_job(client, job_id)["status"] == "done"


def test_ten_at_once_with_one_key_make_one_job(suite: Tenant, client: Client) -> None:
    token = client.user.token
    before = len(client.call("GET", "/v1/jobs?limit=100")["jobs"])

    def create(_: int) -> Any:
        return ask(suite, "POST", "/v1/jobs", token, NEW_JOB, Idempotency_Key="ten-at-once")

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(create, range(10)))

    assert {one.status for one in answers} == {201}
    assert len({one.body for one in answers}) == 1
    assert len({one.headers["Location"] for one in answers}) == 1
    assert sum("Idempotency-Replayed" in one.headers for one in answers) == 9
    assert len(client.call("GET", "/v1/jobs?limit=100")["jobs"]) == before + 1


def test_a_key_is_good_for_one_wish(suite: Tenant, client: Client) -> None:
    token = client.user.token
    other = {**NEW_JOB, "title": "Another"}
    first, second = (
        ask(suite, "POST", "/v1/jobs", token, body, Idempotency_Key="one-wish")
        for body in (NEW_JOB, other)
    )
    strange = ask(suite, "POST", "/v1/jobs", token, NEW_JOB, Idempotency_Key="a b")

    assert first.status == 201
    assert (second.status, second.json()["code"]) == (422, "idempotency-key-reused")
    assert (strange.status, strange.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_key_may_be_used_again_when_its_request_was_refused(
    suite: Tenant, client: Client
) -> None:
    token = client.user.token
    wrong = {**NEW_JOB, "options": {"every": "never"}}
    first, second = (
        ask(suite, "POST", "/v1/jobs", token, body, Idempotency_Key="mended")
        for body in (wrong, NEW_JOB)
    )

    assert (first.status, second.status) == (422, 201)


def _pinned(suite: Tenant, name: str) -> str:
    url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-uploads/o/{name.replace('/', '%2F')}"
    return f"{name}#{request('GET', url).json()['generation']}"


def _as_copy(suite: Tenant, job_id: str, source: str, size_bytes: int) -> None:
    one = {
        "name": "video",
        "object": f"jobs/{job_id}/video.0",
        "content_type": "video/mp4",
        "size_bytes": size_bytes,
        "filename": "clip.mp4",
        "upload": 0,
        "source": source,
    }
    firestore.change(suite, f"jobs/{job_id}", {"inputs": [one]})
