"""The models that write decks and draw pictures, as the settings select them, at a limited rate.

Client libraries are imported by the functions that build the models: each library has its own
environment.
"""

from __future__ import annotations

import importlib

from shared.adapters.gemini import model as gemini
from shared.adapters.gemini.access import PICTURE_TIMEOUT_S, TIMEOUT_S, GeminiAccess
from shared.adapters.openai_compatible import OpenAiCompatibleModel
from shared.errors import ConfigurationError
from shared.ports.models import DeckModel, Illustrator
from shared.ports.system import Clock
from shared.runtime.models.deck_models import GEMINI_ILLUSTRATOR, split_illustrator
from shared.runtime.models.throttle import Throttle
from shared.runtime.models.throttled import ThrottledDeckModel, ThrottledIllustrator
from shared.runtime.settings import Settings


def create_deck_model(settings: Settings, clock: Clock) -> DeckModel:
    """Returns the model that writes decks. Raises ConfigurationError."""
    throttle = Throttle(settings.model_calls_per_minute, settings.max_instances, clock)
    model: DeckModel
    if settings.deck_model_url:
        model = OpenAiCompatibleModel(
            settings.deck_model_url, settings.deck_model, settings.deck_model_key
        )
    else:
        access = _gemini_access(settings, settings.deck_model, TIMEOUT_S)
        model = gemini.create_deck_model(settings.deck_model_client, access)
    return ThrottledDeckModel(model, throttle)


def create_illustrator(settings: Settings, clock: Clock) -> Illustrator | None:
    """Returns the model that draws pictures, or None if there is none. Raises
    ConfigurationError."""
    if not settings.illustrator:
        return None
    if settings.illustrator == GEMINI_ILLUSTRATOR:
        access = _gemini_access(settings, settings.picture_model, PICTURE_TIMEOUT_S)
        model = gemini.create_illustrator(settings.deck_model_client, access)
    else:
        model = _load_illustrator(settings)
    throttle = Throttle(settings.picture_calls_per_minute, settings.max_instances, clock)
    return ThrottledIllustrator(model, throttle)


def _gemini_access(settings: Settings, model: str, timeout_s: float) -> GeminiAccess:
    return GeminiAccess(
        settings.gemini_backend,
        model,
        api_key=settings.gemini_api_key,
        project=settings.vertex_project,
        location=settings.vertex_location,
        endpoint=settings.gemini_endpoint,
        timeout_s=timeout_s,
    )


def _load_illustrator(settings: Settings) -> Illustrator:
    """Returns the operator's illustrator. `infra.tools.package` adds its module to the package."""
    module, factory = split_illustrator(settings.illustrator)
    try:
        model: Illustrator = getattr(importlib.import_module(module), factory)(settings)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"MOODREEL_ILLUSTRATOR names {settings.illustrator!r}, which cannot be loaded."
        ) from error
    return model
