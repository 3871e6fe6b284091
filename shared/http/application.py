"""One request, from the bytes to the bytes: the order in which it is judged is the point of it."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from shared.errors import MoodreelError, NotFound, PermanentError, Unauthenticated
from shared.flows.documents import job_path
from shared.http import headers, problems
from shared.http.idempotency import handle_once
from shared.http.problems import ConditionMissing, MethodNotAllowed, NotAcceptable
from shared.http.ranges import CONDITION_HEADERS
from shared.http.request import ApiRequest, ApiResponse, read_body, read_query
from shared.http.routing import Route, RouteTable, check_path_params
from shared.jobs.model import Job, Status
from shared.ports.identity import Identity, User
from shared.runtime.interpreter import Services
from shared.runtime.logs import bind
from shared.runtime.settings import Settings
from shared.runtime.tracing import log_fields

HTML = "text/html"


@dataclass(frozen=True)
class AppServices:
    """What stands behind an application, built when the first request comes."""

    settings: Callable[[], Settings]
    services: Callable[[], Services]
    identity: Callable[[], Identity]


class Application:
    """Answers requests by a table of routes.

    404 → OPTIONS → 405 → 406 → who asks (401) → whose job (404) → query → conditions → content
    type, body → handler.
    Nobody learns from an error what is only the owner's to know.
    """

    def __init__(self, name: str, routes: Iterable[Route], services: AppServices) -> None:
        self.name = name
        self.table = RouteTable(routes)
        self._house = services

    def respond(self, request: Request) -> Response:
        """The answer, whatever happens; and one event in the log."""
        request_id = headers.request_id(request)
        started = time.monotonic()
        seen = _Seen()
        settings = self._house.settings()
        trace = log_fields(settings.project, headers.traceparent(request))
        bind(function=self.name, request=request_id, **trace)
        try:
            response = self._answer(request, seen)
        except Exception as fault:
            response = self._problem(request, fault, request_id, settings)
        response.headers[headers.REQUEST_ID] = request_id
        headers.add_security_headers(response, settings)
        headers.add_cors_headers(request, response, settings)
        if seen.options:
            headers.add_preflight_headers(request, response, seen.allowed)
        elif response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = ", ".join(seen.allowed)
        self._house.services().log(
            "request.answered",
            method=request.method[:16],
            # The route and not the path: a path may carry a capability.
            route=seen.route,
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000, 1),
            user=seen.user,
        )
        return response

    def _answer(self, request: Request, seen: _Seen) -> Response:
        methods, named = self.table.match(request.path)
        seen.route = next(iter(methods.values())).path
        seen.allowed = _allowed(methods)
        if request.method == "OPTIONS":
            seen.options = True
            return Response(status=HTTPStatus.NO_CONTENT)
        head = request.method == "HEAD"
        route = methods.get("GET" if head else request.method)
        if route is None:
            raise MethodNotAllowed
        if route.response_model is not None and not _accepted(request, route):
            raise NotAcceptable
        user = self._who(request) if route.sign_in_required else None
        seen.user = "" if user is None else user.uid
        check_path_params(named)
        world = self._house.services()
        # Whose job it is comes before what is asked of it.
        job = _job(world, user, named["job_id"], route) if route.has_job else None
        query = read_query(request, route.query)
        key = headers.idempotency_key(request) if route.idempotent else ""
        tags = headers.if_match(request) if route.conditional else ()
        if route.condition_required and not tags:
            raise ConditionMissing
        body = read_body(request, route.body)
        settings = self._house.settings()
        call = ApiRequest(
            services=world,
            settings=settings,
            path_params=named,
            is_head=head,
            user_or_none=user,
            job_or_none=job,
            query_or_none=query,
            body_or_none=body,
            traceparent=headers.traceparent(request),
            if_match=tags,
            idempotency_key=key,
            seed=secrets.token_hex(16),
            client_address=headers.client_address(request, settings.trusted_proxies),
            conditions={
                name: request.headers[name] for name in CONDITION_HEADERS if name in request.headers
            },
        )
        answer = handle_once(route, call) if key else route.handler(call)
        return _response(request, route, answer)

    def _who(self, request: Request) -> User:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated
        return self._house.identity().verify(token.strip())

    def _problem(
        self, request: Request, fault: Exception, request_id: str, settings: Settings
    ) -> Response:
        if isinstance(fault, HTTPException):
            status = HTTPStatus(fault.code or 500)
            told = problems.build_protocol_problem(
                status, fault.description or "", request_id, settings.public_url
            )
        else:
            status = problems.error_status(type(fault))
            told = problems.build_problem(fault, request_id, settings.public_url)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(fault, PermanentError):
            self._house.services().log(
                "request.failed",
                severity="WARNING" if isinstance(fault, MoodreelError) else "ERROR",
                reason="".join(traceback.format_exception(fault))[-4000:],
            )
        if request.accept_mimetypes.best_match([problems.MEDIA_TYPE, HTML]) == HTML:
            response = Response(problems.render_problem_page(told), status, mimetype=HTML)
        else:
            body = json.dumps(told, ensure_ascii=False)
            response = Response(body, status, mimetype=problems.MEDIA_TYPE)
        response.vary.add("Accept")
        response.headers.update(problems.error_headers(fault, status))
        if isinstance(fault, problems.RangeNotSatisfiable):
            response.headers["Content-Range"] = f"bytes */{fault.size}"
        return response


@dataclass
class _Seen:
    """What became known about a request on the way, for its log and its headers."""

    route: str = ""
    user: str = ""
    options: bool = False
    allowed: tuple[str, ...] = ()


def _job(services: Services, user: User | None, job_id: str, route: Route) -> Job:
    """The job, when it is the user's. Raises NotFound alike for what is not there, what is
    deleted and what is someone else's."""
    (doc,) = services.store.read([job_path(job_id)])
    if doc is None or user is None or doc.data["owner"] != user.uid:
        raise NotFound("There is no such job.")
    if doc.data["status"] == Status.DELETED and not route.allows_deleted:
        raise NotFound("There is no such job.")
    return Job.from_doc(doc)


def _allowed(methods: Mapping[str, Route]) -> tuple[str, ...]:
    more = {"OPTIONS", "HEAD"} if "GET" in methods else {"OPTIONS"}
    return tuple(sorted(methods.keys() | more))


def _response(request: Request, route: Route, answer: ApiResponse) -> Response:
    status = route.status if answer.status is None else answer.status
    if status == HTTPStatus.CREATED and "Location" not in answer.headers:
        # The document promises it of every 201.
        raise TypeError(f"{route.method} {route.path} answers 201 without Location")
    if answer.stream is not None:
        # Its Content-Length stands in the headers: nobody counts what is yet to be read.
        return Response(answer.stream, status, dict(answer.headers), direct_passthrough=True)
    if answer.body is None and answer.content is None:
        return Response(status=status, headers=dict(answer.headers))
    data = answer.content or b""
    if answer.body is not None:
        data = answer.body.model_dump_json().encode()
    response = Response(data, status, headers=dict(answer.headers), mimetype=route.media_type)
    if status == HTTPStatus.OK and route.has_etag:
        tag = hashlib.sha256(data).hexdigest()[:32]
        response.set_etag(tag)
        if route.method == "GET" and request.if_none_match.contains_weak(tag):
            response.status_code = HTTPStatus.NOT_MODIFIED
            response.set_data(b"")
            response.headers.remove("Content-Type")
    return response


def _accepted(request: Request, route: Route) -> bool:
    """Whether the caller takes what the route answers with; who does not say takes all."""
    return not request.accept_mimetypes.provided or bool(
        request.accept_mimetypes.quality(route.media_type)
    )
