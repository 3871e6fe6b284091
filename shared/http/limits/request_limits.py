"""The limits that every request passes before anything is read from Firestore for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from shared.errors import EmailNotVerified, Unauthenticated
from shared.http.authentication import Caller
from shared.http.limits.in_flight import InFlight
from shared.http.limits.limiter import RateLimiter
from shared.http.limits.policies import requests_from, requests_of, requests_of_key
from shared.pipeline import FUNCTIONS
from shared.ports.identity import IdentityUnavailable
from shared.runtime.services import Services
from shared.runtime.settings import Settings

ANONYMOUS_SHARE = 0.75
"""Of the concurrent requests of an instance, how many may be without a sign-in and have a body:
sign-ins, registrations and forgotten passwords, which take a second on purpose. The rest is free
for others. Above the 60 percent at which Cloud Run starts another instance:
https://cloud.google.com/run/docs/about-instance-autoscaling"""
ANONYMOUS_SLOTS_PER_CLIENT = 2
"""How many of these requests a client may have at once: two clients with slow bodies do not take
all of them."""
BODIES_PER_CALLER = 8
"""Bodies of a caller that an instance reads at once. A body is at most 1 MiB and usually there with
its request: only a slow sender has several."""


def anonymous_slots(function: str) -> int:
    """Returns how many requests with a body and without a sign-in an instance of a function handles
    at once."""
    return int(FUNCTIONS[function].concurrency * ANONYMOUS_SHARE)


class RequestLimits:
    """The limits of an instance of a function."""

    def __init__(self, function: str) -> None:
        self.limiter = RateLimiter()
        self._anonymous = InFlight(anonymous_slots(function))
        self._anonymous_of_client = InFlight(ANONYMOUS_SLOTS_PER_CLIENT)
        self._bodies = InFlight(BODIES_PER_CALLER)

    def admit_anonymous(
        self,
        services: Services,
        settings: Settings,
        address: str,
        held: ExitStack | None,
    ) -> None:
        """Counts a request to a route that needs no sign-in. With `held`, which is for a route with
        a body, it counts as concurrent until that is closed. Raises LimitReached."""
        if held is not None:
            held.enter_context(self._anonymous_of_client.hold(address))
            held.enter_context(self._anonymous.hold(""))
        self.limiter.check(services, requests_from(settings), address)

    def admit_caller(
        self,
        services: Services,
        settings: Settings,
        address: str,
        authenticate: Callable[[], Caller],
    ) -> Caller:
        """Returns the caller whom `authenticate` returns, and counts the request: for the user, and
        for the API key. A request without an accepted token or key counts as one of the client.
        Raises what `authenticate` raises, LimitReached."""
        try:
            caller = authenticate()
        except (Unauthenticated, EmailNotVerified, IdentityUnavailable):
            self.limiter.check(services, requests_from(settings), address)
            raise
        if caller.key is not None:
            # First: a key over its limit does not use up that of the user.
            self.limiter.check(services, requests_of_key(settings), caller.key.id)
        self.limiter.check(services, requests_of(settings), caller.user.uid)
        return caller

    def admit_lookup(self, services: Services, settings: Settings, address: str) -> None:
        """Counts the lookup of an API key that this instance does not know, as a request of the
        client. Raises LimitReached."""
        self.limiter.check(services, requests_from(settings), address)

    def reading_body(self, caller: str) -> AbstractContextManager[None]:
        """Returns a context in which the body of a request is read. Raises LimitReached."""
        return self._bodies.hold(caller)
