"""The cost of a job, computed by hand from list prices."""

from __future__ import annotations

from datetime import date

import pytest

from infra.tools.prices import old_prices
from shared.pipeline import FUNCTIONS, Bucket
from shared.pricing.job_cost import (
    StageUse,
    excluded_services,
    stage_items,
    storage_item,
)
from shared.pricing.prices import SPEECH, all_prices, speech_price
from shared.recipes.captions.results import TranscriptResult
from shared.recipes.results import DeckResult, NarrationResult
from shared.recipes.stored_object import StoredObject

STORED = StoredObject(Bucket.WORK, "narration.json", 1, 100)


def narration(voice: str | None) -> dict[str, object]:
    result = NarrationResult(STORED, spoken_s=60, hits=0, calls=8, characters=1000, voice=voice)
    return {"text_to_speech": result.to_dict()}


def test_working_time_and_deliveries_have_the_prices_of_the_row() -> None:
    row = FUNCTIONS["frame_extraction"]
    compute, requests = stage_items([StageUse("frame_extraction", 10_000, 3)], {})
    per_second = row.vcpu * 0.000024 + row.memory_mb / 1024 * 0.0000025
    assert (compute.kind, compute.quantity) == ("compute", 10)
    assert compute.usd == pytest.approx(10 * per_second)
    assert requests.kind == "requests"
    assert requests.usd == pytest.approx(3 * 0.4e-6)


def test_stage_that_has_not_worked_costs_nothing() -> None:
    assert stage_items([StageUse("stitching", 0, 0)], {}) == []


@pytest.mark.parametrize(
    ("voice", "usd"),
    [
        ("en-US-Neural2-F", 0.016),
        ("pt-BR-Chirp3-HD-Kore", 0.030),
        ("de-DE-Standard-A", 0.004),
        ("piper-lessac", 0.016),
        (None, 0.016),
    ],
)
def test_speech_has_the_price_of_its_voice(voice: str | None, usd: float) -> None:
    (item,) = stage_items([], narration(voice))
    assert (item.stage, item.quantity, item.unit) == ("text_to_speech", 1000, "character")
    assert item.usd == pytest.approx(usd)


def test_recognition_has_the_price_of_the_sound_that_was_sent() -> None:
    result = TranscriptResult(STORED, "en", "chirp_3", 100, 10, recognized_s=60, calls=3, hits=0)
    (item,) = stage_items([], {"speech_recognition": result.to_dict()})
    assert item.kind == "recognition"
    assert item.usd == pytest.approx(0.016)


def test_storage_costs_until_the_job_expires() -> None:
    month_s = 365 * 86_400 / 12
    assert storage_item(2_000_000_000, 3 * month_s).usd == pytest.approx(6 * 0.02)


def test_calls_of_gemini_are_named_as_not_included() -> None:
    deck = DeckResult(2, 0, revision=0, rendered=1, reused=0, deck=STORED, slides=())
    assert excluded_services({"slide_generation": deck.to_dict()}) == ("gemini",)
    assert excluded_services({}) == ()


def test_every_price_has_an_official_source_and_gets_old() -> None:
    prices = dict(all_prices())
    assert {f"SPEECH {name}" for name in SPEECH} < prices.keys()
    assert all(".google" in price.source and price.usd > 0 for price in prices.values())
    assert old_prices(min(price.read_on for price in prices.values())) == []
    assert len(old_prices(date(2028, 1, 1))) == len(prices)


def test_unknown_voice_has_the_price_of_the_preferred_technology() -> None:
    assert speech_price("espeak-ng") is SPEECH["Neural2"]
