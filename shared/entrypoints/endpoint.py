"""`endpoint`: the entry point of HTTPS functions.

A handler gets an `ApiRequest`, whose identity, ownership, query and body are already checked, and
returns an `ApiResponse`. The application adds problem+json, request ids, CORS, headers and logs.
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
    """Returns the entry point of an HTTPS function: `main = endpoint("api", ROUTES)`."""
    services = AppServices(bootstrap.settings, bootstrap.services, bootstrap.identity)
    application = Application(name, routes, services)

    def main(request: Request) -> Response:
        parent = headers.traceparent(request)
        with bootstrap.tracer().span(f"{request.method[:16]} {name}", parent) as span:
            # Child spans and published messages continue this trace.
            request.environ["HTTP_TRACEPARENT"] = span.traceparent
            response = application.respond(request)
            span.set_attributes(function=name, status=response.status_code)
        return response

    if flask.has_app_context():
        # The framework has its own paths (/robots.txt, /static): their errors are handled here too.
        flask.current_app.register_error_handler(
            HTTPException, lambda _: application.respond(flask.request)
        )
    functions_framework.http(main)
    return main
