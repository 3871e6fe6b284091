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
from shared.http.application import Application, House
from shared.http.routing import Route
from shared.pipeline import Bucket
from shared.ports.identity import User
from shared.ports.system import Clock
from shared.runtime.interpreter import Neighbours, SystemClock
from shared.runtime.settings import Settings
from tests.fakes.job_store import MemoryLedger

ORIGIN = "https://console.moodreel.test"
SETTINGS = Settings(
    project="p",
    buckets={role: f"p-{role}" for role in Bucket},
    public_url="https://api.moodreel.test",
    console_url=ORIGIN,
    origins=(ORIGIN,),
)
ALICE = {"Authorization": "Bearer alice"}


class KnownTokens:
    """Identity for whom a token is the name of a person who has an account."""

    def verify(self, token: str) -> User:
        if token not in ("alice", "bob"):
            raise Unauthenticated
        return User(token, f"{token}@moodreel.test")


@dataclass
class Stand:
    """A client of an application, with what its neighbours hold and what was logged."""

    routes: Iterable[Route]
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    events: list[dict[str, Any]] = field(default_factory=list)
    clock: Clock = field(default_factory=SystemClock)
    settings: Settings = SETTINGS
    objects: Any = None
    announced: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        def log(event: str, /, *, severity: str = "INFO", **details: Any) -> None:
            self.events.append({"event": event, "severity": severity, **details})

        world = Neighbours(
            store=self.ledger,
            objects=self.objects,
            publisher=self,
            clock=self.clock,
            log=log,
            new_token=lambda: secrets.token_hex(8),
        )
        house = House(lambda: self.settings, lambda: world, KnownTokens)
        application = Application("api", self.routes, house)

        @Request.application
        def app(request: Request) -> Response:
            return application.respond(request)

        self.client = Client(app)

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        """Nobody works here: what is announced is kept."""
        self.announced += envelopes

    def call(self, method: str, path: str, **more: Any) -> Any:
        """One request; → werkzeug's TestResponse."""
        return self.client.open(path, method=method, **more)

    def logged(self, event: str) -> dict[str, Any]:
        """The one event of this name."""
        [found] = [one for one in self.events if one["event"] == event]
        return found
