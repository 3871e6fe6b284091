"""The API's own documentation: as OpenAPI, as pages for people, and a page for each problem."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from functions.api.documentation import html
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
_STYLE = base64.b64encode(hashlib.sha256(html.STYLE.encode()).digest()).decode()
_PAGE = {
    **_CACHED,
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{_STYLE}'"
    ),
}


def get_openapi(call: Call) -> Answer:
    """OpenAPI 3.1, made out of the routes and the models that answer."""
    return Answer(content=_rendered(call.settings.public_url)[0], headers=_CACHED)


def get_docs(call: Call) -> Answer:
    """The same for people, without a script."""
    return Answer(content=_rendered(call.settings.public_url)[1], headers=_PAGE)


def get_problem(call: Call) -> Answer:
    """What a problem's `type` leads to: when it comes, and what can be done. Raises NotFound."""
    told = explained().get(call.named["code"])
    if told is None:
        raise NotFound("There is no such problem.")
    status, sentence = told
    page = html.problem(call.named["code"], status, sentence)
    return Answer(content=page.encode(), headers=_PAGE)


def explained() -> dict[str, tuple[int, str]]:
    """Every code that an answer can carry, with its status and a sentence."""
    found = {UNEXPECTED: (500, "Something went wrong here that nobody foresaw; name the request.")}
    causes: set[type[MoodreelError]] = {MethodNotAllowed, *OF_MEDIA}
    causes |= {one for route in _routes() for one in problems_of(route)}
    for cause in sorted(causes, key=lambda one: one.__name__):
        found[cause.code] = (int(status_of(cause)), sentence_of(cause))
    return found


def whole(server: str) -> dict[str, Any]:
    """The API's document."""
    told = document(
        "Moodreel",
        "A video studio: frames, emotion timelines and narrated films.",
        _routes(),
        version=VERSION,
        server=server,
    )
    media = {"url": f"{server}/v1/media/openapi.json", "description": "Results as bytes."}
    return {**told, "externalDocs": media}


@rendered_once
def _rendered(server: str) -> tuple[bytes, bytes]:
    told = whole(server)
    return json.dumps(told, ensure_ascii=False).encode(), html.page(told).encode()


def _routes() -> tuple[Route, ...]:
    # The table names this module's handlers: it is read when they are called.
    from functions.api.routes import ROUTES

    return ROUTES
