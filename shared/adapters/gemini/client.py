"""Requests to Gemini through google-genai, over REST: with Vertex AI or the Developer API."""

from __future__ import annotations

from google import genai
from google.auth import exceptions as auth
from google.genai import errors, types

from shared.adapters.availability import error_details
from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.responses import ErrorClasses, engine_name, to_error
from shared.pipeline import GeminiBackend

_TRANSPORTS = ("httpx", "httpx2", "httpcore", "aiohttp")
"""HTTP libraries of google-genai whose errors are not OSErrors."""


class GenAiClient:
    """A client for one model. It closes its connections when it is garbage collected."""

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
        self.engine = engine_name(access.model, access.endpoint)

    def generate_content(
        self,
        contents: types.ContentListUnion,
        config: types.GenerateContentConfig,
        classes: ErrorClasses,
    ) -> types.GenerateContentResponse:
        """Sends one request. Raises QuotaExhausted or one of `classes`."""
        try:
            return self._client.models.generate_content(
                model=self._model, contents=contents, config=config
            )
        except errors.APIError as error:
            headers = getattr(error.response, "headers", None)
            details = error_details(error.details)
            code, message = int(error.code or 500), str(error.message or "")
            raise to_error(code, message, headers, details, classes) from error
        except auth.GoogleAuthError as error:
            if error.retryable or isinstance(error.__cause__, auth.TransportError):
                text = "Credentials for Vertex AI cannot be fetched now."
                raise classes.overloaded(text) from error
            raise classes.unavailable(
                f"There are no valid credentials for Vertex AI ({type(error).__name__})."
            ) from error
        except Exception as error:
            # The library passes on the errors of its transport, and has changed its transport.
            library = type(error).__module__.partition(".")[0]
            if isinstance(error, OSError) or library in _TRANSPORTS:
                text = f"{classes.name} cannot be reached ({type(error).__name__})."
                raise classes.overloaded(text) from error
            raise classes.unusable(f"The answer is unreadable: {type(error).__name__}.") from error


def response_reasons(response: types.GenerateContentResponse) -> tuple[str, str]:
    """Returns the names of the prompt's block reason and of the first candidate's finish reason,
    each "" if there is none."""
    feedback = response.prompt_feedback
    first = response.candidates[0] if response.candidates else None
    return (
        feedback.block_reason.value if feedback and feedback.block_reason else "",
        first.finish_reason.value if first and first.finish_reason else "",
    )


def response_parts(response: types.GenerateContentResponse) -> list[types.Part]:
    """Returns the parts of the first candidate."""
    first = response.candidates[0] if response.candidates else None
    return (first.content.parts or []) if first and first.content else []
