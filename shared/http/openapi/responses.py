"""The responses of an operation in an OpenAPI document, and the problems of a route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from shared.errors import (
    EmailNotVerified,
    FirestoreUnavailable,
    InvalidRequest,
    LimitReached,
    MoodreelError,
    NotFound,
    StorageUnavailable,
    TopicUnavailable,
    Unauthenticated,
)
from shared.http import problems
from shared.http.authentication import KeyNotAccepted, ScopeMissing
from shared.http.headers import REQUEST_ID
from shared.http.problems import UNEXPECTED, error_status
from shared.http.routing import Route
from shared.http.schemas import ResponseModel
from shared.ports.identity import IdentityUnavailable
from shared.ports.outbound import MailUnavailable

DEPENDENCY_ERRORS = (
    IdentityUnavailable, FirestoreUnavailable, MailUnavailable, StorageUnavailable,
    TopicUnavailable,
)  # fmt: skip
"""Dependencies that every request may find unavailable."""
_SUCCESS_DESCRIPTIONS = {
    200: "The request succeeded.",
    201: "The resource was created.",
    202: "The request was accepted.",
    204: "The request succeeded; there is no content.",
    206: "The requested range.",
    302: "The content is at `Location`.",
}


_EXAMPLE_REQUEST = "4bf92f3577b34da6a3ce929d0e0e4736"


class FieldError(ResponseModel):
    """An invalid field."""

    field: str
    message: str


class Problem(ResponseModel):
    """The reason why a request failed (RFC 9457). `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] | None = None


def route_problems(route: Route) -> tuple[type[MoodreelError], ...]:
    """Returns the errors that a route may return, except unexpected ones."""
    errors: list[type[MoodreelError]] = [
        InvalidRequest,
        problems.UrlTooLong,
        *DEPENDENCY_ERRORS,
        *route.errors,
    ]
    if not route.limit_exemption:
        errors.append(LimitReached)
    if route.response_model is not None:
        errors.append(problems.NotAcceptable)
    if route.sign_in_required:
        errors += [Unauthenticated, EmailNotVerified]
        errors.append(KeyNotAccepted if route.key_resource is None else ScopeMissing)
    if route.path_params:
        errors.append(NotFound)
    if route.body is not None:
        errors += [problems.MalformedBody, problems.BodyTooLarge, problems.UnsupportedMediaType]
    if route.conditional:
        errors.append(problems.ChangedMeanwhile)
    if route.condition_required:
        errors.append(problems.ConditionMissing)
    if route.idempotent:
        errors += [problems.KeyReused, problems.KeyInUse]
    return tuple(dict.fromkeys(errors))


def describe_responses(
    route: Route, schemas: Mapping[type[BaseModel], dict[str, Any]]
) -> dict[str, Any]:
    """Returns the responses of a route by status. `schemas` are the references of the models."""
    success: dict[str, Any] = {
        "description": _SUCCESS_DESCRIPTIONS[route.status],
        "headers": _response_headers(route),
    }
    if route.response_model is not None:
        success["content"] = {route.media_type: {"schema": schemas[route.response_model]}}
    elif route.status == 200:
        success["content"] = {route.media_type: {}}
    responses = {str(route.status): success}
    if route.method == "GET" and route.status == 200:
        responses["304"] = {
            "description": "The client's cached response is current.",
            "headers": _response_headers(route),
        }
    for status in sorted(set(route.other_statuses) - {304}):
        responses[str(status)] = _other_response(status, route, schemas)
    by_status: dict[int, list[tuple[str, str]]] = {500: [(UNEXPECTED, "Something went wrong.")]}
    for error in route_problems(route):
        by_status.setdefault(int(error_status(error)), []).append(
            (error.code, error.default_message())
        )
    for status, errors in sorted(by_status.items()):
        responses[str(status)] = _error_response(status, errors, schemas[Problem])
    return responses


def describe_problems(routes: Iterable[Route], server: str) -> dict[str, Any]:
    """Returns an example of each problem of the routes, by code."""
    examples = {}
    for error in dict.fromkeys(error for route in routes for error in route_problems(route)):
        example = problems.build_problem(error(), _EXAMPLE_REQUEST, server)
        examples[error.code] = {"summary": error.code, "value": example}
    unexpected = problems.build_problem(Exception(), _EXAMPLE_REQUEST, server)
    return examples | {UNEXPECTED: {"summary": UNEXPECTED, "value": unexpected}}


def _other_response(
    status: int, route: Route, schemas: Mapping[type[BaseModel], dict[str, Any]]
) -> dict[str, Any]:
    """Returns another response that is not an error: a partial one, a redirect, or the same one of
    work that has ended already."""
    headers = {REQUEST_ID: _response_header("Identifies this request for support.")}
    response: dict[str, Any] = {"description": _SUCCESS_DESCRIPTIONS[status], "headers": headers}
    if status == 200 and route.response_model is not None:
        response["content"] = {route.media_type: {"schema": schemas[route.response_model]}}
    if status == 302:
        headers["Location"] = _response_header("The URL of the resource.")
    if status == 206:
        headers["Content-Range"] = _response_header("The range, and the total number of bytes.")
        response["content"] = {route.media_type: {}}
    return response


def _error_response(
    status: int, errors: list[tuple[str, str]], problem: dict[str, Any]
) -> dict[str, Any]:
    headers = {REQUEST_ID: _response_header("Identifies this request for support.")}
    if status in (429, 503):
        headers["Retry-After"] = _response_header(
            "Seconds until a retry may succeed.", kind="integer"
        )
    if status == 429:
        headers |= _RATE_LIMIT_HEADERS
    if status == 401:
        headers["WWW-Authenticate"] = _response_header("The authentication scheme.")
    codes = sorted({code for code, _ in errors})
    # Beside a reference, so that generators of clients make one class of all problems.
    schema = {**problem, "properties": {"code": {"enum": codes}}}
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content = {problems.MEDIA_TYPE: {"schema": schema, "examples": examples}, "text/html": {}}
    return {
        "description": "\n".join(f"- `{code}`: {text}" for code, text in errors),
        "headers": headers,
        "content": content,
    }


def _response_headers(route: Route) -> dict[str, Any]:
    headers = {REQUEST_ID: _response_header("Identifies this request for support.")}
    if route.has_etag and route.status == 200:
        headers["ETag"] = _response_header("Identifies this version of the resource.")
    if route.status in (201, 302):
        headers["Location"] = _response_header("The URL of the resource.")
    if route.policies:
        headers |= {
            name: {**header, "required": False} for name, header in _RATE_LIMIT_HEADERS.items()
        }
    if route.idempotent:
        headers["Idempotency-Replayed"] = _response_header(
            "`true` for a saved response.", required=False
        )
    return headers


def _response_header(text: str, *, kind: str = "string", required: bool = True) -> dict[str, Any]:
    return {"description": text, "required": required, "schema": {"type": kind}}


_RATE_LIMIT_HEADERS = {
    "RateLimit-Policy": _response_header(
        "The limit's name, its quota q and its window w in seconds.", required=False
    ),
    "RateLimit": _response_header("The remaining quota r, and the seconds t until it is renewed.",
                                  required=False),
}  # fmt: skip
