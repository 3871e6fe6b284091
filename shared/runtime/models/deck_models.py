"""The Gemini models, client libraries and illustrators that settings may name."""

from __future__ import annotations

from shared.pipeline import GeminiBackend

DECK_MODELS = {
    # Vertex AI lists versions only; the Developer API has an alias for the latest one.
    # https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions
    GeminiBackend.VERTEX_AI: "gemini-3.5-flash",
    GeminiBackend.DEVELOPER_API: "gemini-flash-latest",
}
"""The default model of each backend."""
DECK_MODEL_CLIENTS = ("google-genai", "google-generativeai")
"""The client libraries for Gemini, the default first. The second one needs the lock file
`functions/slide_generation/requirements-google-generativeai.txt`."""
PICTURE_MODEL = "gemini-3.1-flash-image"
"""The default image model of both backends. Released in May 2026, with no date of retirement before
May 2027: https://ai.google.dev/gemini-api/docs/deprecations"""
GEMINI_ILLUSTRATOR = "gemini"
"""The illustrator that is part of the project."""


def split_illustrator(text: str) -> tuple[str, str]:
    """Returns the module and the factory of an illustrator of the operator, `module:factory`.

    Raises ValueError with the expected form.
    """
    module, _, factory = text.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), factory)):
        raise ValueError("gemini or module:factory")
    return module, factory


def illustrator_name(text: str) -> str:
    """Parses the setting of the illustrator. Raises ValueError with the expected form."""
    if text != GEMINI_ILLUSTRATOR:
        split_illustrator(text)
    return text
