"""Links to results: for the owner, and for whoever was given one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import Response, request
from shared.flows.documents import Update, job_path
from shared.pipeline import Bucket
from shared.recipes.upload_results import PromptInfo, Upload
from shared.runtime.interpreter import Services
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.deliveries import hold_deliveries
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def job(suite: SuiteHandle, client: Client) -> Mapping[str, Any]:
    """A job that is done."""
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    return suite.wait_for_job(client, job_id)


@pytest.fixture
def token(suite: SuiteHandle, client: Client, job: Mapping[str, Any]) -> str:
    """The link of a fresh mail's making: to frames.zip, for a week."""
    made = datetime.now(UTC)
    token = f"{made.timestamp():.6f}".replace(".", "").ljust(48, "0")
    fields = {
        "job": job["id"],
        "owner": client.user.uid,
        "artifact": "frames.zip",
        "created_at": made,
        "expires_at": made + timedelta(days=7),
        "revoked": False,
        "uses": 0,
    }
    firestore.update_document(suite, f"shares/{token}", fields)
    return token


def opened(suite: SuiteHandle, token: str, method: str = "GET") -> Response:
    return call_api(suite, method, f"/v1/share/{token}")


def uses(suite: SuiteHandle, token: str) -> int:
    share = firestore.read_document(suite, f"shares/{token}")
    assert share is not None
    return int(share["uses"])


def test_an_owner_is_sent_to_the_very_bytes(client: Client, job: Mapping[str, Any]) -> None:
    for artifact in job["artifacts"]:
        answer = client.send("GET", artifact["url"])

        assert (answer.status, answer.body) == (302, b"")
        assert answer.headers["Cache-Control"] == "no-store"
        fetched = request("GET", answer.headers["Location"])
        assert fetched.status == 200
        assert len(fetched.body) == artifact["size_bytes"]
        assert artifact["name"] in fetched.headers["Content-Disposition"]
        assert fetched.headers["Content-Disposition"].startswith("attachment")


def test_a_page_gets_a_link_that_a_player_can_use_without_a_header(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    path, page = f"/v1/jobs/{job['id']}/artifacts/frames.zip/link", suite.url("console")
    told = client.call("GET", path)
    size = next(one["size_bytes"] for one in job["artifacts"] if one["name"] == "frames.zip")
    part = request("GET", told["url"], headers={"Range": "bytes=-4", "Origin": page})

    assert (told["filename"], told["content_type"]) == ("frames.zip", "application/zip")
    assert (told["size_bytes"], part.status, len(part.body)) == (size, 206, 4)
    assert part.headers["Access-Control-Allow-Origin"] == page
    # A ZIP is nothing that a browser shows.
    assert part.headers["Content-Disposition"].startswith("attachment")
    csv = client.call("GET", path.replace("frames.zip", "frames.csv"))
    assert request("GET", csv["url"]).headers["Content-Disposition"].startswith("inline")
    saved = client.call("GET", f"{path.replace('.zip', '.csv')}?disposition=attachment")
    assert request("GET", saved["url"]).headers["Content-Disposition"].startswith("attachment")
    assert client.send("GET", path.replace("frames.zip", "none")).status == 404
    assert suite.client().send("GET", path).status == 404


def test_what_was_uploaded_is_linked_for_its_owner_alone_and_never_as_something_active(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any], services: Services
) -> None:
    path = f"/v1/jobs/{job['id']}/uploads/video/link"
    told = client.call("GET", path)
    got = request("GET", told["url"])

    assert (len(got.body), got.headers["Content-Type"]) == (told["size_bytes"], "video/mp4")
    assert got.headers["Content-Disposition"].startswith("inline")
    assert suite.client().send("GET", path).status == 404
    assert client.send("GET", path.replace("video", "sound")).status == 404
    assert call_api(suite, "GET", path).status == 401
    # upload_trigger would put an object aside that the job did not declare.
    with hold_deliveries(suite, "upload_trigger"):
        with services.objects.create(
            Bucket.UPLOADS, f"jobs/{job['id']}/page", content_type="text/html", spec="s"
        ) as out:
            out.write(b"<script>")
        page_upload = Upload(out.stored_object, "a.html", PromptInfo(8, 0)).to_dict()
        facts = {"facts.upload_trigger.page": page_upload}
        services.store.commit([Update(job_path(job["id"]), facts)])
        page = client.call("GET", path.replace("video", "page"))
        assert request("GET", page["url"]).headers["Content-Disposition"].startswith("attachment")


def test_a_link_to_bytes_holds_for_a_quarter_of_an_hour(
    client: Client, job: Mapping[str, Any]
) -> None:
    location = client.send("GET", job["artifacts"][0]["url"]).headers["Location"]

    assert "X-Goog-Expires=900&" in location


@pytest.mark.parametrize("name", ["nothing.zip", "..", "%2e%2e%2fframes.zip", "frames.zip%00"])
def test_a_result_that_is_not_there_is_not_found(
    client: Client, job: Mapping[str, Any], name: str
) -> None:
    assert client.send("GET", f"/v1/jobs/{job['id']}/artifacts/{name}").status == 404


def test_a_mails_link_works_without_a_sign_in_and_counts(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    [mail] = wait_until(lambda: suite.list_emails(client.user.email), "the mail")
    [link] = [line for line in mail["text"].splitlines() if "/v1/share/" in line]
    token = link.rsplit("/", 1)[1]
    size = next(one["size_bytes"] for one in job["artifacts"] if one["name"] == "frames.zip")

    first, second = (request("GET", link) for _ in range(2))

    assert [first.status, second.status] == [302, 302]
    assert len(request("GET", first.headers["Location"]).body) == size
    assert uses(suite, token) == 2


def test_a_look_at_a_links_headers_is_no_use_of_it(suite: SuiteHandle, token: str) -> None:
    assert opened(suite, token, "HEAD").status == 302
    assert uses(suite, token) == 0


def test_a_withdrawn_link_leads_nowhere(suite: SuiteHandle, client: Client, token: str) -> None:
    other = suite.client()

    assert other.send("DELETE", f"/v1/share/{token}").status == 404
    assert opened(suite, token).status == 302
    assert [client.send("DELETE", f"/v1/share/{token}").status for _ in range(2)] == [204, 204]

    answer = opened(suite, token)
    assert (answer.status, answer.json()["code"]) == (410, "link-revoked")
    assert uses(suite, token) == 1


def test_a_link_whose_time_is_over_leads_nowhere(suite: SuiteHandle, token: str) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(suite, f"shares/{token}", {"expires_at": past})

    answer = opened(suite, token)
    assert (answer.status, answer.json()["code"]) == (410, "link-expired")
    assert "Location" not in answer.headers
    assert uses(suite, token) == 0


def test_a_link_to_a_deleted_job_is_no_link(suite: SuiteHandle, client: Client, token: str) -> None:
    told = client.call(
        "POST",
        "/v1/jobs",
        {
            "recipe": "frames",
            "inputs": {
                "video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 9}
            },
        },
    )
    job_id = told["job"]["id"]
    client.call("DELETE", f"/v1/jobs/{job_id}")
    # As if it had been made while the job was being deleted.
    firestore.update_document(suite, f"shares/{token}", {"job": job_id})

    assert opened(suite, token).status == 404


def test_a_link_to_what_the_job_does_not_have_is_no_link(suite: SuiteHandle, token: str) -> None:
    firestore.update_document(suite, f"shares/{token}", {"artifact": "film.mp4"})

    assert opened(suite, token).status == 404


@pytest.mark.parametrize("guess", ["0" * 48, "x", "A" * 48, "__x__", "0" * 47, "%2e%2e"])
def test_a_guess_is_no_link(suite: SuiteHandle, guess: str) -> None:
    assert opened(suite, guess).status == 404
