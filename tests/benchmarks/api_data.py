"""The users of the API benchmark, their data, and the requests that use the data."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.http.limits.request_limits import anonymous_slots
from shared.recipes.films.prompt import Prompt
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import create_failed_job

CLIENT_COUNT = 20
ANONYMOUS_CLIENT_COUNT = min(CLIENT_COUNT, anonymous_slots("api"))
"""Clients of operations with a body and without a sign-in. An instance refuses more at once."""
NEW_JOB = {
    "recipe": "frames",
    "inputs": {"video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}},
}
PROMPT = Prompt("Tell me about stones", "Basalt is dark. Granite is light. Chalk is soft.")
ANY_STATE = {"If-Match": "*"}


@dataclass(frozen=True)
class OperationRequest:
    """One request; with `token` it is authenticated."""

    path: str
    body: object = None
    token: str | None = None


class BenchmarkData:
    """The users and their data, created when an operation first needs it."""

    def __init__(self, suite: SuiteHandle, receiver: str) -> None:
        self._suite = suite
        self._receiver = receiver
        self.folder = Path(tempfile.mkdtemp())
        self.clients = [suite.client() for _ in range(CLIENT_COUNT)]

    @cached_property
    def done(self) -> list[str]:
        """One finished job per user."""
        clip = CLIP_SPECS["cfr30"].encode().path
        job_ids = [self._suite.start_job(client, "frames", clip) for client in self.clients]
        for client, job_id in zip(self.clients, job_ids, strict=True):
            self._suite.wait_for_job(client, job_id, 300)
        return job_ids

    @cached_property
    def waiting(self) -> list[str]:
        """One job per user that waits for its upload."""
        return [client.call("POST", "/v1/jobs", NEW_JOB)["job"]["id"] for client in self.clients]

    @cached_property
    def shares(self) -> list[dict[str, Any]]:
        return [
            client.call("POST", f"/v1/jobs/{job_id}/shares", {"artifact": "frames.zip"})
            for client, job_id in zip(self.clients, self.done, strict=True)
        ]

    @cached_property
    def webhooks(self) -> list[str]:
        body = {"url": self._receiver}
        return [
            client.call("POST", "/v1/webhooks", body)["webhook"]["id"] for client in self.clients
        ]

    @cached_property
    def deliveries(self) -> list[str]:
        """One finished delivery per webhook."""
        return [
            str(wait_until(partial(_find_ended_delivery, client, webhook), "a delivery", 300))
            for client, webhook in zip(self.clients, self.webhooks, strict=True)
        ]

    @cached_property
    def exports(self) -> list[str]:
        request_ids = [client.call("POST", "/v1/me/exports")["id"] for client in self.clients]
        for client, request_id in zip(self.clients, request_ids, strict=True):
            _wait_for_field(client, f"/v1/me/exports/{request_id}", "parts")
        return request_ids

    @cached_property
    def decks(self) -> list[str]:
        """One presentation per user with a deck in review."""
        path = self.folder / "prompt.txt"
        path.write_bytes(PROMPT.to_bytes())
        options = {"slides": "4", "stop_at": "deck"}
        job_ids = [
            self._suite.start_job(client, "presentation", path, options=options)
            for client in self.clients
        ]
        self._wait_for_reviews(job_ids)
        return job_ids

    def deck_edits(self) -> list[Iterator[OperationRequest]]:
        requests = []
        for client, job_id in zip(self.clients, self.decks, strict=True):
            current = client.call("GET", f"/v1/jobs/{job_id}/deck")
            fields = ("title", "language", "theme", "aspect", "resolution")
            deck: dict[str, Any] = {name: current[name] for name in fields}
            deck["slides"] = [
                {name: value for name, value in slide.items() if name != "picture_url"}
                for slide in current["slides"]
            ]
            deck["slides"][1]["heading"] = "Quartz is hard"
            body = {"revision": current["revision"], "deck": deck}
            path = f"/v1/jobs/{job_id}/deck"
            requests.append(iter([OperationRequest(path, body, client.user.token)]))
        return requests

    def rewrites(self) -> list[Iterator[OperationRequest]]:
        self._wait_for_reviews(self.decks)
        requests = []
        for client, job_id in zip(self.clients, self.decks, strict=True):
            current = client.call("GET", f"/v1/jobs/{job_id}/deck")
            path = f"/v1/jobs/{job_id}/deck/slides/{current['slides'][2]['id']}/rewrite"
            body = {"revision": current["revision"]}
            requests.append(iter([OperationRequest(path, body, client.user.token)]))
        return requests

    def releases(self) -> list[Iterator[OperationRequest]]:
        self._wait_for_reviews(self.decks)
        return self.once(lambda n: f"/v1/jobs/{self.decks[n]}/deck/release")

    def redrives(self) -> list[Iterator[OperationRequest]]:
        job_ids = [create_failed_job(self._suite, client, self.folder) for client in self.clients]
        return self.once(lambda n: f"/v1/jobs/{job_ids[n]}/redrive")

    def erasure_requests(self) -> list[Iterator[OperationRequest]]:
        # The change of the passwords has revoked all tokens.
        for client in self.clients:
            client.user.sign_in()
        return self.once(lambda _: "/v1/me/erasures", {"account": False})

    @cached_property
    def erasures(self) -> list[str]:
        """The path of one erasure per user, which has its receipt."""
        requests = [
            client.call("POST", "/v1/me/erasures", {"account": False}) for client in self.clients
        ]
        paths = [urlsplit(request["url"]).path for request in requests]
        for client, request, path in zip(self.clients, requests, paths, strict=True):
            wait_until(partial(_is_checking, client, path), "all data to be deleted", 300)
            # The check for late writes is due some time later; make it due now.
            past = datetime.now(UTC) - timedelta(seconds=1)
            due = {"due_at": past, "next_check_at": past}
            firestore.update_document(self._suite, f"data_requests/{request['id']}", due)
        self._suite.trigger_schedule("sweeper")
        for client, path in zip(self.clients, paths, strict=True):
            _wait_for_field(client, path, "receipt")
        return paths

    def repeated(
        self, path: Callable[[int], str], body: object = None, *, token: bool = True
    ) -> list[Iterator[OperationRequest]]:
        """One request per user, repeated."""
        return [
            itertools.repeat(OperationRequest(path(n), body, client.user.token if token else None))
            for n, client in enumerate(self.clients)
        ]

    def varied(self, path: str, body: Callable[[int], object]) -> list[Iterator[OperationRequest]]:
        """Unauthenticated requests, each with a new body; `body` takes the number of the user."""
        return [
            _repeat_with_new_body(path, partial(body, n)) for n in range(ANONYMOUS_CLIENT_COUNT)
        ]

    def once(
        self, path: Callable[[int], str], body: object = None
    ) -> list[Iterator[OperationRequest]]:
        """One request per user."""
        return [
            iter([OperationRequest(path(n), body, client.user.token)])
            for n, client in enumerate(self.clients)
        ]

    def _wait_for_reviews(self, job_ids: list[str]) -> None:
        for client, job_id in zip(self.clients, job_ids, strict=True):
            wait_until(partial(_awaits_review, client, job_id), "a deck", 300)


def _find_ended_delivery(client: Client, webhook: str) -> str | None:
    page = client.call("GET", f"/v1/webhooks/{webhook}/deliveries")["deliveries"]
    return next((row["id"] for row in page if row["state"] in ("done", "failed")), None)


def _awaits_review(client: Client, job_id: str) -> bool:
    return bool(client.get_job(job_id)["status"] == "awaiting_review")


def _is_checking(client: Client, path: str) -> bool:
    return bool(client.call("GET", path)["phase"] == "checking")


def _wait_for_field(client: Client, path: str, field: str) -> None:
    wait_until(partial(_read_field, client, path, field), f"{field} of {path}", 600)


def _read_field(client: Client, path: str, field: str) -> Any:
    return client.call("GET", path)[field]


def _repeat_with_new_body(path: str, body: Callable[[], object]) -> Iterator[OperationRequest]:
    while True:
        yield OperationRequest(path, body())
