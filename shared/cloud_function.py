"""The types of the function table in `shared.pipeline`: buckets, triggers, grants and `Function`.

Also contains the limits of leases and the prefixes of object names, which the rows use. A value
that can be computed from a row is a property of `Function` and is never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEASE_S = 45
"""How long a claim is valid without a renewal."""
RENEWALS_PER_LEASE = 3
"""How many times a worker renews its lease before the lease would expire."""
BUSY_WAIT_S = 10
"""How long a delivery waits for a task that another worker holds, before it is rejected. The
delivery of a unit is rejected at once, so that it occupies no instance."""
STALLED_S = 2 * LEASE_S
"""After two leases without progress the sweeper announces a unit again for the first time."""
MAX_INSTANCES = 20
"""The default of the Terraform variable `max_instances`, for every function."""
JOBS_PER_OWNER = 2
"""How many jobs of an owner run at once."""
PARTS_IN_FLIGHT = 5
"""How many parts of a stage of a job are admitted at once. With all jobs of an owner they use at
most half of a function's instances."""

TOPIC_PREFIX = "moodreel-"

# Prefixes of object names, each with its bucket. Every prefix ends with a slash. The id of a job, a
# recording, a camera or a data request follows it, or the hash of an owner.
UPLOADS_PREFIX = "jobs/"
"""UPLOADS: a job's inputs."""
PROMPTS_PREFIX = "prompts/"
"""UPLOADS: a job's prompt, which is deleted earlier than other inputs."""
PACKS_PREFIX = "packs/"
"""WORK: frame packs that trigger emotion_scoring."""
PARTS_PREFIX = "parts/"
"""WORK: frame packs that trigger no function, and the ZIP directory of each pack."""
ZIPS_PREFIX = "zips/"
"""WORK: the tail of a composed ZIP."""
SCORES_PREFIX = "scores/"
"""WORK: scored frames and annotated film segments."""
TRANSCRIPTS_PREFIX = "transcripts/"
"""WORK: the recognized words of requests and windows."""
SLIDES_PREFIX = "slides/"
"""WORK: decks as generated, rendered slides, generated pictures, cached model responses."""
DECKS_PREFIX = "decks/"
"""WORK: decks that a user saved."""
NARRATION_PREFIX = "narration/"
"""WORK: speech for a slide, a job or a sentence."""
FILMS_PREFIX = "films/"
"""WORK: films and their encoded segments."""
SLIDE_CACHE_PREFIX = "cache/slides/"
NARRATION_CACHE_PREFIX = "cache/narration/"
FILM_CACHE_PREFIX = "cache/films/"
"""WORK: slides, speech, and films with their segments, which all jobs of an owner share. They are
not deleted with a job; the lifecycle rule of `cache/` deletes them."""
FETCHED_PREFIX = "fetched/"
"""WORK: parts of inputs that are fetched from URLs."""
RECORDINGS_PREFIX = "recordings/"
"""WORK: segments of recordings. OUTPUTS: their clips."""
COPIES_PREFIX = "copies/"
"""WORK: encoded pieces of a clip. OUTPUTS: the copy of a clip that browsers play."""
PREVIEWS_PREFIX = "previews/"
"""WORK: live previews of cameras."""
QUARANTINE_PREFIX = "quarantine/"
"""WORK: uploads and packs that belong to no job."""
RESULTS_PREFIX = "jobs/"
"""OUTPUTS: results that users download."""
EXPORTS_PREFIX = "exports/"
"""OUTPUTS: copies of a user's data."""
RECEIPTS_PREFIX = "receipts/"
"""OUTPUTS: signed receipts of erasures."""


class Bucket(StrEnum):
    """The four buckets by role. Their names come from the settings."""

    UPLOADS = "uploads"
    WORK = "work"
    OUTPUTS = "outputs"
    MODELS = "models"


class FunctionKind(StrEnum):
    """Whether a function is a stage of recipes, supports them, or serves HTTPS."""

    PIPELINE = "pipeline"
    SUPPORT = "support"
    HTTPS = "https"


class GeminiBackend(StrEnum):
    """The Google API that serves Gemini, with its kind of credentials."""

    VERTEX_AI = "vertex-ai"
    """Vertex AI, with the function's own service account."""
    DEVELOPER_API = "developer-api"
    """The Gemini Developer API, with an API key."""


CUSTOMER_BUCKETS_ACCOUNT = "mr-customer-buckets"
"""The id of the service account for buckets of users. It belongs to no function."""

SECRET_BACKENDS = {"GEMINI_API_KEY": GeminiBackend.DEVELOPER_API}
"""Secrets that only one backend needs."""


@dataclass(frozen=True, slots=True)
class FinalizeTrigger:
    """Triggered by an object that is finalized under `prefix` in `bucket`."""

    bucket: Bucket
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class MessageTrigger:
    """Triggered by an envelope on the function's own topic."""


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """Triggered by an HTTPS request."""


@dataclass(frozen=True, slots=True)
class ScheduleTrigger:
    """Triggered every `every_s` seconds through the function's own topic."""

    every_s: int


Trigger = FinalizeTrigger | MessageTrigger | HttpTrigger | ScheduleTrigger

Prefix = tuple[Bucket, str]
"""A bucket and a prefix of object names; "" means the whole bucket."""


class AccountAccess(StrEnum):
    """A function's access to user accounts (Firebase Authentication)."""

    NONE = "none"
    VIEW = "view"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Access:
    """All grants of a function's service account. `infra/tools/access.py` turns them and the row's
    `secrets` into IAM roles.

    Attributes:
        read: Where it reads objects. Prefixes that `write` covers are not repeated.
        write: Where it reads, creates, replaces and deletes objects. A function that lists or
            signs uploads needs a whole bucket, because neither can be limited to a prefix.
        publish: Functions on whose topics it publishes.
        firestore: Whether it reads and writes Firestore.
        traces: Whether it exports spans to Cloud Trace.
        sign_urls: Whether it signs URLs, which needs a token for its own service account.
        accounts: Its access to user accounts.
        vertex_ai: Whether it calls Gemini models on Vertex AI.
        speech_to_text: Whether it recognizes speech with Speech-to-Text.
        customer_buckets: Whether it acts as the service account CUSTOMER_BUCKETS_ACCOUNT, to which
            users grant access to their buckets.
    """

    read: tuple[Prefix, ...] = ()
    write: tuple[Prefix, ...] = ()
    publish: tuple[str, ...] = ()
    firestore: bool = True
    traces: bool = True
    sign_urls: bool = False
    accounts: AccountAccess = AccountAccess.NONE
    vertex_ai: bool = False
    speech_to_text: bool = False
    customer_buckets: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A Cloud Function: one row of the table. Times in seconds, memory in MiB, CPU in vCPU."""

    name: str
    kind: FunctionKind
    trigger: Trigger
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    timeout_s: int
    memory_mb: int
    cpu: float
    concurrency: int
    access: Access
    max_attempts: int = 5
    backoff_s: tuple[int, int] = (2, 60)
    secrets: tuple[str, ...] = ()
    reports_outcome: bool = False
    """Whether it runs after a job has ended and reports how. Its failure is not the job's."""
    per_revision: bool = False
    """Whether it runs again when the deck is edited, under a new revision."""
    progress_weight: int = 1
    """Typical share of the work of a job, relative to its other stages; 0 for one after its end."""
    join_share: float = 0.1
    """Typical share of the work of a stage that its join does; the rest is that of its parts."""
    writes: tuple[Prefix, ...] = ()
    """Where it creates objects of a job. A purge deletes these prefixes, and `access.write` covers
    them."""
    task_collection: str = ""
    """The collection of its tasks; "" for a function that runs units of jobs."""
    owner_slots: int = 0
    """How many of its tasks run at the same time for one owner; 0 without a limit."""
    lease_s: int = LEASE_S
    """How long a claim of one of its tasks is valid without a renewal."""

    @property
    def is_event_driven(self) -> bool:
        """Whether it receives push deliveries, which have an ack deadline."""
        return not isinstance(self.trigger, HttpTrigger)

    @property
    def ack_deadline_s(self) -> int:
        """Pub/Sub accepts 10 to 600 s. For push this is also the timeout of the request."""
        return min(600, self.timeout_s + 60)

    @property
    def soft_deadline_s(self) -> int:
        """When work must stop by itself, because the framework does not stop it at the timeout."""
        return self.timeout_s - min(30, self.timeout_s // 4)

    @property
    def max_deliveries(self) -> int:
        """Deliveries before Pub/Sub dead-letters a message; Pub/Sub accepts 5 to 100. Attempts are
        counted on the unit, so this only has to outlast a lease that is no longer renewed."""
        return max(5, min(100, self.max_attempts * 4))

    @property
    def vcpu(self) -> float:
        """The vCPUs to request. Cloud Run needs at least one for more than one concurrent
        request."""
        return self.cpu if self.concurrency == 1 else max(1.0, self.cpu)

    @property
    def topic(self) -> str:
        """The short name of its topic and of its subscription."""
        return TOPIC_PREFIX + self.name

    @property
    def service_account(self) -> str:
        """The account id: 6 to 30 characters of [a-z0-9-]."""
        return "mr-" + self.name.replace("_", "-")

    def backoff(self, attempt: int) -> int:
        """Returns the seconds to wait after failed attempt `attempt` (1, 2, …). The wait doubles
        up to the upper limit."""
        low, high = self.backoff_s
        return min(high, low << min(attempt - 1, 16))
