"""The documentation of the API: the OpenAPI document, an HTML page, and a page for each problem."""

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
"""The problems that only the function `downloads` returns. Their pages are served here."""
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

    Args:
        routes: Returns the table. It is called only to answer a request, because the table contains
            handlers of this object and is built after it.
    """

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        self._routes = routes
        self._rendered = cache_document(self._render)

    def get_openapi(self, request: ApiRequest) -> ApiResponse:
        """Returns the OpenAPI 3.1 document, generated from the routes and their models."""
        return ApiResponse(content=self._rendered(request.settings.public_url)[0], headers=_CACHED)

    def get_docs(self, request: ApiRequest) -> ApiResponse:
        """Returns the OpenAPI document as an HTML page without scripts."""
        return ApiResponse(content=self._rendered(request.settings.public_url)[1], headers=_PAGE)

    def get_problem(self, request: ApiRequest) -> ApiResponse:
        """Returns the page of a problem's `type`: when it occurs and how to fix it.

        Raises NotFound.
        """
        problem = self.list_problems().get(request.path_params["code"])
        if problem is None:
            raise NotFound("There is no such problem.")
        status, sentence = problem
        page = pages.render_problem(request.path_params["code"], status, sentence)
        return ApiResponse(content=page.encode(), headers=_PAGE)

    def list_problems(self) -> dict[str, tuple[int, str]]:
        """Returns the HTTP status and the description of every problem code."""
        problems = {
            UNEXPECTED: (500, "An unexpected error occurred; quote the request id to support.")
        }
        causes: set[type[MoodreelError]] = {MethodNotAllowed, *DOWNLOAD_PROBLEMS}
        causes |= {cause for route in self._routes() for cause in route_problems(route)}
        for cause in sorted(causes, key=lambda cause: cause.__name__):
            problems[cause.code] = (int(error_status(cause)), cause.default_message())
        return problems

    def build_document(self, server: str) -> dict[str, Any]:
        """Returns the OpenAPI document, with `server` as its server URL."""
        document = build_document(
            "Moodreel",
            "Video processing: frames, emotion timelines and narrated films.",
            self._routes(),
            version=VERSION,
            server=server,
        )
        media = {"url": f"{server}/v1/media/openapi.json", "description": "Downloads of results."}
        return {**document, "externalDocs": media}

    def _render(self, server: str) -> tuple[bytes, bytes]:
        document = self.build_document(server)
        content = json.dumps(document, ensure_ascii=False).encode()
        return content, pages.render_page(document).encode()
