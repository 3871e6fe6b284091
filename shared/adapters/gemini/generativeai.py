"""Gemini through google-generativeai, over REST, by the Gemini Developer API.

The library has been out of support since November 2025 (0.8.6 is its last version) and says so
with a FutureWarning at import. `gemini_genai` is the default.
"""

from __future__ import annotations

import google.generativeai as genai
from google.api_core import exceptions as gx

from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.responses import engine_name, response_text, to_error
from shared.errors import ModelOverloaded
from shared.ports.models import ModelRequest


class GenerativeAiModel:
    """SlideModel over the library's one configuration for the whole process."""

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
            answer = model.generate_content(
                request.text,
                generation_config={
                    "response_mime_type": "application/json",
                    "response_schema": dict(request.schema),
                    "max_output_tokens": request.max_tokens,
                },
                # The unit's own backoff waits; the client's would outlast the lease.
                request_options={"timeout": self._timeout_s, "retry": None},
            )
        except (gx.GatewayTimeout, gx.DeadlineExceeded) as late:
            raise ModelOverloaded("The model took too long to answer.") from late
        except gx.GoogleAPICallError as fault:
            raise to_error(int(fault.code or 500), fault.message) from fault
        except (gx.RetryError, OSError, ValueError) as fault:
            # requests' own errors are OSErrors; a body that is no JSON is a ValueError.
            raise ModelOverloaded(f"The model failed: {type(fault).__name__}.") from fault
        first = answer.candidates[0] if answer.candidates else None
        return response_text(
            answer.prompt_feedback.block_reason.name,
            first.finish_reason.name if first else "",
            [part.text for part in first.content.parts] if first else [],
        )
