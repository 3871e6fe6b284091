"""The documentation of `downloads` as OpenAPI, made of the routes that answer."""

from __future__ import annotations

import json
from typing import Any

from shared.http.openapi import document, rendered_once
from shared.http.request import Answer, Call
from shared.http.routing import Route

VERSION = "1"


def get_openapi(call: Call) -> Answer:
    """OpenAPI 3.1, made out of the routes and the models that answer."""
    cached = {"Cache-Control": "public, max-age=300"}
    return Answer(content=_rendered(call.settings.public_url), headers=cached)


def whole(server: str) -> dict[str, Any]:
    """The document."""
    summary = "The bytes of results, whole and in ranges."
    return document("Moodreel media", summary, _routes(), version=VERSION, server=server)


@rendered_once
def _rendered(server: str) -> bytes:
    return json.dumps(whole(server), ensure_ascii=False).encode()


def _routes() -> tuple[Route, ...]:
    # The table names this module's handler: it is read when that is called.
    from functions.downloads.routes import ROUTES

    return ROUTES
