"""`endpoint`: the frame around every HTTPS function.

A handler gets a `Call`, of which identity, ownership, query and body are already checked, and
returns an `Answer`. Everything else is the frame's: problem+json, request ids, CORS, headers, logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import flask
import functions_framework
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from shared.entrypoints import bootstrap
from shared.http import headers
from shared.http.application import Application, AppServices
from shared.http.routing import Route

EntryPoint = Callable[[Request], Response]


def endpoint(name: str, routes: Iterable[Route]) -> EntryPoint:
    """The entry point of an HTTPS function: `main = endpoint("api", ROUTES)`."""
    services = AppServices(bootstrap.settings, bootstrap.services, bootstrap.identity)
    application = Application(name, routes, services)

    def main(request: Request) -> Response:
        given = headers.traceparent(request)
        with bootstrap.tracer().span(f"{request.method[:16]} {name}", given) as span:
            # What follows hangs below this span, as if the caller had sent it.
            request.environ["HTTP_TRACEPARENT"] = span.traceparent
            response = application.respond(request)
            span.set_attributes(function=name, status=response.status_code)
        return response

    if flask.has_app_context():
        # The framework has paths of its own (/robots.txt, /static): these answer as ours do.
        flask.current_app.register_error_handler(
            HTTPException, lambda _: application.respond(flask.request)
        )
    functions_framework.http(main)
    return main
