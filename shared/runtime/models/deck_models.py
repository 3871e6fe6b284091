"""The Gemini models and client libraries that settings may name."""

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
