"""The cost of a job at list prices, from its measured work.

It has the working time of every attempt, the deliveries, the services that the stages called, and
the storage until the job expires. Not in it: what the stages of a cancelled job or of an older
revision had begun, operations on Firestore and objects, requests to the API, and tokens of Gemini.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.pipeline import FUNCTIONS
from shared.pricing.prices import (
    GIB_SECOND,
    RECOGNITION_SECOND,
    REQUEST,
    STORED_GB_MONTH,
    VCPU_SECOND,
    speech_price,
)
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.results import DeckResult, NarrationResult

CostKind = Literal["compute", "requests", "speech", "recognition", "storage"]
MONTH_S = 365 * 86_400 / 12


@dataclass(frozen=True, slots=True)
class CostItem:
    """The cost of a stage for one kind of work, in dollars: `quantity` of `unit`. `stage` is None
    for what belongs to the whole job."""

    stage: str | None
    kind: CostKind
    quantity: float
    unit: str
    usd: float


@dataclass(frozen=True, slots=True)
class StageUse:
    """What a stage has used so far: its working time in milliseconds, and its deliveries."""

    name: str
    worked_ms: int
    deliveries: int


def compute_usd(function: str, seconds: float) -> float:
    """Returns the dollars for an instance of a function that is busy for `seconds`."""
    row = FUNCTIONS[function]
    return seconds * (row.vcpu * VCPU_SECOND.usd + row.memory_mb / 1024 * GIB_SECOND.usd)


def stage_items(stages: Iterable[StageUse], facts: Mapping[str, Any]) -> list[CostItem]:
    """Returns the cost of the stages that have worked. `facts` are those of the job."""
    items: list[CostItem] = []
    for stage in stages:
        seconds = stage.worked_ms / 1000
        if seconds:
            usd = compute_usd(stage.name, seconds)
            items.append(CostItem(stage.name, "compute", seconds, "second", usd))
        if stage.deliveries:
            usd = stage.deliveries * REQUEST.usd
            items.append(CostItem(stage.name, "requests", stage.deliveries, "request", usd))
    speech = NarrationResult.find_current(facts)
    if speech is not None and speech.characters:
        usd = speech.characters * speech_price(speech.voice or "").usd
        items.append(CostItem(speech.STAGE, "speech", speech.characters, "character", usd))
    transcript = TranscriptResult.find_current(facts)
    if transcript is not None and transcript.recognized_s:
        usd = transcript.recognized_s * RECOGNITION_SECOND.usd
        items.append(
            CostItem(transcript.STAGE, "recognition", transcript.recognized_s, "second", usd)
        )
    return items


def storage_item(stored_bytes: int, seconds: float) -> CostItem:
    """Returns the cost of keeping a job's objects for this long."""
    months = stored_bytes / 1e9 * seconds / MONTH_S
    return CostItem(None, "storage", months, "GB month", months * STORED_GB_MONTH.usd)


def excluded_services(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the services that the job has called and whose cost is not known."""
    deck = DeckResult.find_current(facts)
    return ("gemini",) if deck is not None and deck.calls else ()
