"""An application over neighbours in memory, called as a WSGI server would."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from shared.errors import Unauthenticated
from shared.flows.envelope import Envelope
from shared.http.application import Application, AppServices
from shared.http.routing import Route
from shared.pipeline import Bucket
from shared.ports.identity import User
from shared.ports.system import Clock
from shared.runtime.interpreter import SystemClock
from shared.runtime.settings import Settings
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices

ORIGIN = "https://console.moodreel.test"
SETTINGS = Settings(
    project="p",
    buckets={role: f"p-{role}" for role in Bucket},
    public_url="https://api.moodreel.test",
    console_url=ORIGIN,
    allowed_origins=(ORIGIN,),
)
ALICE_HEADERS = {"Authorization": "Bearer alice"}


class FakeIdentity:
    """Identity for whom a token is the name of a person who has an account."""

    def verify(self, token: str) -> User:
        if token not in ("alice", "bob"):
            raise Unauthenticated
        return User(token, f"{token}@moodreel.test")


@dataclass
class AppHarness:
    """A client of an application, with what its neighbours hold and what was logged."""

    routes: Iterable[Route]
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    log_events: list[dict[str, Any]] = field(default_factory=list)
    clock: Clock = field(default_factory=SystemClock)
    settings: Settings = SETTINGS
    objects: Any = None
    published: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        def log(event: str, /, *, severity: str = "INFO", **details: Any) -> None:
            self.log_events.append({"event": event, "severity": severity, **details})

        world = FixedServices(
            store=self.store,
            objects=self.objects,
            publisher=self,
            clock=self.clock,
            log=log,
            new_token=lambda: secrets.token_hex(8),
        )
        house = AppServices(lambda: self.settings, lambda: world, FakeIdentity)
        application = Application("api", self.routes, house)

        @Request.application
        def app(request: Request) -> Response:
            return application.respond(request)

        self.client = Client(app)

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        """Nobody works here: what is announced is kept."""
        self.published += envelopes

    def request(self, method: str, path: str, **options: Any) -> Any:
        """One request; → werkzeug's TestResponse."""
        return self.client.open(path, method=method, **options)

    def logged_event(self, name: str) -> dict[str, Any]:
        """The one event of this name."""
        [found] = [one for one in self.log_events if one["event"] == name]
        return found
