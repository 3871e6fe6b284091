"""The routes of voices."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.voices import handlers, schemas
from shared.api_keys import Resource
from shared.http.routing import Route

_ROUTES = (
    Route("GET", "/v1/voices", handlers.list_voices,
          "List the voices of films, and the one that speaks a language by default.",
          schemas.VoiceList, query=schemas.VoicesQuery),
    Route("GET", "/v1/voices/{voice}/sample", handlers.get_sample,
          "Get a sentence that the voice speaks.",
          media_type="audio/wav", policies=(rate_limit_policies.voice_samples,)),
)  # fmt: skip
ROUTES = tuple(route.with_group("Voices", Resource.JOBS) for route in _ROUTES)
