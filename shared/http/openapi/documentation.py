"""The endpoint that serves the OpenAPI document of a function."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, TypeVar

from shared.http.openapi.document import build_document
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route

VERSION = "1"
CACHE_HEADERS = {"Cache-Control": "public, max-age=300"}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StaticContent:
    """A body that is the same for all requests, with its gzip."""

    content: bytes
    gzipped: bytes

    @classmethod
    def compress(cls, content: bytes) -> StaticContent:
        """Compresses a body."""
        return cls(content, gzip.compress(content, mtime=0))

    def to_response(self, headers: Mapping[str, str]) -> ApiResponse:
        """Returns the response with this body."""
        return ApiResponse(content=self.content, gzipped=self.gzipped, headers=headers)


class Documentation:
    """The OpenAPI document of a table of routes.

    Args:
        title: The title of the document.
        summary: The summary of the document.
        routes: Returns the table. It is called only to answer a request, because the table contains
            handlers of this object and is built after it.
    """

    def __init__(self, title: str, summary: str, routes: Callable[[], Iterable[Route]]) -> None:
        self._title = title
        self._summary = summary
        self._routes = routes
        self._render_cached = cache_document(self._render)

    def get_openapi(self, request: ApiRequest) -> ApiResponse:
        """Returns the OpenAPI 3.1 document, generated from the routes and their models."""
        return self._render_cached(request.settings.public_url).to_response(CACHE_HEADERS)

    def build_document(self, server: str) -> dict[str, Any]:
        """Returns the document, with `server` as its server URL."""
        return build_document(
            self._title, self._summary, self._routes(), version=VERSION, server=server
        )

    def _render(self, server: str) -> StaticContent:
        document = json.dumps(self.build_document(server), ensure_ascii=False)
        return StaticContent.compress(document.encode())


def cache_document(render: Callable[[str], _T]) -> Callable[[str], _T]:
    """Caches the last document that `render(server)` returned.

    Requests that arrive during the first rendering wait for it instead of rendering again.
    """
    lock, cached = threading.Lock(), lru_cache(maxsize=1)(render)

    @wraps(render)
    def get(server: str) -> _T:
        with lock:
            return cached(server)

    return get
