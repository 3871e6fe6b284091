"""What the benchmark of the API asks: every operation, of 20 people with something of each kind.

What can be asked again is asked for some seconds. What can be done once only, such as a redrive, is
prepared right before and done once a person.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.recipes.films.prompt import Prompt
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import create_failed_job, update_account

CLIENT_COUNT = 20
NEW_JOB = {
    "recipe": "frames",
    "inputs": {"video": {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}},
}
STONES = Prompt("Tell me about stones", "Basalt is dark. Granite is light. Chalk is soft.")
ANY_STATE = {"If-Match": "*"}


@dataclass(frozen=True)
class OperationRequest:
    """One request. With `token` it comes from somebody who is signed in."""

    path: str
    body: object = None
    token: str | None = None


@dataclass(frozen=True)
class Operation:
    """`prepared` gives each client its requests: one that is repeated while there is time, or as
    many as can be asked, each once. `reads`: it changes nothing."""

    name: str
    method: str
    prepared: Callable[[], list[Iterator[OperationRequest]]]
    reads: bool = True
    headers: tuple[tuple[str, str], ...] = ()


class Town:
    """Twenty people and their things, made when an operation first needs them."""

    def __init__(self, suite: SuiteHandle, receiver: str) -> None:
        self._suite = suite
        self._receiver = receiver
        self.folder = Path(tempfile.mkdtemp())
        self.people = [suite.client() for _ in range(CLIENT_COUNT)]
        for one in self.people:
            update_account(suite, one.user.uid, {"emailVerified": True})

    @cached_property
    def done(self) -> list[str]:
        clip = CLIP_SPECS["cfr30"].encode().path
        jobs = [self._suite.start_job(one, "frames", clip) for one in self.people]
        for one, job_id in zip(self.people, jobs, strict=True):
            self._suite.wait_for_job(one, job_id, 300)
        return jobs

    @cached_property
    def waiting(self) -> list[str]:
        """A job each that awaits its upload."""
        return [one.call("POST", "/v1/jobs", NEW_JOB)["job"]["id"] for one in self.people]

    @cached_property
    def shares(self) -> list[str]:
        return [
            one.call("POST", f"/v1/jobs/{job_id}/shares", {"artifact": "frames.zip"})["token"]
            for one, job_id in zip(self.people, self.done, strict=True)
        ]

    @cached_property
    def hooks(self) -> list[str]:
        body = {"url": self._receiver}
        return [one.call("POST", "/v1/webhooks", body)["webhook"]["id"] for one in self.people]

    @cached_property
    def deliveries(self) -> list[str]:
        """One that has ended, of each hook."""
        return [
            str(wait_until(partial(_ended, one, hook), "a delivery", 300))
            for one, hook in zip(self.people, self.hooks, strict=True)
        ]

    @cached_property
    def exports(self) -> list[str]:
        found = [one.call("POST", "/v1/me/exports")["id"] for one in self.people]
        for one, request_id in zip(self.people, found, strict=True):
            _wait_for(one, f"/v1/me/exports/{request_id}", "parts")
        return found

    @cached_property
    def decks(self) -> list[str]:
        """A presentation each whose deck waits for its owner."""
        path = self.folder / "prompt.txt"
        path.write_bytes(STONES.to_bytes())
        options = {"slides": "4", "stop_at": "deck"}
        jobs = [
            self._suite.start_job(one, "presentation", path, options=options) for one in self.people
        ]
        self._all_wait(jobs)
        return jobs

    def deck_edits(self) -> list[Iterator[OperationRequest]]:
        asked = []
        for one, job_id in zip(self.people, self.decks, strict=True):
            told = one.call("GET", f"/v1/jobs/{job_id}/deck")
            kept = ("title", "language", "theme", "aspect", "resolution")
            deck: dict[str, Any] = {name: told[name] for name in kept}
            deck["slides"] = [
                {name: value for name, value in slide.items() if name != "picture_url"}
                for slide in told["slides"]
            ]
            deck["slides"][1]["heading"] = "Quartz is hard"
            body = {"revision": told["revision"], "deck": deck}
            asked.append(iter([OperationRequest(f"/v1/jobs/{job_id}/deck", body, one.user.token)]))
        return asked

    def rewrites(self) -> list[Iterator[OperationRequest]]:
        self._all_wait(self.decks)
        asked = []
        for one, job_id in zip(self.people, self.decks, strict=True):
            told = one.call("GET", f"/v1/jobs/{job_id}/deck")
            path = f"/v1/jobs/{job_id}/deck/slides/{told['slides'][2]['id']}/rewrite"
            asked.append(
                iter([OperationRequest(path, {"revision": told["revision"]}, one.user.token)])
            )
        return asked

    def releases(self) -> list[Iterator[OperationRequest]]:
        self._all_wait(self.decks)
        return self.once(lambda n: f"/v1/jobs/{self.decks[n]}/deck/release")

    def redrives(self) -> list[Iterator[OperationRequest]]:
        jobs = [create_failed_job(self._suite, one, self.folder) for one in self.people]
        return self.once(lambda n: f"/v1/jobs/{jobs[n]}/redrive")

    def wishes(self) -> list[Iterator[OperationRequest]]:
        # A new password has ended what everybody was signed in by.
        for one in self.people:
            one.user.sign_in()
        return self.once(lambda _: "/v1/me/erasures", {"account": False})

    @cached_property
    def erasures(self) -> list[str]:
        """The removal that each has asked for, once its receipt is written."""
        found = [
            one.call("POST", "/v1/me/erasures", {"account": False})["id"] for one in self.people
        ]
        for one, request_id in zip(self.people, found, strict=True):
            path = f"/v1/erasures/{request_id}"
            wait_until(partial(_is_checking, one, path), "everything to be removed", 300)
            # What is removed is looked for once more when late writes must have come.
            past = datetime.now(UTC) - timedelta(seconds=1)
            due = {"due_at": past, "next_check_at": past}
            firestore.update_document(self._suite, f"data_requests/{request_id}", due)
        self._suite.trigger_schedule("sweeper")
        for one, request_id in zip(self.people, found, strict=True):
            _wait_for(one, f"/v1/erasures/{request_id}", "receipt")
        return found

    def repeated(
        self, path: Callable[[int], str], body: object = None, *, token: bool = True
    ) -> list[Iterator[OperationRequest]]:
        """The same request of each person, again and again."""
        return [
            _for_ever(OperationRequest(path(n), body, one.user.token if token else None))
            for n, one in enumerate(self.people)
        ]

    def varied(self, path: str, body: Callable[[int], object]) -> list[Iterator[OperationRequest]]:
        """Another body each time, of nobody who is signed in; `body` of the person's number."""
        return [_bodies(path, partial(body, n)) for n in range(CLIENT_COUNT)]

    def once(
        self, path: Callable[[int], str], body: object = None
    ) -> list[Iterator[OperationRequest]]:
        """One request of each person."""
        return [
            iter([OperationRequest(path(n), body, one.user.token)])
            for n, one in enumerate(self.people)
        ]

    def _all_wait(self, jobs: list[str]) -> None:
        for one, job_id in zip(self.people, jobs, strict=True):
            wait_until(partial(_awaits_review, one, job_id), "a deck", 300)


def list_operations(suite: SuiteHandle, receiver: str) -> list[Operation]:
    """Every operation, what ends accounts last. `receiver` is a URL that takes webhooks."""
    town = Town(suite, receiver)

    def knows(n: int) -> dict[str, str]:
        user = town.people[n].user
        return {"email": user.email, "password": user.password}

    def holds(n: int) -> dict[str, str]:
        answer = town.people[n].call("POST", "/v1/accounts/login", knows(n))
        return {"refresh_token": answer["refresh_token"]}

    def stranger(_: int) -> dict[str, str]:
        return {
            "email": f"{secrets.token_hex(8)}@moodreel.test",
            "password": secrets.token_hex(12),
            "name": "Nobody",
        }

    def get(name: str, path: Callable[[int], str], *, token: bool = True) -> Operation:
        return Operation(f"GET {name}", "GET", lambda: town.repeated(path, token=token))

    def change(
        name: str, path: Callable[[int], str], body: object = None, **headers: str
    ) -> Operation:
        method = name.split()[0]
        return Operation(
            name, method, lambda: town.repeated(path, body), reads=False,
            headers=tuple(headers.items()),
        )  # fmt: skip

    def done(n: int) -> str:
        return f"/v1/jobs/{town.done[n]}"

    def waiting(n: int) -> str:
        return f"/v1/jobs/{town.waiting[n]}"

    def hook(n: int) -> str:
        return f"/v1/webhooks/{town.hooks[n]}"

    def delivery(n: int) -> str:
        return f"{hook(n)}/deliveries/{town.deliveries[n]}"

    def deck(n: int) -> str:
        return f"/v1/jobs/{town.decks[n]}/deck"

    mails = {"mail": {"done": True, "failed": True, "cancelled": True}}
    same = {"current_password": town.people[0].user.password}
    same["new_password"] = same["current_password"]
    return [
        get("health", lambda _: "/v1/health", token=False),
        get("openapi.json", lambda _: "/v1/openapi.json", token=False),
        get("docs", lambda _: "/v1/docs", token=False),
        get("problem", lambda _: "/problems/not-found", token=False),
        get("recipes", lambda _: "/v1/recipes"),
        get("me", lambda _: "/v1/me"),
        get("preferences", lambda _: "/v1/me/preferences"),
        get("job", done),
        get("jobs", lambda _: "/v1/jobs"),
        get("events", lambda n: f"{done(n)}/events"),
        get("artifact", lambda n: f"{done(n)}/artifacts/frames.zip"),
        get("shares", lambda _: "/v1/shares"),
        get("mails", lambda _: "/v1/mails"),
        get("usage", lambda _: "/v1/usage"),
        get("webhooks", lambda _: "/v1/webhooks"),
        get("webhook", hook),
        get("receipt keys", lambda _: "/v1/receipt-keys", token=False),
        change("GET share", lambda n: f"/v1/share/{town.shares[n]}"),
        change("POST upload", lambda n: f"{waiting(n)}/uploads/video", {}),
        change("PUT preferences", lambda _: "/v1/me/preferences", mails, **ANY_STATE),
        change("PATCH job", done, {"title": "The same"}),
        change("PATCH me", lambda _: "/v1/me", {"name": "The same"}, **ANY_STATE),
        Operation(
            "POST login", "POST", lambda: town.varied("/v1/accounts/login", knows), reads=False
        ),
        Operation(
            "POST refresh", "POST",
            lambda: [
                _for_ever(OperationRequest("/v1/accounts/refresh",
                holds(n))) for n in range(CLIENT_COUNT)
            ],
            reads=False,
        ),
        Operation(
            "POST register", "POST",
            lambda: town.varied("/v1/accounts/register", stranger), reads=False,
        ),
        Operation(
            "POST forgot", "POST",
            lambda: town.varied("/v1/accounts/forgot", lambda n: {"email": knows(n)["email"]}),
            reads=False,
        ),
        change("POST enable", lambda n: f"{hook(n)}/enable"),
        change("POST secret", lambda n: f"{hook(n)}/secret"),
        Operation(
            "POST test", "POST", lambda: town.once(lambda n: f"{hook(n)}/test"), reads=False
        ),
        get("deliveries", lambda n: f"{hook(n)}/deliveries"),
        get("delivery", delivery),
        Operation(
            "POST replay", "POST", lambda: town.once(lambda n: f"{delivery(n)}/replay"),
            reads=False,
        ),
        Operation(
            "POST webhooks", "POST", lambda: town.once(lambda _: "/v1/webhooks", {"url": receiver}),
            reads=False,
        ),
        Operation("DELETE webhook", "DELETE", lambda: town.once(hook), reads=False),
        change("POST exports", lambda _: "/v1/me/exports"),
        get("exports", lambda _: "/v1/me/exports"),
        get("export", lambda n: f"/v1/me/exports/{town.exports[n]}"),
        get("export part", lambda n: f"/v1/me/exports/{town.exports[n]}/parts/1"),
        change("POST finalize", lambda n: f"{done(n)}/uploads/video/finalize", {}),
        change("POST shares", lambda n: f"{done(n)}/shares", {"artifact": "frames.zip"}),
        # What is withdrawn, cancelled or deleted already is so once more.
        change("DELETE share", lambda n: f"/v1/share/{town.shares[n]}"),
        change("POST cancel", lambda n: f"{waiting(n)}/cancel"),
        change("DELETE job", waiting),
        Operation("POST redrive", "POST", town.redrives, reads=False),
        get("deck", deck),
        get("slide picture", lambda n: f"{deck(n)}/slides/s2/picture"),
        Operation("PUT deck", "PUT", town.deck_edits, reads=False),
        Operation("POST rewrite", "POST", town.rewrites, reads=False),
        Operation("POST release", "POST", town.releases, reads=False),
        change("POST jobs", lambda _: "/v1/jobs", NEW_JOB),
        Operation(
            "POST password", "POST", lambda: town.once(lambda _: "/v1/me/password", same),
            reads=False,
        ),
        Operation("POST erasures", "POST", town.wishes, reads=False),
        get("erasure", lambda n: f"/v1/erasures/{town.erasures[n]}", token=False),
        get("inventory", lambda n: f"/v1/erasures/{town.erasures[n]}/inventory", token=False),
        Operation("DELETE me", "DELETE", lambda: town.once(lambda _: "/v1/me"), reads=False),
    ]  # fmt: skip


def _ended(client: Client, hook: str) -> str | None:
    page = client.call("GET", f"/v1/webhooks/{hook}/deliveries")["deliveries"]
    return next((one["id"] for one in page if one["state"] in ("done", "failed")), None)


def _awaits_review(client: Client, job_id: str) -> bool:
    return bool(client.get_job(job_id)["status"] == "awaiting_review")


def _is_checking(client: Client, path: str) -> bool:
    return bool(client.call("GET", path)["phase"] == "checking")


def _wait_for(client: Client, path: str, field: str) -> None:
    wait_until(partial(_field, client, path, field), f"{field} of {path}", 600)


def _field(client: Client, path: str, field: str) -> Any:
    return client.call("GET", path)[field]


def _for_ever(asked: OperationRequest) -> Iterator[OperationRequest]:
    while True:
        yield asked


def _bodies(path: str, body: Callable[[], object]) -> Iterator[OperationRequest]:
    while True:
        yield OperationRequest(path, body())
