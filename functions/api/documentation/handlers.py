"""The documentation of the API: the OpenAPI document, its viewer, an HTML page without scripts, and
a page for each problem."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from functions.api.documentation import pages
from functions.api.documentation.recipe_schemas import split_by_recipe
from functions.api.documentation.viewer import (
    PLAIN_PATH,
    read_viewer,
    require_viewer,
    viewer_headers,
)
from shared.cameras.viewers import NoPictures
from shared.errors import MoodreelError, NotFound
from shared.http.openapi.documentation import (
    CACHE_HEADERS,
    Documentation,
    StaticContent,
    cache_document,
)
from shared.http.openapi.responses import route_problems
from shared.http.problems import (
    UNEXPECTED,
    MethodNotAllowed,
    PreconditionFailed,
    RangeNotSatisfiable,
    error_status,
)
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route

DOWNLOAD_PROBLEMS = (NoPictures, PreconditionFailed, RangeNotSatisfiable)
"""The problems that only the function `downloads` returns. Their pages are served here."""
_STYLE = base64.b64encode(hashlib.sha256(pages.STYLE.encode()).digest()).decode()
_PAGE = {
    **CACHE_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{_STYLE}'"
    ),
}


class ApiDocumentation(Documentation):
    """The OpenAPI document of the API, as JSON, in a viewer and as a page without scripts, and the
    pages of its problems.

    Args:
        routes: The routes, as in `Documentation`.
    """

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        summary = "Video processing: frames, emotion timelines and narrated films."
        super().__init__("Moodreel", summary, routes)
        self._render_page_cached = cache_document(self._render_page)

    def get_docs(self, request: ApiRequest) -> ApiResponse:
        """Returns a page with examples and a form for each operation, which sends its request."""
        viewer = read_viewer(request.settings.viewer_files)
        if viewer is None:
            return ApiResponse.redirect(PLAIN_PATH)
        return viewer.page.to_response(viewer_headers(request.settings))

    def get_docs_script(self, request: ApiRequest) -> ApiResponse:
        """Returns the script of the documentation page.

        Raises NotFound."""
        return require_viewer(request.settings.viewer_files).script.to_response(CACHE_HEADERS)

    def get_docs_style(self, request: ApiRequest) -> ApiResponse:
        """Returns the style sheet of the documentation page.

        Raises NotFound."""
        return require_viewer(request.settings.viewer_files).style.to_response(CACHE_HEADERS)

    def get_plain_docs(self, request: ApiRequest) -> ApiResponse:
        """Returns the OpenAPI document as an HTML page without scripts."""
        return self._render_page_cached(request.settings.public_url).to_response(_PAGE)

    def get_problem(self, request: ApiRequest) -> ApiResponse:
        """Returns the page of a problem's `type`: when it occurs and how to fix it.

        Raises NotFound.
        """
        problem = self.list_problems().get(request.path_params["code"])
        if problem is None:
            raise NotFound("There is no such problem.")
        status, message = problem
        page = pages.render_problem(request.path_params["code"], status, message)
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
        """Returns the OpenAPI document, which refers to that of `downloads`."""
        media = {"url": f"{server}/v1/media/openapi.json", "description": "Downloads of results."}
        document = super().build_document(server)
        split_by_recipe(document)
        return {**document, "externalDocs": media}

    def _render_page(self, server: str) -> StaticContent:
        page = pages.render_page(self.build_document(server))
        return StaticContent.compress(page.encode())
