"""Both client libraries with both of Google's APIs, beyond the contract of DeckModel."""

from __future__ import annotations

import json
import urllib.error
from typing import Any

import pytest

from shared.adapters.gemini.responses import response_text
from shared.ports.models import AnswerUnusable, PromptRefused
from shared.recipes.films.deck import Deck
from tests.fixtures.models.gemini import (
    CLIENT_BACKENDS,
    AdapterProcess,
    GeminiAdapter,
    GeminiEmulator,
)

PROMPT = "How photosynthesis works, for ten-year-olds"


def test_response_has_the_requested_schema(
    gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    call_count = gemini.call_count
    response = gemini_adapter.call("generate", PROMPT, options={"slides": 5})
    deck = json.loads(response["result"])
    assert len(deck["slides"]) == 5
    assert response["engine"] == "emulator:some-model"
    assert gemini.call_count == call_count + 1


def test_both_libraries_send_the_same_request_to_both_apis(
    adapter_processes: dict[str, AdapterProcess], gemini: GeminiEmulator
) -> None:
    sent = []
    for client, backend in CLIENT_BACKENDS:
        adapter = GeminiAdapter(adapter_processes[client], backend)
        adapter.call("generate", PROMPT, source="Leaves are green.", options={"slides": 4})
        sent.append(normalize_request(gemini.last_body))
    assert sent[0] == sent[1] == sent[2]
    prompt = json.loads(sent[0]["text"])
    assert prompt == {"prompt": PROMPT, "source": "Leaves are green."}
    assert "exactly 4 slides" in sent[0]["system"]
    assert sent[0]["mime"] == "application/json"
    assert sent[0]["slides"] == (4, 4)


def to_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def normalize_request(body: dict[str, Any]) -> dict[str, Any]:
    """Returns a request without differences between the libraries, such as enumeration numbers."""
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
def test_declined_prompt_is_a_permanent_error(
    kind: str, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    gemini.add_bad_response(kind)
    response = gemini_adapter.call("deck", PROMPT)
    assert (response["error"], response["permanent"]) == ("prompt-refused", True)
    assert len(response["message"]) > 20


@pytest.mark.parametrize(
    "fault",
    [
        {"stall_s": 10},
        {"cut_after_bytes": 60},
        {"lose_response": True},
    ],
    ids=str,
)
def test_unavailable_model_is_overloaded_and_not_retried_here(
    fault: dict[str, Any], gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    call_count = gemini.call_count
    gemini.add_fault(**fault)
    response = gemini_adapter.call("deck", PROMPT, timeout_s=2.0 if "stall_s" in fault else 60.0)
    assert (response["error"], response["permanent"]) == ("model-overloaded", False)
    assert gemini.call_count - call_count <= 1


def test_refused_connection_counts_as_overloaded(gemini_adapter: GeminiAdapter) -> None:
    response = gemini_adapter.call("generate", PROMPT, endpoint="http://127.0.0.1:1")
    assert response["error"] == "model-overloaded"


@pytest.mark.parametrize("kind", ["truncated", "max-tokens", "wrong-schema", "not-json", "empty"])
def test_invalid_response_is_requested_again(
    kind: str, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    gemini_adapter.call("generate", PROMPT)
    request = gemini.last_body
    gemini.add_bad_response(kind, count=2)
    response = gemini_adapter.call("deck", PROMPT)["result"]
    assert response["calls"] == 3
    assert len(Deck.from_dict(response["deck"]).slides) == 6
    assert gemini.last_body == request


@pytest.mark.parametrize("kind", ["truncated", "max-tokens", "wrong-schema", "not-json", "empty"])
def test_repeated_invalid_responses_are_a_permanent_error(
    kind: str, gemini_adapter: GeminiAdapter, gemini: GeminiEmulator
) -> None:
    call_count = gemini.call_count
    gemini.add_bad_response(kind, count=50)
    response = gemini_adapter.call("deck", PROMPT)
    assert (response["error"], response["permanent"]) == ("deck-unusable", True)
    assert "3 attempts" in response["message"]
    assert gemini.call_count - call_count == 3


def test_deck_has_the_requested_language(
    gemini_adapter: GeminiAdapter,
) -> None:
    response = gemini_adapter.call("deck", PROMPT, options={"language": "pt-BR"})["result"]
    assert response["deck"]["language"] == "pt-BR"


@pytest.mark.parametrize("finish", ["", "FINISH_REASON_UNSPECIFIED", "OTHER", "A_NEW_ONE"])
def test_response_without_stop_reason_is_unusable(finish: str) -> None:
    with pytest.raises(AnswerUnusable):
        response_text("", finish, ["{}"])


@pytest.mark.parametrize("finish", ["MODEL_ARMOR", "ESCALATION", "SAFETY"])
def test_withheld_response_is_refused(finish: str) -> None:
    with pytest.raises(PromptRefused):
        response_text("", finish, ["{}"])


@pytest.mark.parametrize("reason", ["BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"])
def test_unspecified_block_reason_blocks_nothing(reason: str) -> None:
    assert response_text(reason, "STOP", ["{}"]) == "{}"


def test_emulator_requires_a_key_and_refuses_browsers(gemini: GeminiEmulator) -> None:
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
