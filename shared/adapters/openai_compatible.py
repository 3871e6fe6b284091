"""DeckModel over the chat completions of OpenAI's API, which Ollama, llama.cpp and vLLM serve.

It needs one request without streaming, so it uses the standard library instead of the package
`openai`, which would add dependencies to slide_generation.
https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from shared.adapters.gemini.responses import response_text, to_error
from shared.ports.models import AnswerUnusable, ModelOverloaded, ModelRequest

TIMEOUT_S = 240.0
"""A model on a laptop needs minutes for a deck. It fits into the timeout of slide_generation."""
MAX_RESPONSE_BYTES = 4 << 20
_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
"""Reasons of this API as those of Gemini."""
_KEYWORDS = {"max_items": "maxItems", "min_items": "minItems"}
"""Keywords of JSON Schema, by those of Gemini's schemas."""


class OpenAiCompatibleModel:
    """DeckModel with a base URL such as http://127.0.0.1:11434/v1. `key` may be empty."""

    def __init__(
        self, base_url: str, model: str, key: str = "", timeout_s: float = TIMEOUT_S
    ) -> None:
        self._url, self._model, self._timeout_s = f"{base_url}/chat/completions", model, timeout_s
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    @property
    def engine(self) -> str:
        return f"openai-compatible:{self._model}"

    def generate(self, request: ModelRequest) -> str:
        schema = {"name": "answer", "schema": to_json_schema(request.schema)}
        answer = self._post(
            {
                "model": self._model,
                "messages": [
                    {"role": "system", "content": request.system},
                    {"role": "user", "content": request.text},
                ],
                "response_format": {"type": "json_schema", "json_schema": schema},
                "max_tokens": request.max_tokens,
            }
        )
        try:
            choice = answer["choices"][0]
            message, reason = choice["message"], str(choice["finish_reason"])
            text, refusal = message.get("content") or "", message.get("refusal")
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise AnswerUnusable("The answer has another form than a chat completion.") from error
        finish = "SAFETY" if refusal else _FINISH_REASONS.get(reason, reason)
        return response_text("", finish, [str(text)])

    def _post(self, body: Mapping[str, Any]) -> Any:
        data = json.dumps(body).encode()
        # The URL is a setting of the operator.
        request = urllib.request.Request(self._url, data, self._headers)  # noqa: S310 - a setting
        try:
            with urllib.request.urlopen(  # noqa: S310 - a setting  # nosec B310
                request, timeout=self._timeout_s
            ) as response:
                content = response.read(MAX_RESPONSE_BYTES)
                if response.length and len(content) < MAX_RESPONSE_BYTES:
                    raise http.client.IncompleteRead(content)
        except urllib.error.HTTPError as error:
            with error:
                message = _error_message(error.read(MAX_RESPONSE_BYTES))
            raise to_error(error.code, message, dict(error.headers.items())) from error
        except (OSError, http.client.HTTPException) as error:
            # Errors of connections, and responses that are cut off.
            text = f"The model cannot be reached ({type(error).__name__})."
            raise ModelOverloaded(text) from error
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise AnswerUnusable("The answer is not JSON.") from error


def to_json_schema(schema: Any) -> Any:
    """Returns a schema of Gemini, an OpenAPI 3.0 schema object, as JSON Schema."""
    if isinstance(schema, list):
        return [to_json_schema(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {_KEYWORDS.get(name, name): to_json_schema(value) for name, value in schema.items()}
    if isinstance(schema.get("type"), str):
        result["type"] = schema["type"].lower()
    return result


def _error_message(content: bytes) -> str:
    """Returns the message of an error, which each server words in its own form."""
    try:
        error = json.loads(content)["error"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return content[:200].decode(errors="replace")
    return str(error.get("message") if isinstance(error, Mapping) else error)
