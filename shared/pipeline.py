"""The function table (`FUNCTIONS`, one row per function, with triggers and grants) and the recipes.

The local runner starts one process per row. `infra.tools.render` writes the Terraform variables and
the diagram in the README from the table, and tests check every row. The types of the rows are in
`shared.cloud_function`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.cloud_function import (
    BUSY_WAIT_S,
    COPIES_PREFIX,
    DECKS_PREFIX,
    EXPORTS_PREFIX,
    FETCHED_PREFIX,
    FILM_CACHE_PREFIX,
    FILMS_PREFIX,
    JOBS_PER_OWNER,
    LEASE_S,
    MAX_INSTANCES,
    NARRATION_CACHE_PREFIX,
    NARRATION_PREFIX,
    PACKS_PREFIX,
    PARTS_IN_FLIGHT,
    PARTS_PREFIX,
    PREVIEWS_PREFIX,
    PROMPTS_PREFIX,
    QUARANTINE_PREFIX,
    RECEIPTS_PREFIX,
    RECORDINGS_PREFIX,
    RENEWALS_PER_LEASE,
    RESULTS_PREFIX,
    SCORES_PREFIX,
    SECRET_BACKENDS,
    SLIDE_CACHE_PREFIX,
    SLIDES_PREFIX,
    STALLED_S,
    TOPIC_PREFIX,
    TRANSCRIPTS_PREFIX,
    UPLOADS_PREFIX,
    ZIPS_PREFIX,
    Access,
    AccountAccess,
    Bucket,
    FinalizeTrigger,
    Function,
    FunctionKind,
    GeminiBackend,
    HttpTrigger,
    MessageTrigger,
    Prefix,
    ScheduleTrigger,
    Trigger,
)

__all__ = [
    "BUSY_WAIT_S",
    "COPIES_PREFIX",
    "DECKS_PREFIX",
    "EXPORTS_PREFIX",
    "FETCHED_PREFIX",
    "FILMS_PREFIX",
    "FILM_CACHE_PREFIX",
    "FUNCTIONS",
    "JOBS_PER_OWNER",
    "LEASE_S",
    "MAX_INSTANCES",
    "MAX_WINDOWS",
    "NARRATION_CACHE_PREFIX",
    "NARRATION_PREFIX",
    "PACKS_PREFIX",
    "PARTS_IN_FLIGHT",
    "PARTS_PREFIX",
    "PIPELINE_STAGES",
    "PREVIEWS_PREFIX",
    "PROMPTS_PREFIX",
    "QUARANTINE_PREFIX",
    "RECEIPTS_PREFIX",
    "RECIPES",
    "RECORDINGS_PREFIX",
    "RENEWALS_PER_LEASE",
    "RESULTS_PREFIX",
    "SCORES_PREFIX",
    "SECRET_BACKENDS",
    "SLIDES_PREFIX",
    "SLIDE_CACHE_PREFIX",
    "STALLED_S",
    "TOPIC_PREFIX",
    "TRANSCRIPTS_PREFIX",
    "UPLOADS_PREFIX",
    "ZIPS_PREFIX",
    "Access",
    "AccountAccess",
    "Bucket",
    "FinalizeTrigger",
    "Function",
    "FunctionKind",
    "GeminiBackend",
    "HttpTrigger",
    "Input",
    "MessageTrigger",
    "OptionalStage",
    "Prefix",
    "Recipe",
    "ScheduleTrigger",
    "Trigger",
    "find_consumer",
    "find_producer",
]

MAX_WINDOWS = 31
"""Cloud Storage composes at most 32 objects: 31 packs and the ZIP's central directory."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a recipe. `kinds` are the top-level media types that it accepts. With a
    `max_count` above 1 the inputs are named picture1, picture2, … up to `max_count`."""

    name: str
    kinds: tuple[str, ...]
    max_mb: int
    optional: bool = False
    max_count: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the uploads that it accepts, each at most once."""
        if self.max_count == 1:
            return (self.name,)
        return tuple(f"{self.name}{n}" for n in range(1, self.max_count + 1))


@dataclass(frozen=True, slots=True)
class OptionalStage:
    """A stage that a job has only if its `option` has one of the `values`. It stands before the
    stage `before`."""

    name: str
    option: str
    before: str
    values: tuple[Any, ...] = (True,)


@dataclass(frozen=True, slots=True)
class Recipe:
    """An ordered tuple of stages. The last one reports the outcome. `Job.recipe` has the optional
    stages of that job among them."""

    name: str
    description: str
    inputs: tuple[Input, ...]
    stages: tuple[str, ...]
    optional_stages: tuple[OptionalStage, ...] = ()

    def for_options(self, options: Mapping[str, Any]) -> Recipe:
        """Returns the recipe with the stages that a job with these options has."""
        return self.with_stages(
            row.name for row in self.optional_stages if options.get(row.option) in row.values
        )

    def with_stages(self, names: Iterable[str]) -> Recipe:
        """Returns the recipe with those of its optional stages that are among `names`."""
        chosen, stages = set(names), list(self.stages)
        for row in self.optional_stages:
            if row.name in chosen:
                stages.insert(stages.index(row.before), row.name)
        return replace(self, stages=tuple(stages), optional_stages=())

    def find_input(self, name: str) -> Input | None:
        """Returns the input that accepts an upload of this name, or None."""
        return next((row for row in self.inputs if name in row.names), None)

    @property
    def result_stages(self) -> tuple[str, ...]:
        """The stages that produce the result. The job is done when all of them are."""
        return self.stages[:-1]

    @property
    def outcome_stage(self) -> str:
        """The stage that reports the outcome of a job."""
        return self.stages[-1]

    @property
    def deck_stage(self) -> str | None:
        """The stage whose deck a user may review and edit before the film is made, or None."""
        return next(
            (name for name in self.result_stages if "deck" in FUNCTIONS[name].produces), None
        )

    @property
    def stages_after_deck(self) -> tuple[str, ...]:
        """The result stages that wait for the review of the deck."""
        if self.deck_stage is None:
            return ()
        return self.result_stages[self.result_stages.index(self.deck_stage) + 1 :]

    def next_stage(self, stage: str) -> str | None:
        """Returns the result stage after `stage`, or None when it is the last one."""
        position = self.result_stages.index(stage) + 1
        return self.result_stages[position] if position < len(self.result_stages) else None


_W, _O, _U, _M = Bucket.WORK, Bucket.OUTPUTS, Bucket.UPLOADS, Bucket.MODELS
_STAGES = (
    "upload_trigger", "speech_recognition", "frame_extraction", "emotion_scoring",
    "slide_generation", "text_to_speech", "stitching", "notification",
)  # fmt: skip
_JOB_TOPICS = (*_STAGES, "webhook")
"""Every stage, and the function that delivers events. The stage that ends a job starts the
owner's next one, at any of its stages, which is an event."""
_PUBLISHABLE = (
    *_JOB_TOPICS, "clip_copy", "input_fetch", "result_delivery", "personal_data", "recorder",
)  # fmt: skip
"""Every function that takes envelopes, for functions that may restart any of them. Only Pub/Sub
publishes to dead_letter, and only Cloud Scheduler to sweeper."""

FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        # name, kind, trigger, consumes, produces, timeout_s, memory_mb, cpu, concurrency, access
        Function(
            "upload_trigger", FunctionKind.PIPELINE, FinalizeTrigger(_U),
            ("upload",), ("plan",), 120, 2048, 1, 4,
            Access(
                # An upload without a job is quarantined, a deleted job's upload is deleted.
                write=((_U, ""), (_W, QUARANTINE_PREFIX), (_O, RESULTS_PREFIX)),
                publish=_JOB_TOPICS,
            ),
            writes=((_O, RESULTS_PREFIX),),
        ),
        Function(
            "speech_recognition", FunctionKind.PIPELINE, MessageTrigger(),
            ("upload", "plan"), ("transcript",), 540, 1024, 1, 1,
            Access(
                read=((_U, ""),),
                write=((_W, TRANSCRIPTS_PREFIX), (_O, RESULTS_PREFIX)),
                publish=_JOB_TOPICS,
                speech_to_text=True,
            ),
            writes=((_W, TRANSCRIPTS_PREFIX), (_O, RESULTS_PREFIX)),
            progress_weight=6,
        ),
        Function(
            "frame_extraction", FunctionKind.PIPELINE, MessageTrigger(),
            ("upload", "plan"), ("packs", "frames"), 540, 1024, 1, 1,
            Access(
                read=((_U, ""),),
                write=((_W, PACKS_PREFIX), (_W, PARTS_PREFIX), (_W, ZIPS_PREFIX),
                       (_O, RESULTS_PREFIX)),
                publish=_JOB_TOPICS,
            ),
            writes=((_W, PACKS_PREFIX), (_W, PARTS_PREFIX), (_W, ZIPS_PREFIX),
                    (_O, RESULTS_PREFIX)),
            progress_weight=4,
        ),
        Function(
            "emotion_scoring", FunctionKind.PIPELINE, FinalizeTrigger(_W, PACKS_PREFIX),
            ("packs", "plan"), ("timeline",), 540, 1024, 1, 1,
            Access(
                # An annotated film is drawn over the upload.
                read=((_U, ""), (_W, PARTS_PREFIX), (_W, ZIPS_PREFIX), (_M, "")),
                # A pack without a job is quarantined, a deleted job's pack is deleted.
                write=((_W, PACKS_PREFIX), (_W, QUARANTINE_PREFIX), (_W, SCORES_PREFIX),
                       (_O, RESULTS_PREFIX)),
                publish=_JOB_TOPICS,
            ),
            writes=((_W, SCORES_PREFIX), (_O, RESULTS_PREFIX)),
            progress_weight=12, join_share=0.2,
        ),
        Function(
            "slide_generation", FunctionKind.PIPELINE, MessageTrigger(),
            ("plan",), ("deck",), 300, 1024, 1, 1,
            Access(
                # A new revision starts from the deck that the user saved. A recap shows frames
                # from the packs.
                read=((_U, ""), (_W, DECKS_PREFIX), (_W, PACKS_PREFIX)),
                write=((_W, SLIDES_PREFIX), (_W, SLIDE_CACHE_PREFIX), (_O, RESULTS_PREFIX)),
                publish=_JOB_TOPICS,
                vertex_ai=True,
            ),
            writes=((_W, SLIDES_PREFIX), (_O, RESULTS_PREFIX)), secrets=("GEMINI_API_KEY",),
            per_revision=True,
            progress_weight=4, join_share=0.4,
        ),
        Function(
            "text_to_speech", FunctionKind.PIPELINE, MessageTrigger(),
            ("deck",), ("narration",), 300, 512, 0.333, 4,
            Access(
                read=((_W, SLIDES_PREFIX), (_O, RESULTS_PREFIX)),
                write=((_W, NARRATION_PREFIX), (_W, NARRATION_CACHE_PREFIX)),
                publish=_JOB_TOPICS,
            ),
            writes=((_W, NARRATION_PREFIX),), per_revision=True,
            progress_weight=3, join_share=0.05,
        ),
        Function(
            "stitching", FunctionKind.PIPELINE, MessageTrigger(),
            ("upload", "deck", "narration"), ("film",), 540, 2048, 1, 1,
            Access(
                read=((_U, ""), (_W, SLIDES_PREFIX), (_W, NARRATION_PREFIX)),
                write=((_W, FILMS_PREFIX), (_W, FILM_CACHE_PREFIX), (_O, RESULTS_PREFIX)),
                publish=_JOB_TOPICS,
            ),
            writes=((_W, FILMS_PREFIX), (_O, RESULTS_PREFIX)), per_revision=True,
            progress_weight=8,
        ),
        Function(
            "notification", FunctionKind.PIPELINE, MessageTrigger(),
            ("outcome",), (), 60, 256, 0.167, 8,
            # It reads the picture of the email, and starts the delivery of the results.
            Access(read=((_O, RESULTS_PREFIX),), publish=(*_JOB_TOPICS, "result_delivery")),
            max_attempts=8, backoff_s=(5, 300), secrets=("SMTP_URL",), per_revision=True,
            reports_outcome=True,
            progress_weight=0, join_share=0,
        ),
        Function(
            "dead_letter", FunctionKind.SUPPORT, MessageTrigger(),
            ("outcome",), (), 60, 256, 0.167, 8,
            # It quarantines or deletes objects whose event was never handled.
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
            "input_fetch", FunctionKind.SUPPORT, MessageTrigger(),
            # The last attempt only fails the job.
            (), ("upload",), 540, 512, 0.333, 4,
            Access(
                write=((_U, UPLOADS_PREFIX), (_U, PROMPTS_PREFIX), (_W, FETCHED_PREFIX)),
                # The job that waits for the file fails with the fetch.
                publish=("input_fetch", "notification"),
                customer_buckets=True,
            ),
            max_attempts=12, backoff_s=(5, 600), secrets=("FETCH_KEYS",),
            writes=((_U, UPLOADS_PREFIX), (_U, PROMPTS_PREFIX), (_W, FETCHED_PREFIX)),
            task_collection="fetches", owner_slots=4,
        ),
        Function(
            "result_delivery", FunctionKind.SUPPORT, MessageTrigger(),
            # The last attempt only records the failure.
            ("outcome",), (), 540, 512, 0.333, 4,
            Access(
                read=((_O, RESULTS_PREFIX),), publish=("result_delivery", "webhook"),
                customer_buckets=True,
            ),
            max_attempts=12, backoff_s=(5, 600), secrets=("DELIVERY_KEYS",),
            task_collection="result_deliveries", owner_slots=4,
        ),
        Function(
            "webhook", FunctionKind.SUPPORT, MessageTrigger(),
            ("outcome",), (), 60, 256, 0.167, 8,
            Access(publish=("webhook",)),
            max_attempts=10, secrets=("SMTP_URL", "WEBHOOK_KEYS"), task_collection="deliveries",
            owner_slots=8,
        ),
        Function(
            "personal_data", FunctionKind.SUPPORT, MessageTrigger(),
            # Attempts for more than 12 hours: a user whose account is disabled cannot ask again.
            (), (), 540, 512, 0.333, 1,
            Access(
                write=((_U, ""), (_W, ""), (_O, "")), publish=("personal_data", "webhook"),
                accounts=AccountAccess.ADMIN,
            ),
            max_attempts=90, backoff_s=(5, 600), secrets=("RECEIPT_KEY",),
            writes=((_O, EXPORTS_PREFIX), (_O, RECEIPTS_PREFIX)), task_collection="data_requests",
        ),
        Function(
            "recorder", FunctionKind.SUPPORT, MessageTrigger(),
            # A short lease: frames of a camera that no worker holds are lost.
            (), ("upload",), 540, 1024, 0.583, 1,
            Access(
                write=((_U, ""), (_W, ""), (_O, "")),
                # The job that waits for a clip fails with the recording.
                publish=("recorder", "clip_copy", "notification", "webhook"),
            ),
            max_attempts=10, backoff_s=(2, 30), secrets=("CAMERA_KEYS",),
            writes=((_U, UPLOADS_PREFIX), (_W, RECORDINGS_PREFIX), (_W, PREVIEWS_PREFIX),
                    (_O, RECORDINGS_PREFIX)),
            task_collection="recorder_tasks", owner_slots=4, lease_s=12,
        ),
        Function(
            "clip_copy", FunctionKind.SUPPORT, MessageTrigger(),
            # Not in the recorder: encoding would take the instances that hold cameras.
            (), (), 540, 1024, 1, 1,
            Access(
                read=((_O, RECORDINGS_PREFIX),),
                write=((_W, COPIES_PREFIX), (_O, COPIES_PREFIX)),
                publish=("clip_copy",),
            ),
            backoff_s=(5, 300), writes=((_W, COPIES_PREFIX), (_O, COPIES_PREFIX)),
            task_collection="clip_copies", owner_slots=1,
        ),
        Function(
            "api", FunctionKind.HTTPS, HttpTrigger(), (), ("upload",), 60, 512, 0.333, 16,
            Access(
                write=((_U, ""), (_W, ""), (_O, "")), publish=_PUBLISHABLE,
                sign_urls=True, accounts=AccountAccess.ADMIN, speech_to_text=True,
                customer_buckets=True,
            ),
            secrets=("SMTP_URL",),
            writes=((_U, PROMPTS_PREFIX), (_U, UPLOADS_PREFIX), (_W, DECKS_PREFIX)),
        ),
        Function(
            "downloads", FunctionKind.HTTPS, HttpTrigger(), (), (), 300, 512, 0.333, 16,
            Access(
                # The results of jobs. Objects between stages are not served.
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

PIPELINE_STAGES = tuple(row.name for row in FUNCTIONS.values() if row.kind is FunctionKind.PIPELINE)
"""The functions that are stages of recipes, in the order of the table."""

_VIDEO = (Input("video", ("video",), 5_000),)
_MUSIC = Input("music", ("audio",), 500, optional=True)
_PICTURES = Input("picture", ("image",), 40, optional=True, max_count=12)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "frames",
            "Frames of a video at a fixed interval, as a ZIP with a contact sheet.",
            _VIDEO,
            ("upload_trigger", "frame_extraction", "notification"),
        ),
        Recipe(
            "emotions",
            "Facial expressions in a video, scored over time, as a timeline.",
            _VIDEO,
            ("upload_trigger", "frame_extraction", "emotion_scoring", "notification"),
            # The words are known when the timeline is written.
            (OptionalStage("speech_recognition", "transcript", "frame_extraction"),),
        ),
        Recipe(
            "recap",
            "A narrated film of the strongest moments of a video, or of its scenes.",
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
            # The words are known when the clips are cut.
            (OptionalStage("speech_recognition", "transcript", "frame_extraction"),),
        ),
        Recipe(
            "presentation",
            "A narrated slide film, generated from a prompt.",
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
            "A picture and a sound track, combined into a film.",
            (Input("picture", ("image",), 40), Input("sound", ("audio",), 500)),
            ("upload_trigger", "stitching", "notification"),
        ),
        Recipe(
            "captions",
            "The words of a video or a sound, as captions and as a transcript.",
            (Input("media", ("video", "audio"), 5_000),),
            ("upload_trigger", "speech_recognition", "notification"),
            # It draws the captions into the pictures.
            (OptionalStage("stitching", "video", "notification", ("burned", "both")),),
        ),
    )
}


def find_producer(stage: str) -> str | None:
    """Returns the stage whose part objects trigger `stage` part by part, or None."""
    trigger = FUNCTIONS[stage].trigger
    if not isinstance(trigger, FinalizeTrigger) or trigger.bucket is Bucket.UPLOADS:
        return None
    prefix = (trigger.bucket, trigger.prefix)
    return next(row.name for row in FUNCTIONS.values() if prefix in row.writes)


def find_consumer(stage: str, recipe: Recipe) -> str | None:
    """Returns the stage of `recipe` that the part objects of `stage` trigger, or None."""
    return next((name for name in recipe.stages if find_producer(name) == stage), None)
