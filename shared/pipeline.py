"""The one table: what stages there are, what wakes them, and which recipes chain them.

Nothing else describes the chain. `@stage` reads its own row, the local runner starts one process
a row, Terraform reads a rendering of it, the README's diagram is drawn from it, and the tests walk
its rows. What can be computed from a row is a property here and is never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEASE_S = 45
"""How long a claim holds without being renewed."""
RENEWALS_PER_LEASE = 3
"""How often a living worker renews its lease before it would run out."""
BUSY_WAIT_S = 10
"""How long a delivery waits for a unit that someone else holds, before it is refused."""
STALLED_S = 2 * LEASE_S
"""Without progress for two leases a job is announced again by the sweeper."""
MAX_WINDOWS = 31
"""A GCS compose joins 32 objects: 31 packs and the central directory."""

TOPIC_PREFIX = "moodreel-"

# Prefixes of object names, each with the bucket that it is in. All of them end with a slash and
# continue with the id of a job, a recording, a camera or a data request, or a hash of an owner.
UPLOADS_PREFIX = "jobs/"
"""UPLOADS: a job's inputs."""
PROMPTS_PREFIX = "prompts/"
"""UPLOADS: a job's prompt, apart from other inputs because it is kept for a shorter time."""
PACKS_PREFIX = "packs/"
"""WORK: frame packs that wake emotion_scoring."""
PARTS_PREFIX = "parts/"
"""WORK: frame packs that wake nothing, and the ZIP directory of each pack."""
ZIPS_PREFIX = "zips/"
"""WORK: the tail of a composed ZIP."""
SCORES_PREFIX = "scores/"
"""WORK: scored frames and annotated film segments."""
SLIDES_PREFIX = "slides/"
"""WORK: decks as generated, rendered slides, generated pictures, cached model answers."""
DECKS_PREFIX = "decks/"
"""WORK: decks as a user saved them."""
NARRATION_PREFIX = "narration/"
"""WORK: speech, of a slide, of a job and of a sentence."""
FILMS_PREFIX = "films/"
"""WORK: films and their encoded segments."""
RECORDINGS_PREFIX = "recordings/"
"""WORK: segments of recordings. OUTPUTS: their clips."""
PREVIEWS_PREFIX = "previews/"
"""WORK: what a camera shows at the moment."""
QUARANTINE_PREFIX = "quarantine/"
"""WORK: uploads and packs that belong to no job."""
RESULTS_PREFIX = "jobs/"
"""OUTPUTS: what users download."""
EXPORTS_PREFIX = "exports/"
"""OUTPUTS: copies of a user's data."""
RECEIPTS_PREFIX = "receipts/"
"""OUTPUTS: signed receipts of erasures."""


class Bucket(StrEnum):
    """The four buckets by role; their real names come from the settings."""

    UPLOADS = "uploads"
    WORK = "work"
    OUTPUTS = "outputs"
    MODELS = "models"


class FunctionKind(StrEnum):
    """What a row is for."""

    PIPELINE = "pipeline"
    SUPPORT = "support"
    HTTPS = "https"


class GeminiBackend(StrEnum):
    """Which of Google's two APIs serves Gemini, and with whose authority."""

    VERTEX_AI = "vertex-ai"
    """Vertex AI, with the function's own service account."""
    DEVELOPER_API = "developer-api"
    """The Gemini Developer API, with an API key."""


SECRET_BACKENDS = {"GEMINI_API_KEY": GeminiBackend.DEVELOPER_API}
"""Secrets that are needed with one backend alone."""


@dataclass(frozen=True, slots=True)
class FinalizeTrigger:
    """Woken by an object that is complete under `prefix` of `bucket`."""

    bucket: Bucket
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class MessageTrigger:
    """Woken by an envelope on the stage's own topic."""


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """Woken by an HTTPS request."""


@dataclass(frozen=True, slots=True)
class ScheduleTrigger:
    """Woken every `every_s` seconds through the stage's own topic."""

    every_s: int


Trigger = FinalizeTrigger | MessageTrigger | HttpTrigger | ScheduleTrigger

Prefix = tuple[Bucket, str]
"""Objects of a bucket whose names begin with a prefix; "" is the whole bucket."""


class AccountAccess(StrEnum):
    """What a function may do with user accounts (Firebase Authentication)."""

    NONE = "none"
    VIEW = "view"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Access:
    """What a function's service account is granted, and nothing else. `infra/tools/access.py` turns
    this and the row's `secrets` into IAM roles.

    Attributes:
        read: Where it reads objects. Not repeated for what `write` covers.
        write: Where it reads, creates, replaces and deletes objects. A function that lists or
            signs uploads needs a whole bucket, because neither can be narrowed to a prefix.
        publish: Functions on whose topics it publishes.
        firestore: Whether it reads and writes Firestore.
        traces: Whether it exports spans to Cloud Trace.
        sign_urls: Whether it signs URLs, which takes a token for its own service account.
        accounts: What it may do with user accounts.
        vertex_ai: Whether it asks Gemini models on Vertex AI.
    """

    read: tuple[Prefix, ...] = ()
    write: tuple[Prefix, ...] = ()
    publish: tuple[str, ...] = ()
    firestore: bool = True
    traces: bool = True
    sign_urls: bool = False
    accounts: AccountAccess = AccountAccess.NONE
    vertex_ai: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One row: a Cloud Function. Times in seconds, memory in MiB, cpu in vCPU."""

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
    per_revision: bool = False
    """True from the deck on: an edited deck runs these again under a new revision."""
    writes: tuple[Prefix, ...] = ()
    """Where the function itself creates objects. A purge walks these, and `access.write` covers
    them."""
    task_collection: str = ""
    """The collection of its errands, when it does those and no units of jobs."""
    lease_s: int = LEASE_S
    """How long a claim of one of its errands holds without being renewed."""
    is_built: bool = True

    @property
    def is_event_driven(self) -> bool:
        """Whether deliveries reach it by push, with an ack deadline."""
        return not isinstance(self.trigger, HttpTrigger)

    @property
    def ack_deadline_s(self) -> int:
        """Pub/Sub's limits are 10 to 600 s; for push this is the request's timeout as well."""
        return min(600, self.timeout_s + 60)

    @property
    def soft_deadline_s(self) -> int:
        """When work must stop by itself: the framework does not stop Python at the timeout."""
        return self.timeout_s - min(30, self.timeout_s // 4)

    @property
    def max_deliveries(self) -> int:
        """Deliveries before Pub/Sub dead-letters (5 to 100). Claims are counted on the unit, so
        this only has to outlast a lease that nobody renews any more."""
        return max(5, min(100, self.max_attempts * 4))

    @property
    def vcpu(self) -> float:
        """What is asked of the platform: Cloud Run serves several requests at a time only with a
        whole vCPU or more."""
        return self.cpu if self.concurrency == 1 else max(1.0, self.cpu)

    @property
    def topic(self) -> str:
        """The short name of its topic, which is also the name of its subscription."""
        return TOPIC_PREFIX + self.name

    @property
    def service_account(self) -> str:
        """The account id (6 to 30 characters of [a-z0-9-])."""
        return "mr-" + self.name.replace("_", "-")

    def backoff(self, attempt: int) -> int:
        """Seconds to wait after failed attempt `attempt` (1, 2, …): doubles up to the cap."""
        low, high = self.backoff_s
        return min(high, low << min(attempt - 1, 16))


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that a recipe takes in. `kinds` are the leading parts of its media types; an
    `optional` one may be left out. Where there may be several, they are called picture1,
    picture2, … up to `most`."""

    name: str
    kinds: tuple[str, ...]
    max_mb: int
    optional: bool = False
    max_count: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """What may be given for it, each once."""
        if self.max_count == 1:
            return (self.name,)
        return tuple(f"{self.name}{n}" for n in range(1, self.max_count + 1))


@dataclass(frozen=True, slots=True)
class Recipe:
    """An ordered tuple of stages; the last one is always `notification`."""

    name: str
    description: str
    inputs: tuple[Input, ...]
    stages: tuple[str, ...]

    def find_input(self, name: str) -> Input | None:
        """The input that is given under this name, or None."""
        return next((one for one in self.inputs if name in one.names), None)

    @property
    def result_stages(self) -> tuple[str, ...]:
        """The stages that make the result; the job is done when all of these are."""
        return self.stages[:-1]

    @property
    def deck_stage(self) -> str | None:
        """The stage whose result a person may look at and edit before the film, or None."""
        return next(
            (name for name in self.result_stages if "deck" in FUNCTIONS[name].produces), None
        )

    @property
    def stages_after_deck(self) -> tuple[str, ...]:
        """The media stages that wait for a person who reviews the deck."""
        if self.deck_stage is None:
            return ()
        return self.result_stages[self.result_stages.index(self.deck_stage) + 1 :]

    @property
    def is_available(self) -> bool:
        """Whether every stage of the chain is built."""
        return all(FUNCTIONS[name].is_built for name in self.stages)

    def next_stage(self, stage: str) -> str | None:
        """The next media stage, or None when `stage` is the last one."""
        position = self.result_stages.index(stage) + 1
        return self.result_stages[position] if position < len(self.result_stages) else None


_W, _O, _U, _M = Bucket.WORK, Bucket.OUTPUTS, Bucket.UPLOADS, Bucket.MODELS
_PUBLISHABLE = (
    "upload_trigger", "frame_extraction", "emotion_scoring", "slide_generation", "text_to_speech",
    "stitching", "notification", "webhook", "personal_data", "recorder",
)  # fmt: skip
"""Every function that takes envelopes, for those that may start any of them again. Only Pub/Sub
itself publishes to dead_letter, and only Cloud Scheduler to sweeper."""

FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        # name, kind, trigger, consumes, produces, timeout_s, memory_mb, cpu, concurrency, access
        Function(
            "upload_trigger", FunctionKind.PIPELINE, FinalizeTrigger(_U),
            ("upload",), ("plan",), 120, 2048, 1, 4,
            Access(
                # A stranger's upload is quarantined, a deleted job's upload is deleted.
                write=((_U, ""), (_W, QUARANTINE_PREFIX), (_O, RESULTS_PREFIX)),
                publish=("upload_trigger", "frame_extraction", "slide_generation", "stitching",
                         "notification"),
            ),
            writes=((_O, RESULTS_PREFIX),),
        ),
        Function(
            "frame_extraction", FunctionKind.PIPELINE, MessageTrigger(),
            ("upload", "plan"), ("packs", "frames"), 540, 1024, 1, 1,
            Access(
                read=((_U, ""),),
                write=((_W, PACKS_PREFIX), (_W, PARTS_PREFIX), (_W, ZIPS_PREFIX),
                       (_O, RESULTS_PREFIX)),
                publish=("frame_extraction", "emotion_scoring", "notification"),
            ),
            writes=((_W, PACKS_PREFIX), (_W, PARTS_PREFIX), (_W, ZIPS_PREFIX),
                    (_O, RESULTS_PREFIX)),
        ),
        Function(
            "emotion_scoring", FunctionKind.PIPELINE, FinalizeTrigger(_W, PACKS_PREFIX),
            ("packs", "plan"), ("timeline",), 540, 1024, 1, 1,
            Access(
                # An annotated film is drawn over the upload.
                read=((_U, ""), (_W, PARTS_PREFIX), (_W, ZIPS_PREFIX), (_M, "")),
                # A stranger's pack is quarantined, a deleted job's pack is deleted.
                write=((_W, PACKS_PREFIX), (_W, QUARANTINE_PREFIX), (_W, SCORES_PREFIX),
                       (_O, RESULTS_PREFIX)),
                publish=("emotion_scoring", "slide_generation", "notification"),
            ),
            writes=((_W, SCORES_PREFIX), (_O, RESULTS_PREFIX)),
        ),
        Function(
            "slide_generation", FunctionKind.PIPELINE, MessageTrigger(),
            ("plan",), ("deck",), 300, 1024, 1, 1,
            Access(
                # The next revision begins with the deck as a user saved it; a recap shows frames
                # out of the packs.
                read=((_U, ""), (_W, DECKS_PREFIX), (_W, PACKS_PREFIX)),
                write=((_W, SLIDES_PREFIX), (_O, RESULTS_PREFIX)),
                publish=("slide_generation", "text_to_speech", "notification"),
                vertex_ai=True,
            ),
            writes=((_W, SLIDES_PREFIX), (_O, RESULTS_PREFIX)), secrets=("GEMINI_API_KEY",),
            per_revision=True,
        ),
        Function(
            "text_to_speech", FunctionKind.PIPELINE, MessageTrigger(),
            ("deck",), ("narration",), 300, 512, 0.333, 4,
            Access(
                read=((_W, SLIDES_PREFIX), (_O, RESULTS_PREFIX)),
                write=((_W, NARRATION_PREFIX),),
                publish=("text_to_speech", "stitching", "notification"),
            ),
            writes=((_W, NARRATION_PREFIX),), per_revision=True,
        ),
        Function(
            "stitching", FunctionKind.PIPELINE, MessageTrigger(),
            ("upload", "deck", "narration"), ("film",), 540, 2048, 1, 1,
            Access(
                read=((_U, ""), (_W, SLIDES_PREFIX), (_W, NARRATION_PREFIX)),
                write=((_W, FILMS_PREFIX), (_O, RESULTS_PREFIX)),
                publish=("stitching", "notification"),
            ),
            writes=((_W, FILMS_PREFIX), (_O, RESULTS_PREFIX)), per_revision=True,
        ),
        Function(
            "notification", FunctionKind.PIPELINE, MessageTrigger(),
            ("outcome",), (), 60, 256, 0.167, 8,
            Access(publish=("webhook",)),
            max_attempts=8, backoff_s=(5, 300), secrets=("SMTP_URL",), per_revision=True,
        ),
        Function(
            "dead_letter", FunctionKind.SUPPORT, MessageTrigger(),
            ("outcome",), (), 60, 256, 0.167, 8,
            # It quarantines and deletes what the functions that objects wake could not.
            Access(
                write=((_U, ""), (_W, PACKS_PREFIX), (_W, QUARANTINE_PREFIX)),
                publish=_PUBLISHABLE,
            ),
            max_attempts=25,
        ),
        Function(
            "sweeper", FunctionKind.SUPPORT, ScheduleTrigger(60),
            ("outcome",), (), 300, 256, 0.167, 1,
            Access(write=((_U, ""), (_W, ""), (_O, "")), publish=_PUBLISHABLE),
            writes=((_U, UPLOADS_PREFIX), (_U, PROMPTS_PREFIX)),
        ),
        Function(
            "webhook", FunctionKind.SUPPORT, MessageTrigger(),
            ("outcome",), (), 60, 256, 0.167, 8,
            Access(publish=("webhook",)),
            max_attempts=10, task_collection="deliveries",
        ),
        Function(
            "personal_data", FunctionKind.SUPPORT, MessageTrigger(),
            # Half a day and more: who is shut out already cannot ask for it again.
            (), (), 540, 512, 0.333, 1,
            Access(
                write=((_U, ""), (_W, ""), (_O, "")), publish=("personal_data",),
                accounts=AccountAccess.ADMIN,
            ),
            max_attempts=90, backoff_s=(5, 600), secrets=("RECEIPT_KEY",),
            writes=((_O, EXPORTS_PREFIX), (_O, RECEIPTS_PREFIX)), task_collection="data_requests",
        ),
        Function(
            "recorder", FunctionKind.SUPPORT, MessageTrigger(),
            # What a camera shows while nobody holds it is lost: its lease is short.
            (), ("upload",), 540, 1024, 0.583, 1,
            Access(
                write=((_U, ""), (_W, ""), (_O, "")),
                # The job that waits for a clip fails with the recording.
                publish=("recorder", "notification"),
            ),
            max_attempts=10, backoff_s=(2, 30),
            writes=((_U, UPLOADS_PREFIX), (_W, RECORDINGS_PREFIX), (_W, PREVIEWS_PREFIX),
                    (_O, RECORDINGS_PREFIX)),
            task_collection="recorder_tasks", lease_s=12,
        ),
        Function(
            "api", FunctionKind.HTTPS, HttpTrigger(), (), ("upload",), 60, 512, 0.333, 16,
            Access(
                write=((_U, ""), (_W, ""), (_O, "")), publish=_PUBLISHABLE,
                sign_urls=True, accounts=AccountAccess.ADMIN,
            ),
            secrets=("SMTP_URL",),
            writes=((_U, PROMPTS_PREFIX), (_U, UPLOADS_PREFIX), (_W, DECKS_PREFIX)),
        ),
        Function(
            "downloads", FunctionKind.HTTPS, HttpTrigger(), (), (), 300, 512, 0.333, 16,
            Access(
                # Whatever a job recorded as a result; what stages hand to each other is none.
                read=((_O, ""), (_W, PREVIEWS_PREFIX)), publish=("recorder",),
                sign_urls=True, accounts=AccountAccess.VIEW,
            ),
        ),
        Function(
            "console", FunctionKind.HTTPS, HttpTrigger(), (), (), 30, 256, 0.167, 32,
            Access(firestore=False, traces=False),
        ),
    )
}  # fmt: skip

_VIDEO = (Input("video", ("video",), 5_000),)
_MUSIC = Input("music", ("audio",), 500, optional=True)
_PICTURES = Input("picture", ("image",), 40, optional=True, max_count=12)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "frames",
            "Pictures out of a video at a chosen interval, as a ZIP with a contact sheet.",
            _VIDEO,
            ("upload_trigger", "frame_extraction", "notification"),
        ),
        Recipe(
            "emotions",
            "The faces in a video and what they express, as a timeline.",
            _VIDEO,
            ("upload_trigger", "frame_extraction", "emotion_scoring", "notification"),
        ),
        Recipe(
            "recap",
            "A narrated film of a video's strongest moments.",
            (*_VIDEO, _MUSIC),
            (
                "upload_trigger",
                "frame_extraction",
                "emotion_scoring",
                "slide_generation",
                "text_to_speech",
                "stitching",
                "notification",
            ),
        ),
        Recipe(
            "presentation",
            "A narrated slide film out of a prompt.",
            (Input("prompt", ("text",), 1), _MUSIC, _PICTURES),
            (
                "upload_trigger",
                "slide_generation",
                "text_to_speech",
                "stitching",
                "notification",
            ),
        ),
        Recipe(
            "still",
            "A picture under a sound track, as a film.",
            (Input("picture", ("image",), 40), Input("sound", ("audio",), 500)),
            ("upload_trigger", "stitching", "notification"),
        ),
    )
}


def find_producer(stage: str) -> str | None:
    """The stage whose part objects wake `stage` part by part, or None."""
    trigger = FUNCTIONS[stage].trigger
    if not isinstance(trigger, FinalizeTrigger) or trigger.bucket is Bucket.UPLOADS:
        return None
    place = (trigger.bucket, trigger.prefix)
    return next(row.name for row in FUNCTIONS.values() if place in row.writes)


def find_consumer(stage: str, recipe: Recipe) -> str | None:
    """The stage of `recipe` that the part objects of `stage` wake, or None."""
    return next((name for name in recipe.stages if find_producer(name) == stage), None)
