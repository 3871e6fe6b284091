"""The composition root: settings and clients, built once a process and when they are first used.

Adapters are imported by the function that builds them: each function carries only the libraries
that it needs, and loads a library with the first request that needs it.
"""

from __future__ import annotations

import importlib
import secrets
import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from shared.adapters import clients
from shared.errors import ConfigurationError
from shared.ports.identity import Accounts, Doorkeeper, Identity
from shared.ports.messages import Publisher
from shared.ports.models import Illustrator, SlideModel, Voice
from shared.ports.objects import ObjectStore
from shared.ports.outbound import Caller, Mailer
from shared.ports.store import JobStore
from shared.runtime.interpreter import Neighbours, SystemClock
from shared.runtime.logs import log
from shared.runtime.settings import Settings
from shared.runtime.tracing import Tracer, Untraced

T = TypeVar("T")
_building = threading.RLock()


def once(build: Callable[[], T]) -> Callable[[], T]:
    """Build at the first call, also when many threads make that call at once."""
    built: list[T] = []

    @wraps(build)
    def get() -> T:
        if not built:
            with _building:
                if not built:
                    built.append(build())
        return built[0]

    return get


@once
def settings() -> Settings:
    """This process's settings. Raises ConfigurationError."""
    return Settings.from_env()


@once
def store() -> JobStore:
    """The documents of jobs."""
    return clients.ledger(settings())


@once
def objects() -> ObjectStore:
    """The buckets."""
    return clients.objects(settings())


@once
def publisher() -> Publisher:
    """The topics."""
    return clients.publisher(settings())


class ConnectedOnUse(Neighbours):
    """Neighbours whose clients are imported and built when they are first used.

    A function that never publishes does not load Pub/Sub's library at all, and a request that is
    refused before it reads anything waits for none of them.
    """

    def __init__(self, values: Settings) -> None:
        given = {
            "clock": SystemClock(),
            "log": log,
            "new_token": lambda: secrets.token_hex(8),
            "crash_dir": values.crash_dir,
            "lease_s": values.lease_s,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def store(self) -> JobStore:
        return store()

    @property
    def objects(self) -> ObjectStore:
        return objects()

    @property
    def publisher(self) -> Publisher:
        return publisher()


@once
def neighbours() -> Neighbours:
    """Firestore, buckets, topics, clock and log."""
    return ConnectedOnUse(settings())


@once
def tracer() -> Tracer:
    """Where spans go. OpenTelemetry's SDK is imported here, and only when somebody looks."""
    if not settings().traces:
        return Untraced()
    from shared.adapters.opentelemetry import tracer as connected

    return connected(settings().project, settings().traces)


@once
def mailer() -> Mailer:
    """The mail server."""
    if not settings().smtp_url:
        raise ConfigurationError("SMTP_URL is missing: mail cannot be sent.")
    from shared.adapters.smtp import SmtpMailer

    return SmtpMailer(settings().smtp_url, settings().mail_from)


@once
def identity() -> Identity:
    """Who calls. firebase-admin is imported here, since only HTTPS functions carry it."""
    from shared.adapters.firebase.identity import identity as connected

    return connected(settings().project, local=settings().local)


@once
def accounts() -> Accounts:
    """Accounts of people. Imported here, since only `api` carries what it needs."""
    from shared.adapters.firebase.accounts import accounts as connected

    values = settings()
    if not values.web_api_key:
        raise ConfigurationError("MOODREEL_WEB_API_KEY is missing: nobody can sign in.")
    return connected(
        values.project, values.web_api_key, emulator=values.auth_emulator, local=values.local
    )


@once
def doorkeeper() -> Doorkeeper:
    """Who closes accounts. Imported here, since only personal_data does."""
    from shared.adapters.firebase.account_admin import doorkeeper as connected

    return connected(settings().project, local=settings().local)


@once
def caller() -> Caller:
    """Who calls servers of strangers."""
    from shared.adapters.outbound_http import StrangerCaller

    return StrangerCaller(private_too=settings().private_webhooks)


@once
def voice() -> Voice:
    """Who speaks. Imported here, since only text_to_speech carries its client."""
    from shared.adapters.text_to_speech import voice as connected

    return connected(settings().tts_endpoint)


@once
def slide_model() -> SlideModel:
    """Who writes decks. Imported here, since only slide_generation carries its clients."""
    from shared.adapters.gemini.access import GeminiAccess
    from shared.adapters.gemini.model import slide_model as connected

    values = settings()
    access = GeminiAccess(
        values.gemini_backend,
        values.slide_model,
        api_key=values.gemini_api_key,
        project=values.vertex_project,
        location=values.vertex_location,
        endpoint=values.gemini_endpoint,
    )
    return connected(values.slide_model_client, access)


@once
def illustrator() -> Illustrator | None:
    """Who draws pictures for slides, when the operator brought somebody."""
    module, _, factory = settings().illustrator.partition(":")
    if not module:
        return None
    try:
        made: Illustrator = getattr(importlib.import_module(module), factory)(settings())
    except (ImportError, AttributeError) as wrong:
        raise ConfigurationError(
            f"MOODREEL_ILLUSTRATOR must be module:factory, not {settings().illustrator!r}."
        ) from wrong
    return made
