"""The composition root: settings and clients, each built once per process at its first use.

Adapters are imported by the function that builds them. So each Cloud Function contains only the
libraries that it needs, and loads a library with the first request that needs it.
"""

from __future__ import annotations

import secrets

from shared.adapters import clients
from shared.entrypoints.build_once import build_once
from shared.errors import ConfigurationError
from shared.flows.effects import ClockAndIds
from shared.ports.customer_buckets import CustomerBuckets
from shared.ports.identity import AccountAdmin, Accounts, Identity
from shared.ports.messages import Publisher
from shared.ports.models import DeckModel, Illustrator, SpeechSynthesizer
from shared.ports.objects import ObjectStore
from shared.ports.outbound import Mailer, OutboundHttp
from shared.ports.speech_recognition import SpeechRecognizer
from shared.ports.store import JobStore
from shared.ports.system import Clock, Log
from shared.ports.url_reader import UrlReader
from shared.ports.url_writer import UrlWriter
from shared.runtime.logs import log
from shared.runtime.models.throttle import Throttle
from shared.runtime.models.throttled import ThrottledRecognizer, ThrottledSpeech
from shared.runtime.service_lists import CachedList, VoiceList
from shared.runtime.services import Services, SystemClock
from shared.runtime.settings import Settings
from shared.runtime.tracing import NoOpTracer, Tracer


@build_once
def settings() -> Settings:
    """Returns the settings of this process. Raises ConfigurationError."""
    return Settings.from_env()


@build_once
def store() -> JobStore:
    """Returns the Firestore client."""
    return clients.create_job_store(settings())


@build_once
def objects() -> ObjectStore:
    """Returns the Cloud Storage client."""
    return clients.create_object_store(settings())


@build_once
def publisher() -> Publisher:
    """Returns the Pub/Sub client."""
    return clients.create_publisher(settings())


class LazyServices:
    """Services whose clients are imported and built at their first use.

    A function that never publishes does not load the Pub/Sub library, and a request that is
    rejected before it reads anything waits for no client.
    """

    def __init__(self, values: Settings) -> None:
        self.clock: Clock = SystemClock()
        self.log: Log = log
        self.crash_dir = values.crash_dir
        self.lease_s = values.lease_s
        self.clock_and_ids = ClockAndIds(
            self.clock.now,
            self.new_token,
            self.lease_s,
            jobs_per_owner=values.jobs_per_owner,
            parts_in_flight=values.parts_in_flight,
        )

    @staticmethod
    def new_token() -> str:
        """Returns a new random token of 16 hexadecimal digits."""
        return secrets.token_hex(8)

    @property
    def store(self) -> JobStore:
        """The Firestore client."""
        return store()

    @property
    def objects(self) -> ObjectStore:
        """The Cloud Storage client."""
        return objects()

    @property
    def publisher(self) -> Publisher:
        """The Pub/Sub client."""
        return publisher()


@build_once
def services() -> Services:
    """Returns Firestore, Cloud Storage, Pub/Sub, the clock and the log."""
    return LazyServices(settings())


@build_once
def tracer() -> Tracer:
    """Returns the tracer. The OpenTelemetry SDK is imported only when tracing is on."""
    if not settings().traces:
        return NoOpTracer()
    from shared.adapters.opentelemetry import create_tracer

    return create_tracer(settings().project, settings().traces)


@build_once
def mailer() -> Mailer:
    """Returns the SMTP client. Raises ConfigurationError."""
    if not settings().smtp_url:
        raise ConfigurationError("SMTP_URL is missing: mail cannot be sent.")
    from shared.adapters.smtp import SmtpMailer

    return SmtpMailer(settings().smtp_url, settings().mail_from)


@build_once
def identity() -> Identity:
    """Returns the verifier of ID tokens. Only HTTPS functions contain firebase-admin."""
    from shared.adapters.firebase.identity import create_identity

    return create_identity(settings().project, local=settings().local)


@build_once
def accounts() -> Accounts:
    """Returns the client for user accounts. Only `api` contains its libraries. Raises
    ConfigurationError."""
    from shared.adapters.firebase.accounts import create_accounts

    values = settings()
    if not values.web_api_key:
        raise ConfigurationError("MOODREEL_WEB_API_KEY is missing: nobody can sign in.")
    return create_accounts(
        values.project, values.web_api_key, emulator=values.auth_emulator, local=values.local
    )


@build_once
def account_admin() -> AccountAdmin:
    """Returns the client that deletes accounts. Only personal_data uses it."""
    from shared.adapters.firebase.account_admin import create_account_admin

    return create_account_admin(settings().project, local=settings().local)


@build_once
def outbound_http() -> OutboundHttp:
    """Returns the HTTP client for URLs that users enter."""
    from shared.adapters.outbound_http import PinnedOutboundHttp

    return PinnedOutboundHttp(allow_private=settings().allow_private_webhooks)


@build_once
def url_reader() -> UrlReader:
    """Returns the HTTP client for inputs at URLs."""
    from shared.adapters.url_reader import PinnedUrlReader

    return PinnedUrlReader(allow_private=settings().allow_private_webhooks)


@build_once
def url_writer() -> UrlWriter:
    """Returns the HTTP client that sends results to URLs."""
    from shared.adapters.url_writer import PinnedUrlWriter

    return PinnedUrlWriter(allow_private=settings().allow_private_webhooks)


@build_once
def customer_buckets() -> CustomerBuckets:
    """Returns the client for buckets of users."""
    return clients.create_customer_buckets(settings())


@build_once
def voice() -> SpeechSynthesizer:
    """Returns the speech synthesizer. Only api and text_to_speech contain its client."""
    from shared.adapters.text_to_speech import create_speech_synthesizer

    values = settings()
    throttle = Throttle(values.speech_calls_per_minute, values.max_instances, services().clock)
    return ThrottledSpeech(create_speech_synthesizer(values.tts_endpoint), throttle)


@build_once
def voices() -> VoiceList:
    """Returns the list of voices. Only api and text_to_speech contain its client."""
    from shared.adapters.text_to_speech import fetch_voices

    values = settings()
    return VoiceList(
        lambda: fetch_voices(values.tts_endpoint),
        services().clock,
        services().log,
        values.voice_preference,
    )


@build_once
def recognizer() -> SpeechRecognizer:
    """Returns the speech recognizer. Only speech_recognition uses it."""
    from shared.adapters.speech_recognition import create_speech_recognizer

    values = settings()
    throttle = Throttle(values.recognition_calls_per_minute, values.max_instances, services().clock)
    recognizer = create_speech_recognizer(values, recognition_languages().read)
    return ThrottledRecognizer(recognizer, throttle)


@build_once
def recognition_languages() -> CachedList[str]:
    """Returns the languages of the speech recognizer. Only api and speech_recognition contain its
    client."""
    from shared.adapters.speech_recognition import fetch_recognition_languages

    values, clock = settings(), services().clock
    return CachedList(
        "recognition_languages", lambda: fetch_recognition_languages(values), clock, log
    )


@build_once
def deck_model() -> DeckModel:
    """Returns the model that writes decks. Only slide_generation contains its clients."""
    from shared.adapters.models import create_deck_model

    return create_deck_model(settings(), services().clock)


@build_once
def illustrator() -> Illustrator | None:
    """Returns the image model for slides, or None. Only slide_generation contains its client.
    Raises ConfigurationError."""
    from shared.adapters.models import create_illustrator

    return create_illustrator(settings(), services().clock)
