"""An HTTP application with in-memory services, called through WSGI."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from infra.tools.abuse.operations import operations_of
from infra.tools.abuse.table import ROUTES as SERVED_ROUTES
from shared.errors import NotFound, Unauthenticated
from shared.flows.envelope import Envelope
from shared.http.application import Application, AppServices
from shared.http.routing import Route
from shared.pipeline import Bucket
from shared.ports.identity import Identity, User
from shared.ports.system import Clock
from shared.runtime.services import SystemClock
from shared.runtime.settings import Settings
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.secret_keys import (
    CAMERA_PUBLIC_KEY,
    DELIVERY_PUBLIC_KEY,
    FETCH_PUBLIC_KEY,
    WEBHOOK_PUBLIC_KEY,
)
from tests.fakes.services import FixedServices

ORIGIN = "https://console.moodreel.test"
SETTINGS = Settings(
    project="p",
    buckets={role: f"p-{role}" for role in Bucket},
    public_url="https://api.moodreel.test",
    console_url=ORIGIN,
    allowed_origins=(ORIGIN,),
    camera_public_key=CAMERA_PUBLIC_KEY,
    webhook_public_key=WEBHOOK_PUBLIC_KEY,
    fetch_public_key=FETCH_PUBLIC_KEY,
    delivery_public_key=DELIVERY_PUBLIC_KEY,
)
ALICE_HEADERS = {"Authorization": "Bearer alice"}


class FakeIdentity:
    """An identity provider whose tokens are the names of its users: `alice` and `bob`, who have
    verified addresses, and `carol`, who has not."""

    def verify(self, token: str) -> User:
        if token not in ("alice", "bob", "carol"):
            raise Unauthenticated
        return self.read_user(token)

    def read_user(self, uid: str) -> User:
        if uid not in ("alice", "bob", "carol"):
            raise Unauthenticated
        return User(uid, f"{uid}@moodreel.test", verified=uid != "carol")


def check_operations(application: Application, request: Request, reads: int, writes: int) -> None:
    """Fails when a request of a served route reads or writes more than `infra/SECURITY.md` says."""
    try:
        methods, _ = application.table.match(request.path)
    except NotFound:
        return
    route = methods.get("GET" if request.method == "HEAD" else request.method)
    if route is None or not any(
        route is served for routes in SERVED_ROUTES.values() for served in routes
    ):
        # A route of the test itself.
        return
    most = operations_of(route)
    name = f"{route.method} {route.path}"
    # Two reads and one write are those of the policy of all routes, for a batch of requests.
    assert reads <= most.reads + 2, f"{name} has read {reads} documents"
    assert writes <= most.writes + 1, f"{name} has written {writes} documents"


@dataclass
class AppHarness:
    """An application with a client, its services, its log and the messages that it published."""

    routes: Iterable[Route]
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    log_events: list[dict[str, Any]] = field(default_factory=list)
    clock: Clock = field(default_factory=SystemClock)
    settings: Settings = SETTINGS
    identity: Identity = field(default_factory=FakeIdentity)
    objects: Any = None
    published: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        def log(event: str, /, *, severity: str = "INFO", **details: Any) -> None:
            self.log_events.append({"event": event, "severity": severity, **details})

        services = FixedServices(
            store=self.store,
            objects=self.objects,
            publisher=self,
            clock=self.clock,
            log=log,
            new_token=lambda: secrets.token_hex(8),
        )
        app_services = AppServices(lambda: self.settings, lambda: services, lambda: self.identity)
        application = Application("api", self.routes, app_services)

        @Request.application
        def app(request: Request) -> Response:
            before = self.store.billed_to_thread()
            response = application.respond(request)
            after = self.store.billed_to_thread()
            check_operations(application, request, after[0] - before[0], after[1] - before[1])
            return response

        self.client = Client(app)

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        """Keep the messages; nothing handles them."""
        self.published += envelopes

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send one request. Returns werkzeug's TestResponse."""
        return self.client.open(path, method=method, **options)

    def logged_event(self, name: str) -> dict[str, Any]:
        """The only log event with this name."""
        [log_event] = [row for row in self.log_events if row["event"] == name]
        return log_event
