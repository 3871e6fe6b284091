"""The requests of the API benchmark: every operation, for 20 users with data of every kind.

An operation that can be repeated is repeated for some seconds. An operation that is possible only
once, such as a redrive, is prepared right before and called once per user.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.local.suite.handle import SuiteHandle
from tests.benchmarks.api_data import (
    ANONYMOUS_CLIENT_COUNT,
    ANY_STATE,
    NEW_JOB,
    BenchmarkData,
    OperationRequest,
)


@dataclass(frozen=True)
class Operation:
    """One operation. `prepare` returns the requests of each client, endless or a fixed number.
    `reads` means that it changes nothing."""

    name: str
    method: str
    prepare: Callable[[], list[Iterator[OperationRequest]]]
    reads: bool = True
    headers: tuple[tuple[str, str], ...] = ()


def list_operations(suite: SuiteHandle, receiver: str) -> list[Operation]:
    """All operations; those that delete accounts are last. `receiver` is a webhook URL."""
    data = BenchmarkData(suite, receiver)

    def credentials(n: int) -> dict[str, str]:
        user = data.clients[n].user
        return {"email": user.email, "password": user.password}

    def email(n: int) -> dict[str, str]:
        return {"email": credentials(n)["email"]}

    def refresh_token(n: int) -> dict[str, str]:
        response = data.clients[n].call("POST", "/v1/accounts/login", credentials(n))
        return {"refresh_token": response["refresh_token"]}

    def new_account(_: int) -> dict[str, str]:
        return {
            "email": f"{secrets.token_hex(8)}@moodreel.test",
            "name": "Nobody",
        }

    def get(name: str, path: Callable[[int], str], *, token: bool = True) -> Operation:
        return Operation(f"GET {name}", "GET", lambda: data.repeated(path, token=token))

    def change(
        name: str, path: Callable[[int], str], body: object = None, **headers: str
    ) -> Operation:
        method = name.split()[0]
        return Operation(
            name, method, lambda: data.repeated(path, body), reads=False,
            headers=tuple(headers.items()),
        )  # fmt: skip

    def done(n: int) -> str:
        return f"/v1/jobs/{data.done[n]}"

    def waiting(n: int) -> str:
        return f"/v1/jobs/{data.waiting[n]}"

    def webhook(n: int) -> str:
        return f"/v1/webhooks/{data.webhooks[n]}"

    def delivery(n: int) -> str:
        return f"{webhook(n)}/deliveries/{data.deliveries[n]}"

    def deck(n: int) -> str:
        return f"/v1/jobs/{data.decks[n]}/deck"

    mails = {"mail": {"done": True, "failed": True, "cancelled": True}}
    same = {"current_password": data.clients[0].user.password}
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
        get("webhook", webhook),
        get("receipt keys", lambda _: "/v1/receipt-keys", token=False),
        change("GET share", lambda n: urlsplit(data.shares[n]["url"]).path),
        change("POST upload", lambda n: f"{waiting(n)}/uploads/video", {}),
        change("PUT preferences", lambda _: "/v1/me/preferences", mails, **ANY_STATE),
        change("PATCH job", done, {"title": "The same"}),
        change("PATCH me", lambda _: "/v1/me", {"name": "The same"}, **ANY_STATE),
        Operation(
            "POST login", "POST",
            lambda: data.varied("/v1/accounts/login", credentials), reads=False,
        ),
        Operation(
            "POST refresh", "POST",
            lambda: [
                itertools.repeat(OperationRequest("/v1/accounts/refresh", refresh_token(n)))
                for n in range(ANONYMOUS_CLIENT_COUNT)
            ],
            reads=False,
        ),
        Operation(
            "POST register", "POST",
            lambda: data.varied("/v1/accounts/register", new_account), reads=False,
        ),
        Operation(
            "POST forgot", "POST",
            lambda: data.varied("/v1/accounts/forgot", email),
            reads=False,
        ),
        change("POST enable", lambda n: f"{webhook(n)}/enable"),
        change("POST secret", lambda n: f"{webhook(n)}/secret"),
        Operation(
            "POST test", "POST", lambda: data.once(lambda n: f"{webhook(n)}/test"), reads=False
        ),
        get("deliveries", lambda n: f"{webhook(n)}/deliveries"),
        get("delivery", delivery),
        Operation(
            "POST replay", "POST", lambda: data.once(lambda n: f"{delivery(n)}/replay"),
            reads=False,
        ),
        Operation(
            "POST webhooks", "POST", lambda: data.once(lambda _: "/v1/webhooks", {"url": receiver}),
            reads=False,
        ),
        Operation("DELETE webhook", "DELETE", lambda: data.once(webhook), reads=False),
        change("POST exports", lambda _: "/v1/me/exports"),
        get("exports", lambda _: "/v1/me/exports"),
        get("export", lambda n: f"/v1/me/exports/{data.exports[n]}"),
        get("export part", lambda n: f"/v1/me/exports/{data.exports[n]}/parts/1"),
        change("POST finalize", lambda n: f"{done(n)}/uploads/video/finalize", {}),
        change("POST shares", lambda n: f"{done(n)}/shares", {"artifact": "frames.zip"}),
        # These operations succeed again when they are repeated.
        change("DELETE share", lambda n: f"/v1/shares/{data.shares[n]['id']}"),
        change("POST cancel", lambda n: f"{waiting(n)}/cancel"),
        change("DELETE job", waiting),
        Operation("POST redrive", "POST", data.redrives, reads=False),
        get("deck", deck),
        get("slide picture", lambda n: f"{deck(n)}/slides/s2/picture"),
        Operation("PUT deck", "PUT", data.deck_edits, reads=False),
        Operation("POST rewrite", "POST", data.rewrites, reads=False),
        Operation("POST release", "POST", data.releases, reads=False),
        change("POST jobs", lambda _: "/v1/jobs", NEW_JOB),
        Operation(
            "POST password", "POST", lambda: data.once(lambda _: "/v1/me/password", same),
            reads=False,
        ),
        Operation("POST erasures", "POST", data.erasure_requests, reads=False),
        get("erasure", lambda n: data.erasures[n], token=False),
        get("inventory", lambda n: f"{data.erasures[n]}/inventory", token=False),
        Operation("DELETE me", "DELETE", lambda: data.once(lambda _: "/v1/me"), reads=False),
    ]  # fmt: skip
