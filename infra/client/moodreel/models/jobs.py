"""Jobs, their stages, inputs and results."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from moodreel.models.base import Model, Page

TERMINAL = frozenset({"done", "failed", "cancelled"})
"""The statuses of a job that has ended."""


class ErrorView(Model):
    """The reason for a failure: a stable code, a message, and the stage in which it occurred."""

    code: str
    message: str
    stage: str | None = None


class WaitView(Model):
    """What a stage waits for: a service that is overloaded or unavailable, and its name for
    sentences."""

    service: str
    service_label: str | None = None
    code: str
    since: datetime
    next_try_at: datetime


class StageView(Model):
    """The state of a stage. `total` is None until the number of parts is known; `progress` is 0 to
    1."""

    name: str
    state: str
    done: int
    total: int | None
    progress: float
    attempts: int
    worked_s: float = 0.0
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    counts: dict[str, float]
    error: ErrorView | None
    waiting: WaitView | None


class ArtifactView(Model):
    """A result of a job. `url` is the path of the API that redirects to its bytes."""

    name: str
    kind: str
    content_type: str
    size_bytes: int
    url: str


class JobSummary(Model):
    """A job in a list."""

    id: str
    recipe: str
    title: str
    status: str
    epoch: int
    revision: int
    error: ErrorView | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    main_result: ArtifactView | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = Field(default_factory=dict)

    @property
    def is_terminal(self) -> bool:
        """Whether the job is done, failed or cancelled."""
        return self.status in TERMINAL


class CostItem(Model):
    """The cost of one kind of work of a stage, in US dollars; `stage` is None for storage."""

    stage: str | None
    kind: str
    quantity: float
    unit: str
    usd: float


class Cost(Model):
    """The cost of a job so far at list prices, in US dollars. `excludes` names services that the
    job has called and whose cost is not known."""

    usd: float
    items: tuple[CostItem, ...]
    excludes: tuple[str, ...]
    prices_of: date


class JobView(JobSummary):
    """A job with its stages and results. `progress` is 0 to 1. Earlier services have neither it
    nor the cost."""

    options: dict[str, Any]
    progress: float | None = None
    stages: tuple[StageView, ...]
    artifacts: tuple[ArtifactView, ...]
    warnings: tuple[str, ...]
    voice: str | None
    cost: Cost | None = None
    people: dict[str, str] = Field(default_factory=dict)


class EventView(Model):
    """An event in the history of a job, such as `created` or `stage_done`."""

    at: datetime
    what: str
    epoch: int
    details: dict[str, Any]


class EventList(Model):
    """The events of a job, oldest first."""

    events: tuple[EventView, ...]


class LinkView(Model):
    """A link to a file, which serves it to anyone until `expires_at`."""

    url: str
    expires_at: datetime
    filename: str
    content_type: str
    size_bytes: int


class UploadGrant(Model):
    """The request that uploads a file. A POST begins a resumable session."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class CreatedJob(Model):
    """A new job, and the upload requests of its inputs by name."""

    job: JobView
    uploads: dict[str, UploadGrant]


class JobPage(Page):
    """A page of jobs."""

    jobs: tuple[JobSummary, ...]


class InputView(Model):
    """An input of a recipe. `kinds` are the top-level media types that it takes; `names` are the
    input names that can be used for it, each once."""

    name: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    max_bytes: int
    optional: bool


class OptionView(Model):
    """An option of a recipe. `type` is integer, number, boolean, choice, seconds or text."""

    name: str
    type: str
    sentence: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    needs: str | None = None


class RecipeView(Model):
    """A recipe with its inputs and options. Earlier services do not describe the options."""

    name: str
    sentence: str
    inputs: tuple[InputView, ...]
    stages: tuple[str, ...]
    options: tuple[OptionView, ...] = ()


class RecipeList(Model):
    """All recipes."""

    recipes: tuple[RecipeView, ...]
