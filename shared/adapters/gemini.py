"""Gemini, asked through one of two client libraries that are held to the same contract."""

from __future__ import annotations

from shared.errors import ConfigurationError
from shared.ports import SlideModel

TIMEOUT_S = 80.0
"""Three answers fit into what slide_generation may take."""


def slide_model(
    client: str, *, model: str, api_key: str, endpoint: str = "", timeout_s: float = TIMEOUT_S
) -> SlideModel:
    """The service, or the stand-in at `endpoint`. Only the library that is asked for is imported.

    Raises ConfigurationError for a library that there is not.
    """
    if client == "google-generativeai":
        from shared.adapters.gemini_generativeai import GenerativeAi

        return GenerativeAi(model, api_key, endpoint, timeout_s)
    if client == "google-genai":
        from shared.adapters.gemini_genai import GenAi

        return GenAi(model, api_key, endpoint, timeout_s)
    raise ConfigurationError(
        f"MOODREEL_SLIDE_MODEL_CLIENT is {client!r}; it can be google-generativeai or google-genai."
    )
