"""Every operation of the API against everybody who might knock: only the owner gets in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from functions.api.routes import ROUTES
from infra.local.client import Client, User
from infra.local.layout import PROJECT
from infra.local.tenant import Tenant
from infra.local.wire import request
from shared.domain.pipeline import Bucket
from shared.http.routing import Route
from tests.emulator import ledger_rest
from tests.emulator.api_people import NEW_JOB, ask, strangers, unsigned

pytestmark = pytest.mark.suite

TOKEN = "5" * 48
CLOSED = [one for one in ROUTES if one.signed_in]
PRIVATE = [one for one in CLOSED if one.parameters]


def called(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass(frozen=True)
class House:
    """Alice's job and link, and Bob."""

    suite: Tenant
    alice: Client
    bob: Client
    job_id: str
    webhook_id: str
    delivery_id: str
    request_id: str

    def path(self, route: Route) -> str:
        names = {
            "job_id": self.job_id,
            "name": "frames.zip",
            "token": TOKEN,
            "webhook_id": self.webhook_id,
            "delivery_id": self.delivery_id,
            "request_id": self.request_id,
            "number": "1",
        }
        return route.path.format(**names)

    def nobodys(self, path: str) -> str:
        """The path of what is not there."""
        for one in (self.job_id, self.webhook_id, self.delivery_id, self.request_id):
            path = path.replace(one, "0" * 20)
        return path.replace(TOKEN, "0" * 48)

    def body(self, route: Route) -> object:
        return NEW_JOB if route.body is not None else None


@pytest.fixture(scope="module")
def house(suite: Tenant) -> House:
    alice, bob = suite.client(), suite.client()
    job_id = alice.call("POST", "/v1/jobs", NEW_JOB)["job"]["id"]
    fields = {"job": job_id, "owner": alice.user.uid, "artefact": "frames.zip", "revoked": False}
    ledger_rest.change(suite, f"shares/{TOKEN}", fields)
    webhook = {"url": f"{suite.url('mails')}/nobody-reads-this"}
    webhook_id = alice.call("POST", "/v1/webhooks", webhook)["webhook"]["id"]
    delivery_id = alice.call("POST", f"/v1/webhooks/{webhook_id}/test")["id"]
    request_id = alice.call("POST", "/v1/me/exports")["id"]
    return House(suite, alice, bob, job_id, webhook_id, delivery_id, request_id)


@pytest.mark.parametrize("route", CLOSED, ids=called)
def test_nobody_comes_in_without_a_token_that_holds(house: House, route: Route) -> None:
    answers = {
        what: ask(house.suite, route.method, house.path(route), token, house.body(route))
        for what, token in strangers(house.alice.user).items()
    }

    assert {what: one.status for what, one in answers.items()} == dict.fromkeys(answers, 401)
    assert {one.json()["code"] for one in answers.values()} == {"unauthenticated"}
    assert all("WWW-Authenticate" in one.headers for one in answers.values())


@pytest.mark.parametrize("route", PRIVATE, ids=called)
def test_someone_else_learns_nothing(house: House, route: Route) -> None:
    theirs = house.path(route)
    nobodys = house.nobodys(theirs)
    sent = {"X_Request_Id": "the-same-for-both"}
    answers = [
        ask(house.suite, route.method, path, house.bob.user.token, house.body(route), **sent)
        for path in (theirs, nobodys)
    ]

    assert [one.status for one in answers] == [404, 404]
    assert answers[0].body == answers[1].body


def test_someone_else_does_not_find_it_in_a_list(house: House) -> None:
    assert house.bob.call("GET", "/v1/jobs")["jobs"] == []
    assert [one["id"] for one in house.alice.call("GET", "/v1/jobs")["jobs"]] == [house.job_id]


@pytest.mark.parametrize(
    "route",
    [one for one in CLOSED if one.method == "GET" and one.status == 200],
    ids=called,
)
def test_the_owner_gets_in(house: House, route: Route) -> None:
    answer = ask(house.suite, "GET", house.path(route), house.alice.user.token)

    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_owners_token_is_what_the_strangers_differ_from(house: House) -> None:
    fresh = unsigned(house.alice.user)

    assert ask(house.suite, "GET", "/v1/jobs", fresh).status == 200


@pytest.mark.parametrize("route", [one for one in ROUTES if not one.signed_in], ids=called)
def test_open_operations_ask_for_no_token(house: House, route: Route) -> None:
    answer = ask(house.suite, route.method, house.nobodys(house.path(route)))

    assert answer.status == (404 if route.parameters else 200)


@pytest.mark.parametrize(
    "change", [{"disableUser": True}, {"validSince": "4102444800"}], ids=["disabled", "revoked"]
)
def test_a_user_who_was_shut_out_is_out(suite: Tenant, change: dict[str, object]) -> None:
    user = suite.user()
    _update_account(suite, user, change)

    assert ask(suite, "GET", "/v1/jobs", user.token).status == 401


def test_a_deleted_user_is_out(suite: Tenant) -> None:
    user = suite.user()
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"localId": user.uid}
    done = request("POST", f"{url}/accounts:delete", body, headers=ledger_rest.ADMIN)
    assert done.status == 200

    assert ask(suite, "GET", "/v1/jobs", user.token).status == 401


def test_a_bucket_is_shut_to_who_has_no_link(house: House) -> None:
    url = f"{house.suite.url('gcs')}/{PROJECT}-{Bucket.UPLOADS}/jobs/{house.job_id}/video.0"

    assert request("GET", url).status in (401, 403)
    assert request("PUT", url, {"a": 1}).status in (401, 403)


def _update_account(suite: Tenant, user: User, change: dict[str, object]) -> None:
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"localId": user.uid, **change}
    answer = request("POST", f"{url}/accounts:update", body, headers=ledger_rest.ADMIN)
    assert answer.status == 200, answer.body
