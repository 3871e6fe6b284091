"""The composition root: settings and neighbours, built once a process and only when asked for."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from shared.adapters import connect
from shared.adapters.mail import SmtpMailer
from shared.config import Settings
from shared.driver import Neighbours, SystemClock
from shared.errors import ConfigurationError
from shared.logs import log
from shared.ports import Identity, Mailer, SlideModel, Voice
from shared.tracing import Tracer, Untraced

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
def neighbours() -> Neighbours:
    """Ledger, buckets, topics, clock and log."""
    values = settings()
    return Neighbours(
        store=connect.ledger(values),
        objects=connect.objects(values),
        publisher=connect.publisher(values),
        clock=SystemClock(),
        log=log,
        new_token=lambda: secrets.token_hex(8),
        crash_dir=values.crash_dir,
    )


@once
def tracer() -> Tracer:
    """Where spans go. OpenTelemetry's SDK is imported here, and only when somebody looks."""
    if not settings().traces:
        return Untraced()
    from shared.adapters.traces import tracer as connected

    return connected(settings().project, settings().traces)


@once
def mailer() -> Mailer:
    """The mail server."""
    if not settings().smtp_url:
        raise ConfigurationError("SMTP_URL is missing: mail cannot be sent.")
    return SmtpMailer(settings().smtp_url, settings().mail_from)


@once
def identity() -> Identity:
    """Who calls. firebase-admin is imported here, since only HTTPS functions carry it."""
    from shared.adapters.identity import identity as connected

    return connected(settings().project, local=settings().local)


@once
def voice() -> Voice:
    """Who speaks. Imported here, since only text_to_speech carries its client."""
    from shared.adapters.voice import voice as connected

    return connected(settings().tts_endpoint)


@once
def slide_model() -> SlideModel:
    """Who writes decks. Imported here, since only slide_generation carries its clients."""
    from shared.adapters.gemini import slide_model as connected

    values = settings()
    if not values.gemini_api_key:
        raise ConfigurationError("GEMINI_API_KEY is missing: decks cannot be written.")
    return connected(
        values.slide_model_client,
        model=values.slide_model,
        api_key=values.gemini_api_key,
        endpoint=values.gemini_endpoint,
    )
