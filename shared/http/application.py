"""Handles one HTTP request. The order of the checks is part of the contract."""

from __future__ import annotations

import json
import secrets
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from shared.errors import MoodreelError, NotFound, PermanentError
from shared.flows.documents import job_path
from shared.http import headers, problems
from shared.http.authentication import Authenticator, Caller
from shared.http.idempotency import handle_once
from shared.http.limits.request_limits import RequestLimits
from shared.http.problems import ConditionMissing, MethodNotAllowed, NotAcceptable
from shared.http.ranges import CONDITION_HEADERS
from shared.http.request import (
    ApiRequest,
    check_url,
    parse_body,
    read_body,
    read_query,
)
from shared.http.responses import accepts, to_response
from shared.http.routing import Route, RouteTable, check_path_params
from shared.jobs.model import Job, Status
from shared.ports.identity import Identity, User
from shared.runtime.logs import bind
from shared.runtime.services import Services
from shared.runtime.settings import Settings
from shared.runtime.tracing import log_fields

HTML = "text/html"
ANY_FILE = "application/octet-stream"


@dataclass(frozen=True)
class AppServices:
    """The dependencies of an application; each is created with the first request."""

    settings: Callable[[], Settings]
    services: Callable[[], Services]
    identity: Callable[[], Identity]


class Application:
    """Handles requests by a table of routes.

    The order of the checks: length of the URL (414), path (404), OPTIONS, method (405), Accept
    (406), sign-in (401), verified email address (403), rate (429), scope of the API key (403), size
    of the body (413), owner of the job (404), query, conditions, content type, body, handler. So
    errors disclose nothing
    about the jobs of other users, and a request over a limit reads nothing. A request that the
    sign-in refuses is counted first, so over a limit it gets 429 instead of 401, 403 or 503.
    """

    def __init__(self, name: str, routes: Iterable[Route], services: AppServices) -> None:
        self.name = name
        self.table = RouteTable(routes)
        self._services = services
        self._limits = RequestLimits(name)
        self._authenticator = Authenticator()

    def respond(self, request: Request) -> Response:
        """Returns the response, also for errors, and logs one event."""
        request_id = headers.request_id(request)
        started = time.monotonic()
        state = _RequestState()
        settings = self._services.settings()
        trace = log_fields(settings.project, headers.traceparent(request))
        bind(function=self.name, request=request_id, **trace)
        with state.held:
            try:
                response = self._handle(request, state)
            except Exception as error:
                response = self._problem(request, error, request_id, settings)
        response.headers[headers.REQUEST_ID] = request_id
        headers.add_security_headers(response, settings)
        headers.add_cors_headers(request, response, settings)
        if state.is_options:
            headers.add_preflight_headers(request, response, state.allowed)
        elif response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = ", ".join(state.allowed)
        self._services.services().log(
            "request.answered",
            method=request.method[:16],
            # The route instead of the path: a path may contain a capability.
            route=state.route,
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000, 1),
            user=state.user,
            **({"key": state.key} if state.key else {}),
        )
        return response

    def _handle(self, request: Request, state: _RequestState) -> Response:
        check_url(request)
        methods, path_params = self.table.match(request.path)
        state.route = next(iter(methods.values())).path
        state.allowed = _allowed_methods(methods)
        if request.method == "OPTIONS":
            state.is_options = True
            return Response(status=HTTPStatus.NO_CONTENT)
        is_head = request.method == "HEAD"
        route = methods.get("GET" if is_head else request.method)
        if route is None:
            raise MethodNotAllowed
        if route.response_model is not None and not accepts(request, route):
            raise NotAcceptable
        services, settings = self._services.services(), self._services.settings()
        address = headers.client_address(request, settings.trusted_proxies)
        user = None
        if route.sign_in_required:
            caller = self._limits.admit_caller(
                services, settings, address, lambda: self._authenticate(request, address)
            )
            user = caller.user
            state.user, state.key = user.uid, caller.key.prefix if caller.key else ""
            caller.check_scope(route.key_resource, request.method)
        elif not route.limit_exemption:
            held = None if route.body is None else state.held
            self._limits.admit_anonymous(services, settings, address, held)
        check_path_params(path_params)
        content = b""
        if route.body is not None:
            with self._limits.reading_body(state.user or address):
                content = read_body(request)
        # The owner is checked before the rest of the request.
        job = _read_job(services, user, path_params["job_id"], route) if route.has_job else None
        query = read_query(request, route.query)
        idempotency_key = headers.idempotency_key(request) if route.idempotent else ""
        if_match = headers.if_match(request) if route.conditional else ()
        if route.condition_required and not if_match:
            raise ConditionMissing
        body = None if route.body is None else parse_body(request, content, route.body)
        api_request = ApiRequest(
            services=services,
            settings=settings,
            path_params=path_params,
            is_head=is_head,
            user_or_none=user,
            job_or_none=job,
            query_or_none=query,
            body_or_none=body,
            traceparent=headers.traceparent(request),
            if_match=if_match,
            idempotency_key=idempotency_key,
            seed=secrets.token_hex(16),
            client_address=address,
            conditions={
                name: request.headers[name] for name in CONDITION_HEADERS if name in request.headers
            },
            prefers_html=request.accept_mimetypes.best_match([ANY_FILE, HTML]) == HTML,
            limiter=self._limits.limiter,
        )
        api_response = (
            handle_once(route, api_request) if idempotency_key else route.handler(api_request)
        )
        return to_response(request, route, api_response)

    def _authenticate(self, request: Request, address: str) -> Caller:
        services, settings = self._services.services(), self._services.settings()
        return self._authenticator.authenticate(
            request,
            services,
            self._services.identity(),
            lambda: self._limits.admit_lookup(services, settings, address),
        )

    def _problem(
        self, request: Request, error: Exception, request_id: str, settings: Settings
    ) -> Response:
        if isinstance(error, HTTPException):
            status = HTTPStatus(error.code or 500)
            problem = problems.build_protocol_problem(
                status, error.description or "", request_id, settings.public_url
            )
        else:
            status = problems.error_status(type(error))
            problem = problems.build_problem(error, request_id, settings.public_url)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, PermanentError):
            self._services.services().log(
                "request.failed",
                severity="WARNING" if isinstance(error, MoodreelError) else "ERROR",
                reason="".join(traceback.format_exception(error))[-4000:],
            )
        if request.accept_mimetypes.best_match([problems.MEDIA_TYPE, HTML]) == HTML:
            response = Response(problems.render_problem_page(problem), status, mimetype=HTML)
        else:
            body = json.dumps(problem, ensure_ascii=False)
            response = Response(body, status, mimetype=problems.MEDIA_TYPE)
        response.vary.add("Accept")
        response.headers.update(problems.error_headers(error, status))
        if isinstance(error, problems.RangeNotSatisfiable):
            response.headers["Content-Range"] = f"bytes */{error.size}"
        return response


@dataclass
class _RequestState:
    """Facts about a request for its log event and its headers."""

    route: str = ""
    user: str = ""
    key: str = ""
    """The first characters of the API key."""
    is_options: bool = False
    allowed: tuple[str, ...] = ()
    held: ExitStack = field(default_factory=ExitStack)
    """What is released when the request has been handled."""


def _read_job(services: Services, user: User | None, job_id: str, route: Route) -> Job:
    """Returns the job when it belongs to the user.

    Raises NotFound equally for a missing job, a deleted job and another user's job.
    """
    (doc,) = services.store.read([job_path(job_id)])
    if doc is None or user is None or doc.data["owner"] != user.uid:
        raise NotFound("There is no such job.")
    if doc.data["status"] == Status.DELETED and not route.allows_deleted:
        raise NotFound("There is no such job.")
    return Job.from_doc(doc)


def _allowed_methods(methods: Mapping[str, Route]) -> tuple[str, ...]:
    implicit = {"OPTIONS", "HEAD"} if "GET" in methods else {"OPTIONS"}
    return tuple(sorted(methods.keys() | implicit))
