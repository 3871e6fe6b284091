"""The OpenAPI document of `downloads`, generated from its routes."""

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

    Args:
        routes: Returns the table. It is called only to answer a request, because the table contains
            a handler of this object and is built after it.
    """

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        self._routes = routes
        self._rendered = cache_document(self._render)

    def get_openapi(self, request: ApiRequest) -> ApiResponse:
        """Returns the OpenAPI 3.1 document, generated from the routes and their models."""
        headers = {"Cache-Control": "public, max-age=300"}
        return ApiResponse(content=self._rendered(request.settings.public_url), headers=headers)

    def build_document(self, server: str) -> dict[str, Any]:
        """Returns the document, with `server` as its server URL."""
        summary = "Downloads of results and clips, whole or in ranges, and camera previews."
        return build_document(
            "Moodreel media", summary, self._routes(), version=VERSION, server=server
        )

    def _render(self, server: str) -> bytes:
        return json.dumps(self.build_document(server), ensure_ascii=False).encode()
