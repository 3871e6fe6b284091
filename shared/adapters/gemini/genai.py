"""Gemini through google-genai, over REST: by Vertex AI or by the Gemini Developer API."""

from __future__ import annotations

from google import genai
from google.auth import exceptions as auth
from google.genai import errors, types

from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.responses import engine_name, response_text, to_error
from shared.errors import ModelOverloaded, ModelUnavailable
from shared.pipeline import GeminiBackend
from shared.ports.models import ModelRequest


class GenAiModel:
    """SlideModel over a client that is kept: one that nobody holds closes its connections."""

    def __init__(self, access: GeminiAccess) -> None:
        vertex = access.backend is GeminiBackend.VERTEX_AI
        options = types.HttpOptions(
            base_url=access.endpoint or None,
            # These versions support response schemas.
            api_version="v1beta1" if vertex else "v1beta",
            timeout=round(access.timeout_s * 1000),
            # The unit's own backoff waits; the client's would outlast the lease.
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        # Without explicit credentials the client loads Application Default Credentials at the
        # first request. A project and a location keep it from using a key in the environment.
        self._client = (
            genai.Client(
                vertexai=True,
                project=access.project,
                location=access.location,
                http_options=options,
            )
            if vertex
            else genai.Client(api_key=access.api_key, vertexai=False, http_options=options)
        )
        self._model = access.model
        self._endpoint = access.endpoint

    @property
    def engine(self) -> str:
        return engine_name(self._model, self._endpoint)

    def generate(self, request: ModelRequest) -> str:
        config = types.GenerateContentConfig(
            system_instruction=request.system,
            response_mime_type="application/json",
            response_schema=dict(request.schema),
            max_output_tokens=request.max_tokens,
        )
        try:
            answer = self._client.models.generate_content(
                model=self._model, contents=request.text, config=config
            )
        except errors.APIError as fault:
            raise to_error(int(fault.code or 500), str(fault.message or "")) from fault
        except auth.GoogleAuthError as fault:
            if fault.retryable or isinstance(fault.__cause__, auth.TransportError):
                raise ModelOverloaded("Credentials for Vertex AI cannot be fetched now.") from fault
            raise ModelUnavailable(
                f"There are no valid credentials for Vertex AI ({type(fault).__name__})."
            ) from fault
        except Exception as fault:
            # The library lets through what its transport raises, and has changed its transport.
            raise ModelOverloaded(f"The model failed: {type(fault).__name__}.") from fault
        feedback = answer.prompt_feedback
        first = answer.candidates[0] if answer.candidates else None
        parts = (first.content.parts or []) if first and first.content else []
        return response_text(
            feedback.block_reason.value if feedback and feedback.block_reason else "",
            first.finish_reason.value if first and first.finish_reason else "",
            [part.text for part in parts if part.text and not part.thought],
        )
