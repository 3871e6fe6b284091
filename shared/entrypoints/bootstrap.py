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
from shared.ports.identity import AccountAdmin, Accounts, Identity
from shared.ports.messages import Publisher
from shared.ports.models import DeckModel, Illustrator, SpeechSynthesizer
from shared.ports.objects import ObjectStore
from shared.ports.outbound import Mailer, OutboundHttp
from shared.ports.store import JobStore
from shared.runtime.interpreter import Services, SystemClock
from shared.runtime.logs import log
from shared.runtime.settings import Settings
from shared.runtime.tracing import NoOpTracer, Tracer

T = TypeVar("T")
_building = threading.RLock()


def build_once(build: Callable[[], T]) -> Callable[[], T]:
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


@build_once
def settings() -> Settings:
    """This process's settings. Raises ConfigurationError."""
    return Settings.from_env()


@build_once
def store() -> JobStore:
    """The documents of jobs."""
    return clients.create_job_store(settings())


@build_once
def objects() -> ObjectStore:
    """The buckets."""
    return clients.create_object_store(settings())


@build_once
def publisher() -> Publisher:
    """The topics."""
    return clients.create_publisher(settings())


class LazyServices(Services):
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


@build_once
def services() -> Services:
    """Firestore, buckets, topics, clock and log."""
    return LazyServices(settings())


@build_once
def tracer() -> Tracer:
    """Where spans go. OpenTelemetry's SDK is imported here, and only when somebody looks."""
    if not settings().traces:
        return NoOpTracer()
    from shared.adapters.opentelemetry import create_tracer as connected

    return connected(settings().project, settings().traces)


@build_once
def mailer() -> Mailer:
    """The mail server."""
    if not settings().smtp_url:
        raise ConfigurationError("SMTP_URL is missing: mail cannot be sent.")
    from shared.adapters.smtp import SmtpMailer

    return SmtpMailer(settings().smtp_url, settings().mail_from)


@build_once
def identity() -> Identity:
    """Who calls. firebase-admin is imported here, since only HTTPS functions carry it."""
    from shared.adapters.firebase.identity import create_identity as connected

    return connected(settings().project, local=settings().local)


@build_once
def accounts() -> Accounts:
    """Accounts of people. Imported here, since only `api` carries what it needs."""
    from shared.adapters.firebase.accounts import create_accounts as connected

    values = settings()
    if not values.web_api_key:
        raise ConfigurationError("MOODREEL_WEB_API_KEY is missing: nobody can sign in.")
    return connected(
        values.project, values.web_api_key, emulator=values.auth_emulator, local=values.local
    )


@build_once
def account_admin() -> AccountAdmin:
    """Who closes accounts. Imported here, since only personal_data does."""
    from shared.adapters.firebase.account_admin import create_account_admin as connected

    return connected(settings().project, local=settings().local)


@build_once
def outbound_http() -> OutboundHttp:
    """Who calls servers of strangers."""
    from shared.adapters.outbound_http import PinnedOutboundHttp

    return PinnedOutboundHttp(allow_private=settings().allow_private_webhooks)


@build_once
def voice() -> SpeechSynthesizer:
    """Who speaks. Imported here, since only text_to_speech carries its client."""
    from shared.adapters.text_to_speech import create_speech_synthesizer as connected

    return connected(settings().tts_endpoint)


@build_once
def deck_model() -> DeckModel:
    """Who writes decks. Imported here, since only slide_generation carries its clients."""
    from shared.adapters.gemini.access import GeminiAccess
    from shared.adapters.gemini.model import create_deck_model as connected

    values = settings()
    access = GeminiAccess(
        values.gemini_backend,
        values.deck_model,
        api_key=values.gemini_api_key,
        project=values.vertex_project,
        location=values.vertex_location,
        endpoint=values.gemini_endpoint,
    )
    return connected(values.deck_model_client, access)


@build_once
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
