"""Every operation of the API against everybody who might knock: only the owner gets in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from functions.api.routes import ROUTES
from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.http import Response, request
from infra.local.suite.layout import PROJECT
from shared.http.routing import Route
from shared.pipeline import Bucket
from tests.fakes.cameras import HttpCamera, encode_mjpeg
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import (
    JOB_REQUEST,
    call_api,
    invalid_tokens,
    make_id_token,
    update_account,
)

pytestmark = pytest.mark.suite

TOKEN = "5" * 48
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CLOSED = [one for one in ROUTES if one.sign_in_required]
SLIDE = {"heading": "A stone", "bullets": ["It is old."], "notes": "Look at it."}
DECK = {
    "title": "Stones", "language": "en-US", "theme": "dawn", "aspect": "16:9",
    "resolution": "1080p", "slides": [{"id": f"s{n}", **SLIDE} for n in range(1, 4)],
}  # fmt: skip
BODIES = {
    "PUT /v1/jobs/{job_id}/deck": {"revision": 0, "deck": DECK},
    "POST /v1/jobs/{job_id}/deck/slides/{slide_id}/rewrite": {"revision": 0},
    "POST /v1/jobs": JOB_REQUEST,
    "PATCH /v1/jobs/{job_id}": {"title": "Another"},
    "POST /v1/jobs/{job_id}/shares": {"artifact": "frames.zip"},
    "PUT /v1/me/preferences": {"mail": {"done": True, "failed": True, "cancelled": True}},
    "POST /v1/webhooks": {"url": "https://hooks.moodreel.test/a"},
    "POST /v1/cameras": {"name": "Door", "source": {"url": "rtsp://cam.moodreel.test/a"}},
    "POST /v1/recordings": {"source": {"url": "rtsp://cam.moodreel.test/a"}},
    "POST /v1/me/erasures": {"account": False},
    "POST /v1/me/password": {
        "current_password": "local-only-password",
        "new_password": "local-only-password",
    },
}
REFUSED_TO_THE_OWNER = {
    # No result and no deck yet.
    "GET /v1/jobs/{job_id}/artifacts/{name}": "not-found",
    "GET /v1/jobs/{job_id}/artifacts/{name}/link": "not-found",
    "GET /v1/jobs/{job_id}/uploads/{input}/link": "not-found",
    "GET /v1/jobs/{job_id}/deck": "not-found",
    "PUT /v1/jobs/{job_id}/deck": "not-found",
    "POST /v1/jobs/{job_id}/deck/slides/{slide_id}/rewrite": "not-found",
    "GET /v1/jobs/{job_id}/deck/slides/{slide_id}/picture": "not-found",
    "POST /v1/jobs/{job_id}/deck/release": "wrong-state",
    # Not failed, nothing uploaded, nothing made, and an address that nobody has confirmed.
    "POST /v1/jobs/{job_id}/redrive": "wrong-state",
    "POST /v1/jobs/{job_id}/uploads/{input}/finalize": "upload-missing",
    "POST /v1/jobs/{job_id}/shares": "invalid-request",
    "POST /v1/me/password": "wrong-credentials",
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": "delivery-underway",
    # It records, and has shown nothing yet.
    "DELETE /v1/cameras/{camera_id}": "camera-in-use",
    "GET /v1/recordings/last": "not-found",
    "GET /v1/recordings/{recording_id}/clip": "not-ready",
    "GET /v1/recordings/{recording_id}/clip/link": "not-ready",
}
"""By the code with which the handler itself refuses: what the frame refuses proves nothing."""
PRIVATE = [one for one in CLOSED if one.path_params]


def called(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass(frozen=True)
class House:
    """Alice's job and link, Bob, and Carol, whose account is disabled."""

    suite: SuiteHandle
    alice: Client
    bob: Client
    carol: Client
    job_id: str
    webhook_id: str
    delivery_id: str
    request_id: str
    camera_id: str
    recording_id: str

    def path(self, route: Route) -> str:
        names = {
            "job_id": self.job_id,
            "name": "frames.zip",
            "token": TOKEN,
            "input": "video",
            "code": "not-found",
            "webhook_id": self.webhook_id,
            "delivery_id": self.delivery_id,
            "request_id": self.request_id,
            "number": "1",
            "camera_id": self.camera_id,
            "recording_id": self.recording_id,
            "slide_id": "s1",
        }
        return route.path.format(**names)

    def nobodys(self, path: str) -> str:
        """The path of what is not there."""
        for one in (
            self.job_id, self.webhook_id, self.delivery_id, self.request_id, self.camera_id,
            self.recording_id,
        ):  # fmt: skip
            path = path.replace(one, "0" * 20)
        return path.replace(TOKEN, "0" * 48)

    def body(self, route: Route) -> object:
        """A body that the operation takes when its owner sends it; most take an empty one."""
        return BODIES.get(called(route), {}) if route.body is not None else None

    def ask(self, route: Route, token: str | None, **headers: str) -> Response:
        """One call of an operation on what is Alice's."""
        if route.conditional:
            headers["If_Match"] = "*"
        return call_api(
            self.suite, route.method, self.path(route), token, self.body(route), **headers
        )


@pytest.fixture(scope="module")
def house(suite: SuiteHandle) -> Iterator[House]:
    alice, bob, carol = (suite.client() for _ in range(3))
    update_account(suite, carol.user.uid, {"disableUser": True})
    job_id = alice.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    fields = {"job": job_id, "owner": alice.user.uid, "artifact": "frames.zip", "revoked": False}
    firestore.update_document(suite, f"shares/{TOKEN}", fields)
    webhook = {"url": f"{suite.url('mails')}/nobody-reads-this"}
    webhook_id = alice.call("POST", "/v1/webhooks", webhook)["webhook"]["id"]
    delivery_id = alice.call("POST", f"/v1/webhooks/{webhook_id}/test")["id"]
    request_id = alice.call("POST", "/v1/me/exports")["id"]
    silent = HttpCamera(encode_mjpeg(1))
    silent.silent = True
    begun = alice.call("POST", "/v1/recordings", {"source": {"url": silent.url}})
    ids = (job_id, webhook_id, delivery_id, request_id, begun["camera"], begun["id"])
    yield House(suite, alice, bob, carol, *ids)
    silent.stop()


@pytest.mark.parametrize("route", CLOSED, ids=called)
def test_nobody_comes_in_without_a_token_that_holds(house: House, route: Route) -> None:
    tokens = {**invalid_tokens(house.alice.user), "disabled": house.carol.user.token}
    answers = {what: house.ask(route, token) for what, token in tokens.items()}

    assert {what: one.status for what, one in answers.items()} == dict.fromkeys(answers, 401)
    assert {one.json()["code"] for one in answers.values()} == {"unauthenticated"}
    assert all("WWW-Authenticate" in one.headers for one in answers.values())


@pytest.mark.parametrize("route", PRIVATE, ids=called)
def test_someone_else_learns_nothing(house: House, route: Route) -> None:
    theirs = house.path(route)
    nobodys = house.nobodys(theirs)
    sent = {"X_Request_Id": "the-same-for-both"}
    answers = [
        call_api(
            house.suite,
            route.method,
            path,
            house.bob.user.token,
            house.body(route),
            If_Match="*",
            **sent,
        )
        for path in (theirs, nobodys)
    ]

    assert [one.status for one in answers] == [404, 404]
    assert answers[0].body == answers[1].body


def test_someone_else_does_not_find_it_in_a_list(house: House) -> None:
    assert house.bob.call("GET", "/v1/jobs")["jobs"] == []
    assert [one["id"] for one in house.alice.call("GET", "/v1/jobs")["jobs"]] == [house.job_id]


def test_the_owner_gets_in_everywhere(house: House) -> None:
    # What ends a thing comes when all else has been asked of it.
    last = [
        "POST /v1/jobs/{job_id}/cancel",
        "DELETE /v1/share/{token}",
        "DELETE /v1/webhooks/{webhook_id}",
        "DELETE /v1/recordings/{recording_id}",
        "DELETE /v1/jobs/{job_id}",
        "POST /v1/me/erasures",
        "DELETE /v1/me",
    ]
    # So that the fixture's own test of the webhook stands in nobody's way.
    firestore.update_document(house.suite, f"webhooks/{house.webhook_id}", {"tested_at": LONG_AGO})
    ordered = sorted(CLOSED, key=lambda one: last.index(called(one)) if called(one) in last else -1)
    answers = {called(one): house.ask(one, house.alice.user.token) for one in ordered}

    refused = {what: one.json() for what, one in answers.items() if one.status >= 400}
    assert {what: one["code"] for what, one in refused.items()} == REFUSED_TO_THE_OWNER
    assert "There is no such job." not in {one["detail"] for one in refused.values()}
    assert all(one.headers["Cache-Control"] == "no-store" for one in answers.values())


def test_the_owners_token_is_what_the_strangers_differ_from(house: House) -> None:
    # Alice's account may be closed by now.
    fresh = make_id_token(house.bob.user)

    assert call_api(house.suite, "GET", "/v1/jobs", fresh).status == 200


@pytest.mark.parametrize("route", [one for one in ROUTES if not one.sign_in_required], ids=called)
def test_open_operations_ask_for_no_token(house: House, route: Route) -> None:
    path = house.nobodys(house.path(route))
    answer = call_api(house.suite, route.method, path, body={} if route.body else None)

    if route.body is not None:
        assert answer.status == 422
    else:
        unknown = set(route.path_params) - {"code"}
        assert answer.status == (404 if unknown else 200)


@pytest.mark.parametrize(
    "change", [{"disableUser": True}, {"validSince": "4102444800"}], ids=["disabled", "revoked"]
)
def test_a_user_who_was_shut_out_is_out(suite: SuiteHandle, change: dict[str, object]) -> None:
    user = suite.user()
    update_account(suite, user.uid, change)

    assert call_api(suite, "GET", "/v1/jobs", user.token).status == 401


def test_a_deleted_user_is_out(suite: SuiteHandle) -> None:
    user = suite.user()
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"localId": user.uid}
    done = request("POST", f"{url}/accounts:delete", body, headers=firestore.ADMIN_HEADERS)
    assert done.status == 200

    assert call_api(suite, "GET", "/v1/jobs", user.token).status == 401


def test_a_bucket_is_shut_to_who_has_no_link(house: House) -> None:
    url = f"{house.suite.url('gcs')}/{PROJECT}-{Bucket.UPLOADS}/jobs/{house.job_id}/video.0"

    assert request("GET", url).status in (401, 403)
    assert request("PUT", url, {"a": 1}).status in (401, 403)
