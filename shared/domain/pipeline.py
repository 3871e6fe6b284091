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
RENEWALS = 3
"""How often a living worker renews its lease before it would run out."""
BUSY_WAIT_S = 10
"""How long a delivery waits for a unit that someone else holds, before it is refused."""
STALLED_S = 2 * LEASE_S
"""Without progress for two leases a job is announced again by the sweeper."""
MAX_WINDOWS = 31
"""A GCS compose joins 32 objects: 31 packs and the central directory."""

TOPIC_PREFIX = "moodreel-"


class Bucket(StrEnum):
    """The four buckets by role; their real names come from the settings."""

    UPLOADS = "uploads"
    WORK = "work"
    OUTPUTS = "outputs"
    MODELS = "models"


class Kind(StrEnum):
    """What a row is for."""

    MEDIA = "media"
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
class Finalized:
    """Woken by an object that is complete under `prefix` of `bucket`."""

    bucket: Bucket
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Woken by an envelope on the stage's own topic."""


@dataclass(frozen=True, slots=True)
class Request:
    """Woken by an HTTPS request."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Woken every `every_s` seconds through the stage's own topic."""

    every_s: int


Trigger = Finalized | Message | Request | Schedule


@dataclass(frozen=True, slots=True)
class Stage:
    """One row: a Cloud Function. Times in seconds, memory in MiB, cpu in vCPU."""

    name: str
    kind: Kind
    trigger: Trigger
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    timeout_s: int
    memory_mb: int
    cpu: float
    concurrency: int
    attempts: int = 5
    backoff_s: tuple[int, int] = (2, 60)
    secrets: tuple[str, ...] = ()
    per_revision: bool = False
    """True from the deck on: an edited deck runs these again under a new revision."""
    writes: tuple[tuple[Bucket, str], ...] = ()
    """Every (bucket, prefix) that the function writes under."""
    errands: str = ""
    """The collection of its errands, when it does those and no units of jobs."""
    lease_s: int = LEASE_S
    """How long a claim of one of its errands holds without being renewed."""
    built: bool = True

    @property
    def event_driven(self) -> bool:
        """Whether deliveries reach it by push, with an ack deadline."""
        return not isinstance(self.trigger, Request)

    @property
    def ack_deadline_s(self) -> int:
        """Pub/Sub's limits are 10 to 600 s; for push this is the request's timeout as well."""
        return min(600, self.timeout_s + 60)

    @property
    def soft_deadline_s(self) -> int:
        """When work must stop by itself: the framework does not stop Python at the timeout."""
        return self.timeout_s - min(30, self.timeout_s // 4)

    @property
    def deliveries(self) -> int:
        """Deliveries before Pub/Sub dead-letters (5 to 100). Claims are counted on the unit, so
        this only has to outlast a lease that nobody renews any more."""
        return max(5, min(100, self.attempts * 4))

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
    most: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """What may be given for it, each once."""
        if self.most == 1:
            return (self.name,)
        return tuple(f"{self.name}{n}" for n in range(1, self.most + 1))


@dataclass(frozen=True, slots=True)
class Recipe:
    """An ordered tuple of stages; the last one is always `notification`."""

    name: str
    sentence: str
    inputs: tuple[Input, ...]
    stages: tuple[str, ...]

    def input(self, name: str) -> Input | None:
        """The input that is given under this name, or None."""
        return next((one for one in self.inputs if name in one.names), None)

    @property
    def media_stages(self) -> tuple[str, ...]:
        """The stages that make the result; the job is done when all of these are."""
        return self.stages[:-1]

    @property
    def deck_stage(self) -> str | None:
        """The stage whose result a person may look at and edit before the film, or None."""
        return next((name for name in self.media_stages if "deck" in STAGES[name].produces), None)

    @property
    def after_deck(self) -> tuple[str, ...]:
        """The media stages that wait for a person who reviews the deck."""
        if self.deck_stage is None:
            return ()
        return self.media_stages[self.media_stages.index(self.deck_stage) + 1 :]

    @property
    def available(self) -> bool:
        """Whether every stage of the chain is built."""
        return all(STAGES[name].built for name in self.stages)

    def after(self, stage: str) -> str | None:
        """The next media stage, or None when `stage` is the last one."""
        position = self.media_stages.index(stage) + 1
        return self.media_stages[position] if position < len(self.media_stages) else None


_W, _O, _U, _M = Bucket.WORK, Bucket.OUTPUTS, Bucket.UPLOADS, Bucket.MODELS
PACKS_PREFIX = "packs/"
PROMPTS_PREFIX = "prompts/"
DECKS_PREFIX = "decks/"
"""Decks as a person left them, in the work bucket."""

RECORDINGS_PREFIX = "recordings/"
"""Segments of recordings in the work bucket, clips in the bucket of outputs."""
PREVIEWS_PREFIX = "previews/"

STAGES: dict[str, Stage] = {
    row.name: row
    for row in (
        # name, kind, trigger, consumes, produces, timeout_s, memory_mb, cpu, concurrency
        Stage(
            "upload_trigger", Kind.MEDIA, Finalized(_U),
            ("upload",), ("plan",), 120, 2048, 1, 4,
            writes=((_O, "jobs/"),),
        ),
        Stage(
            "frame_extraction", Kind.MEDIA, Message(),
            ("upload", "plan"), ("packs", "frames"), 540, 1024, 1, 1,
            writes=((_W, PACKS_PREFIX), (_W, "parts/"), (_W, "zips/"), (_O, "jobs/")),
        ),
        Stage(
            "emotion_scoring", Kind.MEDIA, Finalized(_W, PACKS_PREFIX),
            ("packs", "plan"), ("timeline",), 540, 1024, 1, 1,
            writes=((_W, "scores/"), (_O, "jobs/")),
        ),
        Stage(
            "slide_generation", Kind.MEDIA, Message(),
            ("plan",), ("deck",), 300, 1024, 1, 1,
            writes=((_W, "slides/"), (_O, "jobs/")), secrets=("GEMINI_API_KEY",),
            per_revision=True,
        ),
        Stage(
            "text_to_speech", Kind.MEDIA, Message(),
            ("deck",), ("narration",), 300, 512, 0.333, 4,
            writes=((_W, "narration/"),), per_revision=True,
        ),
        Stage(
            "stitching", Kind.MEDIA, Message(),
            ("upload", "deck", "narration"), ("film",), 540, 2048, 1, 1,
            writes=((_W, "films/"), (_O, "jobs/")), per_revision=True,
        ),
        Stage(
            "notification", Kind.MEDIA, Message(),
            ("outcome",), (), 60, 256, 0.167, 8, attempts=8, backoff_s=(5, 300),
            secrets=("SMTP_URL",), per_revision=True,
        ),
        Stage(
            "dead_letter", Kind.SUPPORT, Message(),
            ("outcome",), (), 60, 256, 0.167, 8, attempts=25,
        ),
        Stage(
            "sweeper", Kind.SUPPORT, Schedule(60),
            ("outcome",), (), 300, 256, 0.167, 1,
            writes=((_U, "jobs/"), (_U, PROMPTS_PREFIX)),
        ),
        Stage(
            "webhook", Kind.SUPPORT, Message(),
            ("outcome",), (), 60, 256, 0.167, 8, attempts=10, errands="deliveries",
        ),
        Stage(
            "personal_data", Kind.SUPPORT, Message(),
            # Half a day and more: who is shut out already cannot ask for it again.
            (), (), 540, 512, 0.333, 1, attempts=90, backoff_s=(5, 600),
            secrets=("RECEIPT_KEY",),
            writes=((_O, "exports/"), (_O, "receipts/")), errands="data_requests",
        ),
        Stage(
            "recorder", Kind.SUPPORT, Message(),
            # What a camera shows while nobody holds it is lost: its lease is short.
            (), ("upload",), 540, 1024, 0.583, 1, attempts=10, backoff_s=(2, 30),
            writes=((_U, "jobs/"), (_W, RECORDINGS_PREFIX), (_W, PREVIEWS_PREFIX),
                    (_O, RECORDINGS_PREFIX)),
            errands="shifts", lease_s=12,
        ),
        Stage("api", Kind.HTTPS, Request(), (), ("upload",), 60, 512, 0.333, 16,
              secrets=("SMTP_URL",),
              writes=((_U, PROMPTS_PREFIX), (_U, "jobs/"), (_W, DECKS_PREFIX))),
        Stage("media", Kind.HTTPS, Request(), (), (), 300, 512, 0.333, 16),
        Stage("console", Kind.HTTPS, Request(), (), (), 30, 256, 0.167, 32),
    )
}  # fmt: skip

_VIDEO = (Input("video", ("video",), 5_000),)
_MUSIC = Input("music", ("audio",), 500, optional=True)
_PICTURES = Input("picture", ("image",), 40, optional=True, most=12)

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


def woken_by_result_of(stage: str) -> str | None:
    """The stage whose part objects wake `stage` part by part, or None."""
    trigger = STAGES[stage].trigger
    if not isinstance(trigger, Finalized) or trigger.bucket is Bucket.UPLOADS:
        return None
    place = (trigger.bucket, trigger.prefix)
    return next(row.name for row in STAGES.values() if place in row.writes)


def feeds(stage: str, recipe: Recipe) -> str | None:
    """The stage of `recipe` that the part objects of `stage` wake, or None."""
    return next((name for name in recipe.stages if woken_by_result_of(name) == stage), None)
