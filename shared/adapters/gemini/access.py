"""How a Gemini client reaches the service."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.errors import ConfigurationError
from shared.pipeline import GeminiBackend

TIMEOUT_S = 80.0
"""Limit for one request. Three of them fit into the timeout of slide_generation."""
PICTURE_TIMEOUT_S = 60.0
"""Limit for one picture, which usually takes 10 to 20 s."""


@dataclass(frozen=True, slots=True)
class GeminiAccess:
    """The model, the API that serves it, and the authorization of requests.

    Vertex AI takes `project` and `location` and uses Application Default Credentials: in the
    cloud the function's service account. The Developer API takes `api_key`. `endpoint` is the
    base URL of the local emulator, or "" for Google's.
    """

    backend: GeminiBackend
    model: str
    api_key: str = field(default="", repr=False)
    project: str = ""
    location: str = ""
    endpoint: str = ""
    timeout_s: float = TIMEOUT_S

    def check(self) -> None:
        """Raises ConfigurationError when the backend lacks a value that it needs."""
        if self.backend is GeminiBackend.DEVELOPER_API and not self.api_key:
            raise ConfigurationError(
                "GEMINI_API_KEY is missing: MOODREEL_GEMINI_BACKEND=developer-api needs it."
            )
        if self.backend is GeminiBackend.VERTEX_AI and not (self.project and self.location):
            raise ConfigurationError(
                "MOODREEL_VERTEX_PROJECT and MOODREEL_VERTEX_LOCATION must be set for Vertex AI."
            )
