"""Gemini as DeckModel, with one of two client libraries that satisfy the same contract, and as
Illustrator."""

from __future__ import annotations

from shared.adapters.gemini.access import GeminiAccess
from shared.errors import ConfigurationError
from shared.pipeline import GeminiBackend
from shared.ports.models import DeckModel, Illustrator
from shared.runtime.models.deck_models import DECK_MODEL_CLIENTS


def create_deck_model(client: str, access: GeminiAccess) -> DeckModel:
    """Returns the model with the library named `client`, and imports only that library: each has
    an environment of its own.

    Raises ConfigurationError for an unknown library, for a backend that the library does not
    support, and for missing values.
    """
    access.check()
    if client == "google-genai":
        from shared.adapters.gemini.genai import GenAiModel

        return GenAiModel(access)
    if client == "google-generativeai":
        if access.backend is not GeminiBackend.DEVELOPER_API:
            raise ConfigurationError(
                "google-generativeai has no Vertex AI: set MOODREEL_GEMINI_BACKEND=developer-api."
            )
        from shared.adapters.gemini.generativeai import GenerativeAiModel

        return GenerativeAiModel(access)
    raise ConfigurationError(
        f"MOODREEL_DECK_MODEL_CLIENT is {client!r}; it can be google-genai or google-generativeai."
    )


def create_illustrator(client: str, access: GeminiAccess) -> Illustrator:
    """Returns the image model. Raises ConfigurationError for missing values, and for another
    library than google-genai: google-generativeai has no image models."""
    access.check()
    if client != DECK_MODEL_CLIENTS[0]:
        raise ConfigurationError(
            f"MOODREEL_ILLUSTRATOR=gemini needs {DECK_MODEL_CLIENTS[0]}, and "
            f"MOODREEL_DECK_MODEL_CLIENT is {client!r}."
        )
    from shared.adapters.gemini.illustrator import GenAiIllustrator

    return GenAiIllustrator(access)
