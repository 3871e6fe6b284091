"""Both libraries, over both of Google's APIs, are one and the same SlideModel."""

from __future__ import annotations

import json
import urllib.error
from typing import Any

import pytest

from shared.adapters.gemini.responses import response_text
from shared.errors import AnswerUnusable
from shared.recipes.films.deck import Deck
from tests.fixtures.models.gemini import (
    CLIENT_BACKENDS,
    AdapterProcess,
    GeminiAdapter,
    GeminiEmulator,
)

PROMPT = "How photosynthesis works, for ten-year-olds"


def test_an_answer_in_the_form_that_was_asked_for_comes_back(
    gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    before = gemini.call_count
    told = gemini_adapter.call("generate", PROMPT, options={"slides": 5})
    answer = json.loads(told["result"])
    assert len(answer["slides"]) == 5
    assert told["engine"] == "stand-in:some-model"
    assert gemini.call_count == before + 1


def test_both_libraries_send_the_same_request_by_either_api(
    adapter_processes: dict[str, AdapterProcess], gemini: GeminiEmulator
) -> None:
    sent = []
    for client, backend in CLIENT_BACKENDS:
        way = GeminiAdapter(adapter_processes[client], backend)
        way.call("generate", PROMPT, source="Leaves are green.", options={"slides": 4})
        sent.append(essence(gemini.last_body))
    assert sent[0] == sent[1] == sent[2]
    asked = json.loads(sent[0]["text"])
    assert asked == {"prompt": PROMPT, "source": "Leaves are green."}
    assert "exactly 4 slides" in sent[0]["system"]
    assert sent[0]["mime"] == "application/json"
    assert sent[0]["slides"] == (4, 4)


def to_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def essence(body: dict[str, Any]) -> dict[str, Any]:
    """A request without what the libraries write differently, such as enumerations by number."""
    config = body["generationConfig"]
    schema = config["responseSchema"]
    # Protobuf's JSON has two spellings for a name of several words.
    slides = {to_camel(key): value for key, value in schema["properties"]["slides"].items()}
    return {
        "text": body["contents"][0]["parts"][0]["text"],
        "system": body["systemInstruction"]["parts"][0]["text"],
        "mime": config["responseMimeType"],
        "tokens": int(config["maxOutputTokens"]),
        "required": sorted(schema["required"]),
        "fields": sorted(slides["items"]["properties"]),
        "layouts": slides["items"]["properties"]["layout"]["enum"],
        "slides": (int(slides["minItems"]), int(slides["maxItems"])),
    }


@pytest.mark.parametrize("kind", ["safety", "blocked"])
def test_what_the_model_declines_is_refused_for_good(
    kind: str, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    gemini.add_bad_response(kind)
    told = gemini_adapter.call("deck", PROMPT)
    assert (told["error"], told["permanent"]) == ("prompt-refused", True)
    assert len(told["message"]) > 20


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429},
        {"status": 500},
        {"status": 503, "retry_after_s": 30},
        {"stall_s": 10},
        {"cut_after_bytes": 60},
        {"lose_response": True},
    ],
    ids=str,
)
def test_a_model_that_is_away_or_busy_is_tried_again_by_the_unit_and_not_here(
    fault: dict[str, Any], gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    before = gemini.call_count
    gemini.add_fault(**fault)
    told = gemini_adapter.call("deck", PROMPT, timeout_s=2.0 if "stall_s" in fault else 60.0)
    assert (told["error"], told["permanent"]) == ("model-overloaded", False)
    assert gemini.call_count - before <= 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_key_or_name_that_is_not_taken_can_be_mended_by_the_operator(
    status: int, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    gemini.add_fault(status=status)
    told = gemini_adapter.call("deck", PROMPT)
    assert (told["error"], told["permanent"]) == ("model-unavailable", False)
    assert "127.0.0.1" not in told["message"]


def test_nobody_there_is_no_reason_to_give_the_prompt_up(gemini_adapter: GeminiAdapter) -> None:
    told = gemini_adapter.call("generate", PROMPT, endpoint="http://127.0.0.1:1")
    assert told["error"] == "model-overloaded"


@pytest.mark.parametrize("kind", ["truncated", "max-tokens", "wrong-schema", "not-json", "empty"])
def test_a_bad_answer_is_asked_for_anew_with_the_very_same_request(
    kind: str, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    gemini_adapter.call("generate", PROMPT)
    request = gemini.last_body
    gemini.add_bad_response(kind, count=2)
    told = gemini_adapter.call("deck", PROMPT)["result"]
    assert told["calls"] == 3
    assert len(Deck.from_dict(told["deck"]).slides) == 8
    assert gemini.last_body == request


@pytest.mark.parametrize("kind", ["truncated", "max-tokens", "wrong-schema", "not-json", "empty"])
def test_bad_answers_without_end_are_given_up_with_a_sentence(
    kind: str, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    before = gemini.call_count
    gemini.add_bad_response(kind, count=50)
    told = gemini_adapter.call("deck", PROMPT)
    assert (told["error"], told["permanent"]) == ("deck-unusable", True)
    assert "3 attempts" in told["message"]
    assert gemini.call_count - before == 3


def test_the_language_that_was_asked_for_is_the_decks_whatever_the_model_says(
    gemini_adapter: GeminiAdapter,
) -> None:
    told = gemini_adapter.call("deck", PROMPT, options={"language": "pt-BR"})["result"]
    assert told["deck"]["language"] == "pt-BR"


@pytest.mark.parametrize("finish", ["", "FINISH_REASON_UNSPECIFIED", "OTHER", "A_NEW_ONE"])
def test_an_answer_that_does_not_say_that_it_is_complete_is_not(finish: str) -> None:
    with pytest.raises(AnswerUnusable):
        response_text("", finish, ["{}"])


def test_the_stand_in_asks_for_a_key_and_serves_no_page(gemini: GeminiEmulator) -> None:
    path = "/v1beta/models/m:generateContent"
    body = {"contents": [{"parts": [{"text": "Plants"}]}]}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        gemini.request("POST", path, body)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        gemini.request(
            "POST", path, body, Origin="https://elsewhere.example", **{"x-goog-api-key": "k"}
        )
    with pytest.raises(urllib.error.HTTPError, match="400"):
        gemini.request("POST", path, {"contents": [], "prompt": "x"}, **{"x-goog-api-key": "k"})
