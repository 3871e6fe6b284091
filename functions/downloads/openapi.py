"""The documentation of `downloads` as OpenAPI, made of the routes that answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from shared.http.openapi import document, rendered_once
from shared.http.request import Answer, Call
from shared.http.routing import Route

VERSION = "1"


class Documentation:
    """The OpenAPI document of a table of routes.

    `routes` returns the table. It is called when a request is answered: the table names a handler
    of this object, so it does not exist yet when the object is made.
    """

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        self._routes = routes
        self._rendered = rendered_once(self._render)

    def get_openapi(self, call: Call) -> Answer:
        """OpenAPI 3.1, made out of the routes and the models that answer."""
        cached = {"Cache-Control": "public, max-age=300"}
        return Answer(content=self._rendered(call.settings.public_url), headers=cached)

    def whole(self, server: str) -> dict[str, Any]:
        """The document."""
        summary = "The bytes of results, whole and in ranges."
        return document("Moodreel media", summary, self._routes(), version=VERSION, server=server)

    def _render(self, server: str) -> bytes:
        return json.dumps(self.whole(server), ensure_ascii=False).encode()
