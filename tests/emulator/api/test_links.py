"""Links to results and uploads, for the owner and for holders of a share link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.capabilities import hash_capability
from shared.flows.documents import Update, job_path
from shared.jobs.share_links import share_path
from shared.net.content_disposition import titled_filename
from shared.pipeline import Bucket
from shared.recipes.upload_results import PromptInfo, Upload
from shared.runtime.services import Services
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.deliveries import hold_deliveries
from tests.fixtures.suite.link_uses import expect_uses, read_uses
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
    """The token of a new share link to frames.zip that is valid for a week."""
    now = datetime.now(UTC)
    token = f"{now.timestamp():.6f}".replace(".", "").ljust(48, "0")
    fields = {
        "job": job["id"],
        "owner": client.user.uid,
        "artifact": "frames.zip",
        "created_at": now,
        "expires_at": now + timedelta(days=7),
        "revoked": False,
        "uses": 0,
    }
    firestore.update_document(suite, share_path(hash_capability(token)), fields)
    return token


def open_link(suite: SuiteHandle, token: str, method: str = "GET") -> Response:
    return call_api(suite, method, f"/v1/share/{token}")


def test_owner_is_redirected_to_the_bytes(client: Client, job: Mapping[str, Any]) -> None:
    for artifact in job["artifacts"]:
        response = client.send("GET", artifact["url"])

        assert (response.status, response.body) == (302, b"")
        assert response.headers["Cache-Control"] == "no-store"
        fetched = request("GET", response.headers["Location"])
        assert fetched.status == 200
        assert len(fetched.body) == artifact["size_bytes"]
        assert artifact["name"] in fetched.headers["Content-Disposition"]
        assert fetched.headers["Content-Disposition"].startswith("attachment")


def test_link_can_be_used_without_a_header(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    path, page = f"/v1/jobs/{job['id']}/artifacts/frames.zip/link", suite.url("console")
    link = client.call("GET", path)
    size = next(
        artifact["size_bytes"] for artifact in job["artifacts"] if artifact["name"] == "frames.zip"
    )
    part = request("GET", link["url"], headers={"Range": "bytes=-4", "Origin": page})

    assert link["filename"] == titled_filename(job["title"], "frames.zip") != "frames.zip"
    assert link["content_type"] == "application/zip"
    assert (link["size_bytes"], part.status, len(part.body)) == (size, 206, 4)
    assert part.headers["Access-Control-Allow-Origin"] == page
    # Browsers do not display a ZIP.
    assert part.headers["Content-Disposition"].startswith("attachment")
    csv = client.call("GET", path.replace("frames.zip", "frames.csv"))
    assert request("GET", csv["url"]).headers["Content-Disposition"].startswith("inline")
    saved = client.call("GET", f"{path.replace('.zip', '.csv')}?disposition=attachment")
    assert request("GET", saved["url"]).headers["Content-Disposition"].startswith("attachment")
    assert client.send("GET", path.replace("frames.zip", "none")).status == 404
    assert suite.client().send("GET", path).status == 404


def test_upload_link_is_for_the_owner_and_never_active_content(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any], services: Services
) -> None:
    path = f"/v1/jobs/{job['id']}/uploads/video/link"
    link = client.call("GET", path)
    download = request("GET", link["url"])

    assert (len(download.body), download.headers["Content-Type"]) == (
        link["size_bytes"],
        "video/mp4",
    )
    assert download.headers["Content-Disposition"].startswith("inline")
    assert suite.client().send("GET", path).status == 404
    assert client.send("GET", path.replace("video", "sound")).status == 404
    assert call_api(suite, "GET", path).status == 401
    # upload_trigger would move an object that the job did not declare to quarantine.
    with hold_deliveries(suite, "upload_trigger"):
        with services.objects.create(
            Bucket.UPLOADS, f"jobs/{job['id']}/page", content_type="text/html", spec="s"
        ) as out:
            out.write(b"<script>")
        page_upload = Upload(out.stored_object, "a.html", PromptInfo(8, 0)).to_dict()
        facts = {"facts.upload_trigger.page": page_upload}
        services.store.commit([Update(job_path(job["id"]), facts)])
        page_link = client.call("GET", path.replace("video", "page"))
        assert (
            request("GET", page_link["url"]).headers["Content-Disposition"].startswith("attachment")
        )


def test_signed_url_expires_after_15_minutes(client: Client, job: Mapping[str, Any]) -> None:
    location = client.send("GET", job["artifacts"][0]["url"]).headers["Location"]

    assert "X-Goog-Expires=900&" in location


@pytest.mark.parametrize("name", ["nothing.zip", "..", "%2e%2e%2fframes.zip", "frames.zip%00"])
def test_missing_artifact_is_not_found(client: Client, job: Mapping[str, Any], name: str) -> None:
    assert client.send("GET", f"/v1/jobs/{job['id']}/artifacts/{name}").status == 404


def test_email_link_works_without_sign_in_and_counts_uses(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    [email] = wait_until(lambda: suite.list_emails(client.user.email), "the e-mail")
    [link] = [line for line in email["text"].splitlines() if "/v1/share/" in line]
    token = link.rsplit("/", 1)[1]
    size = next(
        artifact["size_bytes"] for artifact in job["artifacts"] if artifact["name"] == "frames.zip"
    )

    with expect_uses(suite, token, 2):
        first, second = (request("GET", link) for _ in range(2))

    assert [first.status, second.status] == [302, 302]
    assert len(request("GET", first.headers["Location"]).body) == size


def test_head_request_does_not_count_as_a_use(suite: SuiteHandle, token: str) -> None:
    assert open_link(suite, token, "HEAD").status == 302
    assert read_uses(suite, token) == 0


def test_revoked_link_is_gone(suite: SuiteHandle, client: Client, token: str) -> None:
    other = suite.client()

    path = f"/v1/shares/{hash_capability(token)}"
    assert other.send("DELETE", path).status == 404
    with expect_uses(suite, token, 1):
        assert open_link(suite, token).status == 302
    assert [client.send("DELETE", path).status for _ in range(2)] == [204, 204]

    with expect_uses(suite, token, 0):
        response = open_link(suite, token)
    assert (response.status, response.json()["code"]) == (410, "link-revoked")


def test_expired_link_is_gone(suite: SuiteHandle, token: str) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    firestore.update_document(suite, share_path(hash_capability(token)), {"expires_at": past})

    response = open_link(suite, token)
    assert (response.status, response.json()["code"]) == (410, "link-expired")
    assert "Location" not in response.headers
    assert read_uses(suite, token) == 0


def test_link_to_a_deleted_job_is_not_found(suite: SuiteHandle, client: Client, token: str) -> None:
    created = client.call(
        "POST",
        "/v1/jobs",
        {
            "recipe": "frames",
            "inputs": {
                "video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 9}
            },
        },
    )
    job_id = created["job"]["id"]
    client.call("DELETE", f"/v1/jobs/{job_id}")
    # The state of a link that was created during the deletion of the job.
    firestore.update_document(suite, share_path(hash_capability(token)), {"job": job_id})

    assert open_link(suite, token).status == 404


def test_link_to_a_missing_artifact_is_not_found(suite: SuiteHandle, token: str) -> None:
    firestore.update_document(suite, share_path(hash_capability(token)), {"artifact": "film.mp4"})

    assert open_link(suite, token).status == 404


@pytest.mark.parametrize("guess", ["0" * 48, "x", "A" * 48, "__x__", "0" * 47, "%2e%2e"])
def test_guessed_link_is_not_found(suite: SuiteHandle, guess: str) -> None:
    assert open_link(suite, guess).status == 404
