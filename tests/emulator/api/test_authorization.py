"""Authorization of every operation of the API: only the owner of data has access."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from functions.api.routes import ROUTES
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.layout import PROJECT
from shared.api_keys import key_path
from shared.capabilities import hash_capability
from shared.http.routing import Route
from shared.jobs.share_links import share_path
from shared.pipeline import Bucket
from tests.emulator.api.owned_data import TOKEN, OwnedData, route_id
from tests.fakes.cameras.encoded_frames import encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import (
    JOB_REQUEST,
    call_api,
    invalid_tokens,
    make_id_token,
    update_account,
)

pytestmark = pytest.mark.suite
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SIGNED_IN_ROUTES = [route for route in ROUTES if route.sign_in_required]
EXPECTED_OWNER_ERRORS = {
    # No result and no deck yet.
    "GET /v1/jobs/{job_id}/artifacts/{name}": "not-found",
    "GET /v1/jobs/{job_id}/artifacts/{name}/link": "not-found",
    "GET /v1/jobs/{job_id}/uploads/{input}/link": "not-found",
    "GET /v1/jobs/{job_id}/deck": "not-found",
    "PUT /v1/jobs/{job_id}/deck": "not-found",
    "POST /v1/jobs/{job_id}/deck/slides/{slide_id}/rewrite": "not-found",
    "GET /v1/jobs/{job_id}/deck/slides/{slide_id}/picture": "not-found",
    "POST /v1/jobs/{job_id}/deck/release": "wrong-state",
    "POST /v1/jobs/{job_id}/deck/pictures": "not-found",
    # Not failed, nothing uploaded, no artifact, and a wrong password.
    "POST /v1/jobs/{job_id}/redrive": "wrong-state",
    "POST /v1/recordings/{recording_id}/redrive": "wrong-state",
    "POST /v1/jobs/{job_id}/uploads/{input}/finalize": "upload-missing",
    "POST /v1/jobs/{job_id}/shares": "invalid-request",
    "POST /v1/me/password": "wrong-credentials",
    "POST /v1/buckets/{bucket_id}/verify": "proof-missing",
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": "delivery-underway",
    # The camera records, and has sent no picture yet.
    "DELETE /v1/cameras/{camera_id}": "camera-in-use",
    "GET /v1/recordings/last": "not-found",
    "GET /v1/recordings/last/clip": "not-found",
    "GET /v1/recordings/{recording_id}/clip": "not-ready",
    "GET /v1/recordings/{recording_id}/clip/link": "not-ready",
    "POST /v1/recordings/{recording_id}/browser-copy": "not-ready",
    "GET /v1/recordings/{recording_id}/browser-copy/link": "copy-not-ready",
}
"""Error codes of the handlers. An error before the handler would not show that the owner is
authorized."""
OWNED_ROUTES = [
    route for route in SIGNED_IN_ROUTES if route.path_params and "voice" not in route.path_params
]
"""Voices are the same for all users."""


@pytest.fixture(scope="module")
def data(suite: SuiteHandle) -> Iterator[OwnedData]:
    alice, bob, carol = (suite.client() for _ in range(3))
    update_account(suite, carol.user.uid, {"disableUser": True})
    job_id = alice.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    fields = {"job": job_id, "owner": alice.user.uid, "artifact": "frames.zip", "revoked": False}
    firestore.update_document(suite, share_path(hash_capability(TOKEN)), fields)
    key = {
        "owner": alice.user.uid, "name": "CI", "prefix": "mr_555555", "scopes": ["jobs:read"],
        "created_at": LONG_AGO, "expires_at": LONG_AGO, "last_used_at": LONG_AGO,
    }  # fmt: skip
    firestore.update_document(suite, key_path(hash_capability(TOKEN)), key)
    webhook = {"url": f"{suite.url('mails')}/ignored"}
    webhook_id = alice.call("POST", "/v1/webhooks", webhook)["webhook"]["id"]
    delivery_id = alice.call("POST", f"/v1/webhooks/{webhook_id}/test")["id"]
    request_id = alice.call("POST", "/v1/me/exports")["id"]
    bucket_id = alice.call("POST", "/v1/buckets", {"bucket": "customer-of-alice"})["id"]
    silent = HttpCamera(encode_mjpeg(1))
    silent.silent = True
    recording = alice.call("POST", "/v1/recordings", {"source": {"url": silent.url}})
    ids = (
        job_id,
        webhook_id,
        delivery_id,
        request_id,
        recording["camera"],
        recording["id"],
        bucket_id,
    )
    yield OwnedData(suite, alice, bob, carol, *ids)
    silent.stop()


@pytest.mark.parametrize("route", SIGNED_IN_ROUTES, ids=route_id)
def test_request_without_a_valid_token_is_refused(data: OwnedData, route: Route) -> None:
    tokens = {**invalid_tokens(data.alice.user), "disabled": data.carol.user.token}
    responses = {kind: data.call(route, token) for kind, token in tokens.items()}

    assert {kind: response.status for kind, response in responses.items()} == dict.fromkeys(
        responses, 401
    )
    assert {response.json()["code"] for response in responses.values()} == {"unauthenticated"}
    assert all("WWW-Authenticate" in response.headers for response in responses.values())


@pytest.mark.parametrize("route", OWNED_ROUTES, ids=route_id)
def test_other_users_get_the_same_404_as_for_missing_data(data: OwnedData, route: Route) -> None:
    owned_path = data.path(route)
    missing_path = data.missing_path(owned_path)
    headers = {"X_Request_Id": "the-same-for-both"}
    responses = [
        call_api(
            data.suite,
            route.method,
            path,
            data.bob.user.token,
            data.body(route),
            If_Match="*",
            **headers,
        )
        for path in (owned_path, missing_path)
    ]

    assert [response.status for response in responses] == [404, 404]
    assert responses[0].body == responses[1].body


def test_other_users_jobs_are_not_listed(data: OwnedData) -> None:
    assert data.bob.call("GET", "/v1/jobs")["jobs"] == []
    assert [job["id"] for job in data.alice.call("GET", "/v1/jobs")["jobs"]] == [data.job_id]


def test_owner_is_authorized_for_every_operation(data: OwnedData) -> None:
    # Operations that delete or end something come last.
    last = [
        "POST /v1/jobs/{job_id}/cancel",
        "DELETE /v1/shares/{share_id}",
        "DELETE /v1/me/keys/{key_id}",
        "DELETE /v1/webhooks/{webhook_id}",
        "DELETE /v1/buckets/{bucket_id}",
        "DELETE /v1/recordings/{recording_id}",
        "DELETE /v1/jobs/{job_id}",
        "POST /v1/me/erasures",
        "DELETE /v1/me",
    ]
    # The test delivery of the fixture would make the next one a conflict.
    firestore.update_document(data.suite, f"webhooks/{data.webhook_id}", {"tested_at": LONG_AGO})
    ordered = sorted(
        SIGNED_IN_ROUTES,
        key=lambda route: last.index(route_id(route)) if route_id(route) in last else -1,
    )
    responses = {route_id(route): data.call(route, data.alice.user.token) for route in ordered}

    refused = {
        operation: response.json()
        for operation, response in responses.items()
        if response.status >= 400
    }
    assert {
        operation: problem["code"] for operation, problem in refused.items()
    } == EXPECTED_OWNER_ERRORS
    assert "There is no such job." not in {problem["detail"] for problem in refused.values()}
    assert all(response.headers["Cache-Control"] == "no-store" for response in responses.values())


def test_generated_token_is_valid(data: OwnedData) -> None:
    # The account of Alice may be deleted by an earlier test.
    token = make_id_token(data.bob.user)

    assert call_api(data.suite, "GET", "/v1/jobs", token).status == 200


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not route.sign_in_required], ids=route_id
)
def test_public_operations_need_no_token(data: OwnedData, route: Route) -> None:
    path = data.missing_path(data.path(route))
    response = call_api(data.suite, route.method, path, body={} if route.body else None)

    if route.body is not None:
        assert response.status == 422
    else:
        unknown = set(route.path_params) - {"code"}
        assert response.status == (404 if unknown else 200)


def test_bucket_refuses_requests_without_a_signed_url(data: OwnedData) -> None:
    url = f"{data.suite.url('gcs')}/{PROJECT}-{Bucket.UPLOADS}/jobs/{data.job_id}/video.0"

    assert request("GET", url).status in (401, 403)
    assert request("PUT", url, {"a": 1}).status in (401, 403)
