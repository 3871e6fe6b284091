"""The API's own documentation: as OpenAPI, as pages for people, and a page for each problem."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from functions.api.documentation import pages
from shared.cameras.viewers import NoPictures
from shared.errors import MoodreelError, NotFound
from shared.http.openapi import (
    UNEXPECTED,
    build_document,
    cache_document,
    describe_error,
    route_problems,
)
from shared.http.problems import (
    MethodNotAllowed,
    PreconditionFailed,
    RangeNotSatisfiable,
    error_status,
)
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route

VERSION = "1"
DOWNLOAD_PROBLEMS = (NoPictures, PreconditionFailed, RangeNotSatisfiable)
"""What the function `downloads` alone answers, in the words that are explained here."""
_CACHED = {"Cache-Control": "public, max-age=300"}
_STYLE = base64.b64encode(hashlib.sha256(pages.STYLE.encode()).digest()).decode()
_PAGE = {
    **_CACHED,
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{_STYLE}'"
    ),
}


class Documentation:
    """The documentation of a table of routes.

    `routes` returns the table. It is called when a request is answered: the table names handlers
    of this object, so it does not exist yet when the object is made.
    """

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        self._routes = routes
        self._rendered = cache_document(self._render)

    def get_openapi(self, request: ApiRequest) -> ApiResponse:
        """OpenAPI 3.1, made out of the routes and the models that answer."""
        return ApiResponse(content=self._rendered(request.settings.public_url)[0], headers=_CACHED)

    def get_docs(self, request: ApiRequest) -> ApiResponse:
        """The same for people, without a script."""
        return ApiResponse(content=self._rendered(request.settings.public_url)[1], headers=_PAGE)

    def get_problem(self, request: ApiRequest) -> ApiResponse:
        """What a problem's `type` leads to: when it comes, and what can be done. Raises
        NotFound."""
        told = self.list_problems().get(request.path_params["code"])
        if told is None:
            raise NotFound("There is no such problem.")
        status, sentence = told
        page = pages.render_problem(request.path_params["code"], status, sentence)
        return ApiResponse(content=page.encode(), headers=_PAGE)

    def list_problems(self) -> dict[str, tuple[int, str]]:
        """Every code that an answer can carry, with its status and a sentence."""
        found = {
            UNEXPECTED: (500, "Something went wrong here that nobody foresaw; name the request.")
        }
        causes: set[type[MoodreelError]] = {MethodNotAllowed, *DOWNLOAD_PROBLEMS}
        causes |= {one for route in self._routes() for one in route_problems(route)}
        for cause in sorted(causes, key=lambda one: one.__name__):
            found[cause.code] = (int(error_status(cause)), describe_error(cause))
        return found

    def build_document(self, server: str) -> dict[str, Any]:
        """The API's document."""
        told = build_document(
            "Moodreel",
            "A video studio: frames, emotion timelines and narrated films.",
            self._routes(),
            version=VERSION,
            server=server,
        )
        media = {"url": f"{server}/v1/media/openapi.json", "description": "Results as bytes."}
        return {**told, "externalDocs": media}

    def _render(self, server: str) -> tuple[bytes, bytes]:
        told = self.build_document(server)
        return json.dumps(told, ensure_ascii=False).encode(), pages.render_page(told).encode()
