"""Gemini as DeckModel, through google-genai."""

from __future__ import annotations

from google.genai import types

from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.client import GenAiClient, response_parts, response_reasons
from shared.adapters.gemini.responses import TEXT_ERRORS, response_text
from shared.ports.models import ModelRequest


class GenAiModel:
    """DeckModel with one client."""

    def __init__(self, access: GeminiAccess) -> None:
        self._client = GenAiClient(access)

    @property
    def engine(self) -> str:
        return self._client.engine

    def generate(self, request: ModelRequest) -> str:
        config = types.GenerateContentConfig(
            system_instruction=request.system,
            response_mime_type="application/json",
            response_schema=dict(request.schema),
            max_output_tokens=request.max_tokens,
        )
        response = self._client.generate_content(request.text, config, TEXT_ERRORS)
        texts = [part.text for part in response_parts(response) if part.text and not part.thought]
        return response_text(*response_reasons(response), texts)
