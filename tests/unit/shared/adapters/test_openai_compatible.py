"""DeckModel with a server of the chat completions of OpenAI's API, beyond its contract."""

from __future__ import annotations

from typing import Any

import pytest

from functions.slide_generation.deck.model_cache import ask_model
from functions.slide_generation.deck.model_request import build_model_request
from functions.slide_generation.deck.outline import read_outline
from shared.adapters.openai_compatible import OpenAiCompatibleModel, to_json_schema
from shared.errors import MoodreelError
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import Prompt
from tests.fixtures.models.chat_server import ChatServer, complete

OPTIONS = DeckOptions(slides=5)
REQUEST = build_model_request(Prompt("How tides work"), OPTIONS)


def fail(server: ChatServer, answer: Any) -> MoodreelError:
    """Returns the error for an answer."""
    server.queue.append(answer)
    with pytest.raises(MoodreelError) as caught:
        OpenAiCompatibleModel(server.url, "m").generate(REQUEST)
    return caught.value


def test_answer_is_a_deck_with_the_requested_schema(chat_server: ChatServer) -> None:
    model = OpenAiCompatibleModel(chat_server.url, "llama3.3", "some-key")
    chat_server.queue.append(complete("{"))
    deck, calls = ask_model(model, REQUEST, lambda text: read_outline(text, OPTIONS), lambda: None)
    assert (len(deck.slides), calls) == (5, 2)
    assert model.engine == "openai-compatible:llama3.3"
    authorization, body = chat_server.requests[-1]
    assert (authorization, body["model"]) == ("Bearer some-key", "llama3.3")
    assert [row["role"] for row in body["messages"]] == ["system", "user"]
    OpenAiCompatibleModel(chat_server.url, "m").generate(REQUEST)
    assert chat_server.requests[-1][0] is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {"Content-Length": "900"}), "model-overloaded"),
        ((401, {}), "model-unavailable"),
        (complete("{}", "content_filter"), "prompt-refused"),
        (complete("{}", "tool_calls"), "answer-unusable"),
        (b"<html>", "answer-unusable"),
        ([], "answer-unusable"),
        ({"choices": []}, "answer-unusable"),
        ({"choices": [{"message": "x", "finish_reason": "stop"}]}, "answer-unusable"),
    ],
    ids=str,
)
def test_bad_answers_have_the_errors_of_the_port(
    chat_server: ChatServer, answer: Any, code: str
) -> None:
    error = fail(chat_server, answer)
    assert error.code == code
    assert len(chat_server.requests) == 1
    assert "127.0.0.1" not in str(error)


def test_refused_connection_counts_as_overloaded() -> None:
    with pytest.raises(MoodreelError) as caught:
        OpenAiCompatibleModel("http://127.0.0.1:1/v1", "m").generate(REQUEST)
    assert caught.value.code == "model-overloaded"


def test_schema_of_a_property_named_like_a_keyword_is_kept() -> None:
    schema = {"type": "OBJECT", "properties": {"type": {"type": "STRING", "enum": ["OBJECT"]}}}
    assert to_json_schema(schema) == {
        "type": "object", "properties": {"type": {"type": "string", "enum": ["OBJECT"]}},
    }  # fmt: skip
