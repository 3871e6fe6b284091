"""Data of every kind that one user owns, for tests of access to it."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local.client.api_client import Client
from infra.local.client.http import Response
from infra.local.suite.handle import SuiteHandle
from shared.capabilities import hash_capability
from shared.http.routing import Route
from tests.fixtures.suite.users import JOB_REQUEST, call_api

TOKEN = "5" * 48
SLIDE = {"heading": "A stone", "bullets": ["It is old."], "notes": "Look at it."}
DECK = {
    "title": "Stones", "language": "en-US", "theme": "dawn", "aspect": "16:9",
    "resolution": "1080p", "slides": [{"id": f"s{n}", **SLIDE} for n in range(1, 4)],
}  # fmt: skip
BODIES = {
    "PUT /v1/jobs/{job_id}/deck": {"revision": 0, "deck": DECK},
    "POST /v1/jobs/{job_id}/deck/slides/{slide_id}/rewrite": {"revision": 0},
    "POST /v1/jobs/{job_id}/deck/pictures": {
        "sha256": "0" * 64,
        "filename": "a.png",
        "content_type": "image/png",
        "size_bytes": 9,
    },
    "POST /v1/jobs": JOB_REQUEST,
    "PATCH /v1/jobs/{job_id}": {"title": "Another"},
    "POST /v1/jobs/{job_id}/shares": {"artifact": "frames.zip"},
    "PUT /v1/me/preferences": {"mail": {"done": True, "failed": True, "cancelled": True}},
    "POST /v1/me/keys": {"name": "CI", "scopes": ["jobs:read"]},
    "POST /v1/buckets": {"bucket": "customer-bucket"},
    "POST /v1/webhooks": {"url": "https://hooks.moodreel.test/a"},
    "POST /v1/cameras": {"name": "Door", "source": {"url": "rtsp://cam.moodreel.test/a"}},
    "POST /v1/recordings": {"source": {"url": "rtsp://cam.moodreel.test/a"}},
    "POST /v1/me/erasures": {"account": False},
    "POST /v1/me/password": {
        "current_password": "not-the-password",
        "new_password": "local-only-password",
    },
}


def route_id(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass(frozen=True)
class OwnedData:
    """Data of Alice, and two other users: Bob, and Carol, whose account is disabled."""

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
    bucket_id: str

    def path(self, route: Route) -> str:
        names = {
            "job_id": self.job_id,
            "name": "frames.zip",
            "token": TOKEN,
            "share_id": hash_capability(TOKEN),
            "key_id": hash_capability(TOKEN),
            "erasure_token": f"{self.request_id}-{TOKEN}",
            "input": "video",
            "code": "not-found",
            "webhook_id": self.webhook_id,
            "delivery_id": self.delivery_id,
            "request_id": self.request_id,
            "number": "1",
            "camera_id": self.camera_id,
            "recording_id": self.recording_id,
            "bucket_id": self.bucket_id,
            "slide_id": "s1",
            "voice": "en-GB-Standard-A",
        }
        return route.path.format(**names)

    def missing_path(self, path: str) -> str:
        """Returns the path with ids that do not exist."""
        for document_id in (
            self.job_id, self.webhook_id, self.delivery_id, self.request_id, self.camera_id,
            self.recording_id, self.bucket_id,
        ):  # fmt: skip
            path = path.replace(document_id, "0" * 20)
        return path.replace(TOKEN, "0" * 48).replace(hash_capability(TOKEN), "0" * 64)

    def body(self, route: Route) -> object:
        """Returns a body that the operation accepts from the owner. Most accept an empty one."""
        return BODIES.get(route_id(route), {}) if route.body is not None else None

    def call(self, route: Route, token: str | None, **headers: str) -> Response:
        """Calls an operation on the data of Alice."""
        if route.conditional:
            headers["If_Match"] = "*"
        return call_api(
            self.suite, route.method, self.path(route), token, self.body(route), **headers
        )
