"""The names, choices and limits that the console shares with the API, as a TypeScript module.

The module contains no text for users: the console labels these names itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter

from functions.api.accounts.api_keys import KeyRequest
from functions.api.accounts.schemas import AccountChange
from functions.api.cameras.schemas import NewCamera, SourceRequest
from functions.api.decks.schemas import SlideRewriteRequest
from functions.api.fields import Password
from functions.api.jobs.handlers import JobChange
from functions.api.webhooks.schemas import NewWebhook
from functions.emotion_scoring.models.manifest import FER2013
from functions.emotion_scoring.results.colours import assign_colours
from functions.emotion_scoring.results.timeline import UNCERTAIN_MARGIN
from functions.slide_generation.drawing.themes import THEMES, Colour
from functions.webhook.call import ERROR_MESSAGES
from infra.tools.console.recipe_options import describe_recipe
from shared.api_keys import Scope
from shared.cameras.browser_copy import CopyState, Playback
from shared.cameras.camera import MAX_PRE_ROLL_S, CameraState
from shared.cameras.recording import EndedBy, RecordingState
from shared.cameras.source import MAX_DEVICES
from shared.errors import Service
from shared.jobs.emails.mails import MailState
from shared.jobs.history import HistoryEvent
from shared.jobs.model import TERMINAL, Status
from shared.jobs.stage import StageState
from shared.jobs.webhooks.events import WEBHOOK_EVENTS
from shared.pipeline import FUNCTIONS, PIPELINE_STAGES, RECIPES
from shared.pricing.job_cost import compute_usd
from shared.privacy.data_requests import Phase
from shared.recipes.emotions.options import MAX_PURPOSE_CHARS
from shared.recipes.films import deck
from shared.recipes.films.prompt import MAX_TEXT_CHARS, SOURCE_SEPARATOR
from shared.recipes.films.slides import chart, slide
from shared.recipes.stored_object import ResultKind
from shared.tasks.task import TaskState

FILE = Path(__file__).parents[3] / "functions" / "console" / "web" / "src" / "contract.ts"
HEADER = "// Rendered by infra/tools/render.py; do not edit."
_LINE_CHARS = 90
_TYPES = """\
export type RecipeName = keyof typeof RECIPES;
export type OptionName<R extends RecipeName> = keyof (typeof RECIPES)[R]["options"];
/** The choices of an option, such as "cut" | "fade". */
export type Choice<R extends RecipeName, O extends OptionName<R>> =
  (typeof RECIPES)[R]["options"][O] extends { choices: readonly (infer C)[] } ? C : never;
export type Theme = keyof typeof THEMES;
export type StageName = keyof typeof STAGE_USD_PER_S;"""


def render() -> str:
    """Returns the content of the module."""
    rates = {name: round(compute_usd(name, 1), 9) for name in PIPELINE_STAGES}
    weights = {name: FUNCTIONS[name].progress_weight for name in PIPELINE_STAGES}
    recipes = {name: describe_recipe(name) for name in RECIPES}
    join_shares = {name: FUNCTIONS[name].join_share for name in PIPELINE_STAGES}
    constants = (
        ("The recipes: inputs, and options with their types and defaults.", "RECIPES", recipes),
        ("Colours of the slide themes.", "THEMES", describe_themes()),
        ("The stages in pipeline order, with the cost of a second of work in US dollars.",
         "STAGE_USD_PER_S", rates),
        ("Typical share of the work of a job, relative to its other stages.",
         "STAGE_WEIGHTS", weights),
        ("Typical share of the work of a stage that its join does.", "JOIN_SHARES", join_shares),
        ("Limits of the API's fields.", "LIMITS", describe_limits()),
        ("A reading is uncertain when its two highest probabilities differ by less than this.",
         "UNCERTAIN_MARGIN", UNCERTAIN_MARGIN),
        ("Separates the prompt from the source text.", "PROMPT_SEPARATOR", SOURCE_SEPARATOR),
    )  # fmt: skip
    blocks = [
        HEADER,
        *(f"/** {comment} */\n{_export(name, value)}" for comment, name, value in constants),
        _TYPES,
        *(
            f"{_export(name, list(values))}\nexport type {type_name} = (typeof {name})[number];"
            for name, type_name, values in list_unions()
        ),
    ]
    return "\n\n".join(blocks) + "\n"


def list_unions() -> Iterable[tuple[str, str, Iterable[str]]]:
    """Returns the constant, the type and the values of each set of names. A deleted job or
    recording is not shown, so its state is left out."""
    outcomes = [status for status in Status if status in TERMINAL - {Status.DELETED}]
    return (
        ("JOB_STATUSES", "JobStatus", [row for row in Status if row is not Status.DELETED]),
        ("JOB_OUTCOMES", "JobOutcome", outcomes),
        ("STAGE_STATES", "StageState", StageState),
        ("SERVICES", "ServiceName", Service),
        ("HISTORY_EVENTS", "HistoryEvent",
         (*get_args(HistoryEvent), Status.AWAITING_REVIEW, *outcomes)),
        ("RESULT_KINDS", "ResultKind", get_args(ResultKind)),
        ("SLIDE_LAYOUTS", "SlideLayout", get_args(slide.Layout)),
        ("CHART_KINDS", "ChartKind", get_args(chart.ChartKind)),
        ("INPUT_KINDS", "InputKind",
         dict.fromkeys(kind for row in RECIPES.values() for item in row.inputs
                       for kind in item.kinds)),
        # In the order in which charts stack them.
        ("EMOTIONS", "Emotion", assign_colours(FER2013)),
        ("CAMERA_STATES", "CameraState", CameraState),
        ("COPY_STATES", "CopyState", list(CopyState)),
        ("PLAYBACKS", "Playback", list(Playback)),
        ("RECORDING_STATES", "RecordingState",
         [row for row in RecordingState if row is not RecordingState.DELETED]),
        ("RECORDING_END_REASONS", "RecordingEndReason", EndedBy),
        ("EMAIL_STATES", "EmailState", MailState),
        ("WEBHOOK_EVENTS", "WebhookEvent", WEBHOOK_EVENTS),
        ("WEBHOOK_ERRORS", "WebhookError", ERROR_MESSAGES),
        ("KEY_SCOPES", "KeyScope", Scope),
        ("DELIVERY_STATES", "DeliveryState", TaskState),
        ("DATA_REQUEST_PHASES", "DataRequestPhase", Phase),
    )  # fmt: skip


def describe_themes() -> dict[str, Any]:
    """Returns the colours of the sample of each theme: background, text and accent."""
    return {
        theme.name: {
            "from": _css_colour(theme.background[0]),
            "to": _css_colour(theme.background[1]),
            "text": _css_colour(theme.heading),
            "accent": _css_colour(theme.accent),
        }
        for theme in THEMES.values()
    }


def _css_colour(colour: Colour) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def describe_limits() -> dict[str, Any]:
    """Returns the limits of fields and decks."""
    password = TypeAdapter(Password).json_schema()
    return {
        "password": {"minChars": password["minLength"], "maxChars": password["maxLength"]},
        "maxNameChars": _max_chars(AccountChange, "name"),
        "maxTitleChars": _max_chars(JobChange, "title"),
        "maxPromptChars": MAX_TEXT_CHARS,
        "maxPurposeChars": MAX_PURPOSE_CHARS,
        "maxRewriteChars": _max_chars(SlideRewriteRequest, "instruction"),
        "maxWebhookUrlChars": _max_chars(NewWebhook, "url"),
        "maxKeyNameChars": _max_chars(KeyRequest, "name"),
        "camera": {
            "maxNameChars": _max_chars(NewCamera, "name"),
            "maxUrlChars": _max_chars(SourceRequest, "url"),
            "maxDevice": MAX_DEVICES - 1,
            "maxPreRollS": MAX_PRE_ROLL_S,
        },
        "deck": {
            "minSlides": deck.SLIDE_COUNT_RANGE.start,
            "maxSlides": deck.SLIDE_COUNT_RANGE.stop - 1,
            "maxTitleChars": deck.MAX_TITLE_CHARS,
            "maxHeadingChars": slide.MAX_HEADING_CHARS,
            "maxBullets": slide.MAX_BULLETS,
            "maxBulletChars": slide.MAX_BULLET_CHARS,
            "maxLabelChars": chart.MAX_LABEL_CHARS,
            "maxNotesChars": slide.MAX_NOTES_CHARS,
            "maxTotalNotesChars": deck.MAX_TOTAL_NOTES_CHARS,
        },
    }


def _max_chars(model: type[BaseModel], field: str) -> int:
    """Returns `maxLength` of a field, which may be nullable."""
    schema = model.model_json_schema()["properties"][field]
    variants = [schema, *schema.get("anyOf", ())]
    return next(int(row["maxLength"]) for row in variants if "maxLength" in row)


def _export(name: str, value: Any) -> str:
    return f"export const {name} = {to_typescript(value)} as const;"


def to_typescript(value: Any, indent: str = "") -> str:
    """Returns a JSON value as a TypeScript literal; one that fits is written on one line."""
    if not isinstance(value, dict | list):
        return json.dumps(value)
    inner = indent + "  "
    if isinstance(value, dict):
        begin, end, pad = "{", "}", " "
        keys = [f"{key if key.isidentifier() else json.dumps(key)}: " for key in value]
        items = list(value.values())
    else:
        begin, end, pad, keys, items = "[", "]", "", [""] * len(value), value
    rows = [key + to_typescript(item, inner) for key, item in zip(keys, items, strict=True)]
    line = f"{begin}{pad}{', '.join(rows)}{pad}{end}"
    if "\n" not in line and len(indent) + len(line) <= _LINE_CHARS:
        return line
    return f"{begin}\n" + "".join(f"{inner}{row},\n" for row in rows) + indent + end
