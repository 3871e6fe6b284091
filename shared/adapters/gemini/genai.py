"""Gemini through google-genai, over REST: with Vertex AI or the Gemini Developer API."""

from __future__ import annotations

from google import genai
from google.auth import exceptions as auth
from google.genai import errors, types

from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.responses import engine_name, response_text, to_error
from shared.pipeline import GeminiBackend
from shared.ports.models import ModelOverloaded, ModelRequest, ModelUnavailable


class GenAiModel:
    """DeckModel with one client; a client closes its connections when it is garbage collected."""

    def __init__(self, access: GeminiAccess) -> None:
        vertex = access.backend is GeminiBackend.VERTEX_AI
        options = types.HttpOptions(
            base_url=access.endpoint or None,
            # These versions support response schemas.
            api_version="v1beta1" if vertex else "v1beta",
            timeout=round(access.timeout_s * 1000),
            # The unit's own backoff waits; the client's would exceed the lease.
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
            response = self._client.models.generate_content(
                model=self._model, contents=request.text, config=config
            )
        except errors.APIError as error:
            raise to_error(int(error.code or 500), str(error.message or "")) from error
        except auth.GoogleAuthError as error:
            if error.retryable or isinstance(error.__cause__, auth.TransportError):
                raise ModelOverloaded("Credentials for Vertex AI cannot be fetched now.") from error
            raise ModelUnavailable(
                f"There are no valid credentials for Vertex AI ({type(error).__name__})."
            ) from error
        except Exception as error:
            # The library passes on the errors of its transport, and has changed its transport.
            raise ModelOverloaded(f"The model failed: {type(error).__name__}.") from error
        feedback = response.prompt_feedback
        first = response.candidates[0] if response.candidates else None
        parts = (first.content.parts or []) if first and first.content else []
        return response_text(
            feedback.block_reason.value if feedback and feedback.block_reason else "",
            first.finish_reason.value if first and first.finish_reason else "",
            [part.text for part in parts if part.text and not part.thought],
        )
