"""DeckModel over an OpenAI-compatible endpoint, against a server of that protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from functions.slide_generation.deck.model_cache import ask_model
from functions.slide_generation.deck.model_request import build_model_request
from functions.slide_generation.deck.outline import read_outline
from infra.local.emulators.gemini.outline import write_outline
from infra.local.emulators.gemini.request import DeckRequest
from shared.adapters.openai_compatible import OpenAiCompatibleModel, to_json_schema
from shared.errors import MoodreelError
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import Prompt

OPTIONS = DeckOptions(slides=5)
REQUEST = build_model_request(Prompt("How tides work"), OPTIONS)


class ChatServer(ThreadingHTTPServer):
    """Answers POST /v1/chat/completions with a deck, or with the queued status or completion."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.queue: list[Any] = []
        self.requests: list[tuple[str | None, dict[str, Any]]] = []


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.headers["Authorization"], body))
        answer = self.server.queue.pop(0) if self.server.queue else complete(write_deck(body))
        status, headers = (200, {}) if self.path == "/v1/chat/completions" else (404, {})
        if isinstance(answer, tuple):
            status, headers = answer
            answer = {"error": {"message": f"model 'm' at {self.server.url} not found"}}
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


def write_deck(body: dict[str, Any]) -> str:
    """A deck with the number of slides that the JSON Schema of the request demands."""
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["type"] == "object"
    slides = schema["properties"]["slides"]
    assert slides["items"]["properties"]["heading"] == {"type": "string"}
    prompt = json.loads(body["messages"][1]["content"])["prompt"]
    return json.dumps(write_outline(DeckRequest(prompt, "", slides["maxItems"], "")))


def complete(text: str | None, reason: str = "stop", **message: Any) -> dict[str, Any]:
    row = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": reason}
    return {"object": "chat.completion", "choices": [{"index": 0, **row}]}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def fail(server: ChatServer, answer: Any) -> MoodreelError:
    """Returns the error for an answer."""
    server.queue.append(answer)
    with pytest.raises(MoodreelError) as caught:
        OpenAiCompatibleModel(server.url, "m").generate(REQUEST)
    return caught.value


def test_answer_is_a_deck_with_the_requested_schema(server: ChatServer) -> None:
    model = OpenAiCompatibleModel(server.url, "llama3.3", "some-key")
    server.queue.append(complete("{"))
    deck, calls = ask_model(model, REQUEST, lambda text: read_outline(text, OPTIONS), lambda: None)
    assert (len(deck.slides), calls) == (5, 2)
    assert model.engine == "openai-compatible:llama3.3"
    authorization, body = server.requests[-1]
    assert (authorization, body["model"]) == ("Bearer some-key", "llama3.3")
    assert [row["role"] for row in body["messages"]] == ["system", "user"]
    OpenAiCompatibleModel(server.url, "m").generate(REQUEST)
    assert server.requests[-1][0] is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((429, {"Retry-After": "30"}), "model-overloaded"),
        ((503, {}), "model-overloaded"),
        ((200, {"Content-Length": "900"}), "model-overloaded"),
        ((401, {}), "model-unavailable"),
        ((404, {}), "model-unavailable"),
        (complete("{}", "content_filter"), "prompt-refused"),
        (complete(None, refusal="I cannot help with that."), "prompt-refused"),
        (complete('{"title": "Ti', "length"), "answer-unusable"),
        (complete(""), "answer-unusable"),
        (complete("{}", "tool_calls"), "answer-unusable"),
        (b"<html>", "answer-unusable"),
        ([], "answer-unusable"),
        ({"choices": []}, "answer-unusable"),
        ({"choices": [{"message": "x", "finish_reason": "stop"}]}, "answer-unusable"),
    ],
    ids=str,
)
def test_bad_answers_have_the_errors_of_the_port(
    server: ChatServer, answer: Any, code: str
) -> None:
    error = fail(server, answer)
    assert error.code == code
    assert len(server.requests) == 1
    assert "127.0.0.1" not in str(error)
    if answer == (429, {"Retry-After": "30"}):
        assert getattr(error, "retry_after_s", 0) == 30


def test_refused_connection_counts_as_overloaded() -> None:
    with pytest.raises(MoodreelError) as caught:
        OpenAiCompatibleModel("http://127.0.0.1:1/v1", "m").generate(REQUEST)
    assert caught.value.code == "model-overloaded"


def test_schema_of_a_property_named_like_a_keyword_is_kept() -> None:
    schema = {"type": "OBJECT", "properties": {"type": {"type": "STRING", "enum": ["OBJECT"]}}}
    assert to_json_schema(schema) == {
        "type": "object", "properties": {"type": {"type": "string", "enum": ["OBJECT"]}},
    }  # fmt: skip
