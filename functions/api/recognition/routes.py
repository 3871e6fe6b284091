"""The routes of speech recognition."""

from __future__ import annotations

from functions.api.recognition import handlers, schemas
from shared.api_keys import Resource
from shared.http.routing import Route

_ROUTES = (
    Route("GET", "/v1/recognition/languages", handlers.list_languages,
          "List the languages that speech recognition knows.", schemas.RecognitionLanguages),
)  # fmt: skip
ROUTES = tuple(route.with_group("Speech recognition", Resource.JOBS) for route in _ROUTES)
