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
from shared.http.openapi import UNEXPECTED, document, problems_of, rendered_once, sentence_of
from shared.http.problems import (
    MethodNotAllowed,
    PreconditionFailed,
    RangeNotSatisfiable,
    status_of,
)
from shared.http.request import Answer, Call
from shared.http.routing import Route

VERSION = "1"
OF_MEDIA = (NoPictures, PreconditionFailed, RangeNotSatisfiable)
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
        self._rendered = rendered_once(self._render)

    def get_openapi(self, call: Call) -> Answer:
        """OpenAPI 3.1, made out of the routes and the models that answer."""
        return Answer(content=self._rendered(call.settings.public_url)[0], headers=_CACHED)

    def get_docs(self, call: Call) -> Answer:
        """The same for people, without a script."""
        return Answer(content=self._rendered(call.settings.public_url)[1], headers=_PAGE)

    def get_problem(self, call: Call) -> Answer:
        """What a problem's `type` leads to: when it comes, and what can be done. Raises
        NotFound."""
        told = self.explained().get(call.named["code"])
        if told is None:
            raise NotFound("There is no such problem.")
        status, sentence = told
        page = pages.problem(call.named["code"], status, sentence)
        return Answer(content=page.encode(), headers=_PAGE)

    def explained(self) -> dict[str, tuple[int, str]]:
        """Every code that an answer can carry, with its status and a sentence."""
        found = {
            UNEXPECTED: (500, "Something went wrong here that nobody foresaw; name the request.")
        }
        causes: set[type[MoodreelError]] = {MethodNotAllowed, *OF_MEDIA}
        causes |= {one for route in self._routes() for one in problems_of(route)}
        for cause in sorted(causes, key=lambda one: one.__name__):
            found[cause.code] = (int(status_of(cause)), sentence_of(cause))
        return found

    def whole(self, server: str) -> dict[str, Any]:
        """The API's document."""
        told = document(
            "Moodreel",
            "A video studio: frames, emotion timelines and narrated films.",
            self._routes(),
            version=VERSION,
            server=server,
        )
        media = {"url": f"{server}/v1/media/openapi.json", "description": "Results as bytes."}
        return {**told, "externalDocs": media}

    def _render(self, server: str) -> tuple[bytes, bytes]:
        told = self.whole(server)
        return json.dumps(told, ensure_ascii=False).encode(), pages.page(told).encode()
