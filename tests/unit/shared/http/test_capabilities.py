"""Capabilities in URLs: nothing that is stored or logged gives access."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from functions.api.routes import ROUTES as API_ROUTES
from functions.downloads.routes import ROUTES as DOWNLOAD_ROUTES
from shared.flows.documents import Doc, Update, Write, job_path
from shared.http.routing import CAPABILITY_PARAMS, Route
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput
from shared.pipeline import RECIPES, Bucket
from shared.privacy.data_requests import add_token, is_accessible, new_erasure
from shared.recipes.stored_object import Artifact, StoredObject
from shared.runtime.logs import log
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.jobs import FRAMES_ZIP, NOW, make_job

ROUTES = (*API_ROUTES, *DOWNLOAD_ROUTES)
CAPABILITY_ROUTES = [
    route for route in ROUTES if not route.sign_in_required and set(route.path_params) - {"code"}
]
UNKNOWN = "0" * 48
JOB_ID = make_job().id


class Objects:
    """An object store with one object, whose links are signed."""

    def stat(self, bucket: Bucket, name: str) -> StoredObject:
        return StoredObject(bucket, name, FRAMES_ZIP.generation, FRAMES_ZIP.size_bytes)

    def sign_download(self, artifact: Artifact, **_: Any) -> str:
        return f"https://storage.moodreel.test/{artifact.object}"


class FailingStore(MemoryJobStore):
    """A store whose requests fail once `failing` is set. Its errors name the documents, as those of
    Google's client do."""

    failing = False

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        paths = tuple(paths)
        return self._fail(paths) if self.failing else super().read(paths)

    def try_commit(self, writes: Iterable[Write]) -> NoReturn:
        self._fail([write.path for write in writes])

    def _fail(self, paths: Iterable[str]) -> NoReturn:
        raise RuntimeError(f"503 documents/{' '.join(paths)}")


class Capabilities:
    """A share link, a preview URL and the URL of an erasure, created by requests to the API."""

    def __init__(self) -> None:
        self.store = FailingStore()
        self.api = AppHarness(API_ROUTES, store=self.store, objects=Objects())
        self.downloads = AppHarness(DOWNLOAD_ROUTES, store=self.store, objects=Objects())
        now = datetime.now(UTC)
        self.store.commit(
            new_job(
                job_id=JOB_ID, owner="alice", email="", recipe=RECIPES["frames"], title="",
                options={}, inputs=(JobInput("video", "jobs/a", "video/mp4", 5, "a.mp4"),),
                now=now, expires_at=now + timedelta(days=30),
            )
        )  # fmt: skip
        self.store.commit([Update(job_path(JOB_ID), {"artifacts": [FRAMES_ZIP.to_dict()]})])
        camera = {"name": "Door", "source": {"url": "rtsp://cam.moodreel.test/live"}}
        camera_id = self.post("/v1/cameras", camera)["id"]
        share_body, key = {"artifact": FRAMES_ZIP.name}, secrets.token_hex(16)
        self.share = self.post(f"/v1/jobs/{JOB_ID}/shares", share_body, key=key)
        self.repeated_share = self.post(f"/v1/jobs/{JOB_ID}/shares", share_body, key=key)
        self.preview = self.post(f"/v1/cameras/{camera_id}/preview")
        self.erasures = [self.post("/v1/me/erasures", {"account": False}) for _ in range(2)]

    def post(self, path: str, body: object = None, *, key: str = "") -> dict[str, Any]:
        headers = ALICE_HEADERS | ({"Idempotency-Key": key} if key else {})
        options = {} if body is None else {"json": body}
        response = self.api.request("POST", path, headers=headers, **options)
        assert response.status_code in (201, 202), response.text
        result: dict[str, Any] = response.json
        return result

    @property
    def urls(self) -> list[str]:
        return [
            *(view["url"] for view in (self.share, self.preview, *self.erasures)),
            *(
                self.share["url"].replace("/v1/share/", "/v1/media/share/") + suffix
                for suffix in ("", "/page", "/embed", "/poster", "/captions")
            ),
            *(f"{view['url']}/inventory" for view in self.erasures),
        ]

    @property
    def tokens(self) -> Mapping[str, str]:
        """The capabilities: the part of each URL that is its secret."""
        return {
            path: secret
            for path in (urlsplit(url).path for url in self.urls)
            for secret in re.findall("[0-9a-f]{48}", path)
        }


@pytest.fixture
def capabilities() -> Capabilities:
    return Capabilities()


def test_public_routes_take_capabilities_and_signed_in_routes_take_none() -> None:
    """So that a request with a sign-in never has another secret in its path."""
    assert CAPABILITY_ROUTES
    assert {name for route in CAPABILITY_ROUTES for name in route.path_params} == CAPABILITY_PARAMS
    for route in ROUTES:
        if route.sign_in_required:
            assert not CAPABILITY_PARAMS & set(route.path_params), route.path


def test_capabilities_have_192_random_bits(capabilities: Capabilities) -> None:
    secrets_in_urls = set(capabilities.tokens.values())

    assert all(len(bytes.fromhex(secret)) == 24 for secret in secrets_in_urls)
    assert len(secrets_in_urls) == 4


def test_no_document_contains_a_capability(capabilities: Capabilities) -> None:
    documents = json.dumps(capabilities.store.documents, default=str)

    for path, token in capabilities.tokens.items():
        assert token not in documents, f"the capability of {path} is stored"


def test_repeated_request_returns_the_same_share_link(capabilities: Capabilities) -> None:
    assert capabilities.repeated_share == capabilities.share
    shares = [path for path in capabilities.store.documents if path.startswith("shares/")]
    assert shares == [f"shares/{capabilities.share['id']}"]


def test_url_is_shown_only_at_creation(capabilities: Capabilities) -> None:
    listed = capabilities.api.request("GET", "/v1/shares", headers=ALICE_HEADERS)

    [share] = listed.json["shares"]
    assert share == {name: capabilities.share[name] for name in share}
    assert capabilities.share.keys() - share.keys() == {"url", "page_url", "embed_url"}
    assert not any(token in listed.text for token in capabilities.tokens.values())


def test_every_url_of_an_erasure_gives_access_and_its_id_does_not(
    capabilities: Capabilities,
) -> None:
    first, second = capabilities.erasures
    assert first["id"] == second["id"]
    get = capabilities.api.request

    for view in (first, second):
        assert get("GET", urlsplit(view["url"]).path).json["url"] == view["url"]
    for wrong in (first["id"], f"{first['id']}-{UNKNOWN}"):
        assert get("GET", f"/v1/erasures/{wrong}").status_code == 404


def test_url_of_an_erasure_from_before_tokens_were_hashed_works(capabilities: Capabilities) -> None:
    erasure_id = capabilities.erasures[0]["id"]
    path = f"data_requests/{erasure_id}"
    data, version = capabilities.store.documents[path]
    without = {name: value for name, value in data.items() if name != "token_hashes"}
    capabilities.store.documents[path] = (without, version)

    response = capabilities.api.request("GET", f"/v1/erasures/{erasure_id}")
    assert response.json["url"].endswith(f"/v1/erasures/{erasure_id}")
    wrong = capabilities.api.request("GET", f"/v1/erasures/{erasure_id}-{UNKNOWN}")
    assert wrong.status_code == 404

    repeated = [capabilities.post("/v1/me/erasures", {"account": False}) for _ in range(2)]
    assert {view["id"] for view in repeated} == {erasure_id}
    get = capabilities.api.request
    for path in (erasure_id, *(view["url"].rsplit("/", 1)[1] for view in repeated)):
        assert get("GET", f"/v1/erasures/{path}").status_code == 200, path
    assert get("GET", f"/v1/erasures/{erasure_id}-{UNKNOWN}").status_code == 404


@pytest.mark.parametrize("token", ["", "5" * 48], ids=["no token", "token"])
def test_id_of_a_new_erasure_never_gives_access(token: str) -> None:
    store = MemoryJobStore()
    store.commit([new_erasure("e" * 20, "alice", account=False, token=token, now=NOW)])
    path = f"data_requests/{'e' * 20}"
    for _ in range(2):
        (erasure,) = store.read([path])
        assert erasure is not None
        assert not is_accessible(erasure, "")
        assert is_accessible(erasure, "5" * 48) is bool(token)
        store.commit([add_token(erasure, "7" * 48)])
    (erasure,) = store.read([path])
    assert erasure is not None
    assert is_accessible(erasure, "7" * 48)


@pytest.mark.parametrize("route", CAPABILITY_ROUTES, ids=lambda route: route.path)
@pytest.mark.parametrize("failing", [False, True], ids=["available", "failing"])
def test_no_log_line_contains_a_capability(
    capabilities: Capabilities,
    route: Route,
    failing: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = capabilities.api if route in API_ROUTES else capabilities.downloads
    capabilities.store.failing = failing
    known = [path for path in capabilities.tokens if _matches(route, path)]
    assert known, route.path
    unknown = [route.path.replace("{" + route.path_params[0] + "}", UNKNOWN)]

    for path in (*known, *unknown):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            response = app.request(method, path, headers={"Origin": "https://a.test"})
            assert response.headers["Referrer-Policy"] == "no-referrer"
            response.close()

    for log_event in app.log_events:
        log(log_event["event"], **{k: v for k, v in log_event.items() if k != "event"})
    lines = capsys.readouterr().out
    assert route.path in lines
    # Without an error no text is logged in which a capability would have to be found.
    events = "" if failing else json.dumps(app.log_events)
    for path, token in {**capabilities.tokens, "an unknown link": UNKNOWN}.items():
        assert token not in lines + events, f"the capability of {path} is logged"


def _matches(route: Route, path: str) -> bool:
    start, _, end = route.path.partition("{")
    same_length = path.count("/") == route.path.count("/")
    return path.startswith(start) and path.endswith(end.partition("}")[2]) and same_length
