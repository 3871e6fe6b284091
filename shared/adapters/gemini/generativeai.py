"""Gemini through google-generativeai, over REST, with the Gemini Developer API.

The library has been out of support since November 2025 (0.8.6 is its last version) and emits a
FutureWarning at import. `gemini/genai.py` is the default.
"""

from __future__ import annotations

import google.generativeai as genai
from google.api_core import exceptions as gx

from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.responses import engine_name, response_text, to_error
from shared.ports.models import ModelOverloaded, ModelRequest


class GenerativeAiModel:
    """DeckModel with the library's configuration, which is global to the process."""

    def __init__(self, access: GeminiAccess) -> None:
        options = {"api_endpoint": access.endpoint} if access.endpoint else None
        genai.configure(api_key=access.api_key, transport="rest", client_options=options)
        self._model = access.model
        self._endpoint = access.endpoint
        self._timeout_s = access.timeout_s

    @property
    def engine(self) -> str:
        return engine_name(self._model, self._endpoint)

    def generate(self, request: ModelRequest) -> str:
        model = genai.GenerativeModel(self._model, system_instruction=request.system)
        try:
            response = model.generate_content(
                request.text,
                generation_config={
                    "response_mime_type": "application/json",
                    "response_schema": dict(request.schema),
                    "max_output_tokens": request.max_tokens,
                },
                # The unit's own backoff waits; the client's would exceed the lease.
                request_options={"timeout": self._timeout_s, "retry": None},
            )
        except (gx.GatewayTimeout, gx.DeadlineExceeded) as error:
            raise ModelOverloaded("The model took too long to answer.") from error
        except gx.GoogleAPICallError as error:
            raise to_error(int(error.code or 500), error.message) from error
        except (gx.RetryError, OSError, ValueError) as error:
            # The errors of requests are OSErrors; a body that is not JSON is a ValueError.
            raise ModelOverloaded(f"The model failed: {type(error).__name__}.") from error
        first = response.candidates[0] if response.candidates else None
        return response_text(
            response.prompt_feedback.block_reason.name,
            first.finish_reason.name if first else "",
            [part.text for part in first.content.parts] if first else [],
        )
