"""The documentation of `downloads` as OpenAPI, made of the routes that answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from shared.http.openapi import build_document, cache_document
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route

VERSION = "1"


class Documentation:
    """The OpenAPI document of a table of routes.

    `routes` returns the table. It is called when a request is answered: the table names a handler
    of this object, so it does not exist yet when the object is made.
    """

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        self._routes = routes
        self._rendered = cache_document(self._render)

    def get_openapi(self, request: ApiRequest) -> ApiResponse:
        """OpenAPI 3.1, made out of the routes and the models that answer."""
        cached = {"Cache-Control": "public, max-age=300"}
        return ApiResponse(content=self._rendered(request.settings.public_url), headers=cached)

    def build_document(self, server: str) -> dict[str, Any]:
        """The document."""
        summary = "The bytes of results, whole and in ranges."
        return build_document(
            "Moodreel media", summary, self._routes(), version=VERSION, server=server
        )

    def _render(self, server: str) -> bytes:
        return json.dumps(self.build_document(server), ensure_ascii=False).encode()
