"""How an error is told: RFC 9457 problem+json, with a stable code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from shared import errors
from shared.errors import InvalidRequest, LimitReached, NotFound, PermanentError, TransientError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class MalformedBody(InvalidRequest):
    """The body is not JSON in UTF-8."""

    code = "malformed-body"


class UnsupportedMediaType(PermanentError):
    """The body must be sent as application/json in UTF-8."""

    code = "unsupported-media-type"


class MethodNotAllowed(PermanentError):
    """This path does not take that method; the Allow header names those that it takes."""

    code = "method-not-allowed"


class NotAcceptable(PermanentError):
    """This is answered as application/json, which the Accept header rules out."""

    code = "not-acceptable"


class BodyTooLarge(PermanentError):
    """The body is longer than this path takes; big files go to the URLs that a job names."""

    code = "body-too-large"


class ChangedMeanwhile(PermanentError):
    """It is not what If-Match says any more; get it again and look before you change it."""

    code = "changed-meanwhile"


class ConditionMissing(PermanentError):
    """This replaces all that is there: say with If-Match which state you have seen."""

    code = "condition-missing"


class KeyReused(PermanentError):
    """This Idempotency-Key came with another request before; use a fresh one."""

    code = "idempotency-key-reused"


class KeyInUse(TransientError):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "idempotency-key-in-use"


class UploadMissing(PermanentError):
    """Nothing has arrived for this input; send it to its URL first."""

    code = "upload-missing"


class UploadDiffers(PermanentError):
    """What has arrived is not what was meant."""

    code = "upload-differs"


class LinkExpired(PermanentError):
    """This link's time is over; sign in to get what it led to."""

    code = "link-expired"


class LinkRevoked(PermanentError):
    """This link was withdrawn by its owner."""

    code = "link-revoked"


class PreconditionFailed(PermanentError):
    """What is there is not the version that the request is meant for."""

    code = "precondition-failed"


class RangeNotSatisfiable(PermanentError):
    """The range cannot be read, or lies behind the end; `size` is how many bytes there are."""

    code = "range-not-satisfiable"

    def __init__(self, size: int = 0) -> None:
        self.size = size
        super().__init__(f"The Range header must ask for bytes=FIRST-LAST out of {size} bytes.")


class InvalidFields(InvalidRequest):
    """Some fields of the request cannot be used; `fields` are pairs of a path and a sentence."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = fields
        named = ", ".join(dict.fromkeys(path for path, _ in fields))
        super().__init__(
            fields[0][1] if len(fields) == 1 else f"These fields cannot be used: {named}."
        )


STATUSES: Mapping[type[Exception], HTTPStatus] = {
    MalformedBody: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.WrongCredentials: HTTPStatus.UNAUTHORIZED,
    errors.SessionExpired: HTTPStatus.UNAUTHORIZED,
    errors.StorageFull: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.WrongState: HTTPStatus.CONFLICT,
    KeyInUse: HTTPStatus.CONFLICT,
    UploadMissing: HTTPStatus.CONFLICT,
    LinkExpired: HTTPStatus.GONE,
    LinkRevoked: HTTPStatus.GONE,
    errors.SourceExpired: HTTPStatus.GONE,
    ChangedMeanwhile: HTTPStatus.PRECONDITION_FAILED,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ConditionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    errors.LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    # What the request says and what it asks for: the remaining refusals.
    PermanentError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TransientError: HTTPStatus.SERVICE_UNAVAILABLE,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The one table from causes to statuses; a class that is not named takes its parent's."""


def error_status(cause: type[BaseException]) -> HTTPStatus:
    """The status of a class of errors."""
    known = (STATUSES[one] for one in cause.__mro__ if one in STATUSES)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def build_problem(error: Exception, request_id: str, docs_url: str) -> dict[str, Any]:
    """The body for an error. Only what we say to a person speaks for itself: what a neighbour or
    our own code said stays in the log."""
    status = error_status(type(error))
    if isinstance(error, PermanentError | LimitReached | KeyInUse):
        code, detail = error.code, str(error)
    elif isinstance(error, TransientError):
        code, detail = error.code, "This cannot be done right now; try again in a few seconds."
    else:
        code, detail = "unexpected", f"Something went wrong here. Name request {request_id}."
    told = _body(docs_url, code, status, detail, request_id)
    if isinstance(error, InvalidFields):
        told["errors"] = [{"field": path, "message": why} for path, why in error.fields]
    return told


def build_protocol_problem(
    status: HTTPStatus, detail: str, request_id: str, docs_url: str
) -> dict[str, Any]:
    """The body for what the HTTP layer below us refuses: the code is the status' own name."""
    code = status.name.lower().replace("_", "-")
    return _body(docs_url, code, status, detail, request_id)


def error_headers(error: Exception, status: HTTPStatus) -> dict[str, str]:
    """The headers that go with an error: how to sign in, and when to come again."""
    if isinstance(error, LimitReached):
        return {"Retry-After": str(error.retry_after_s), **error.headers}
    if isinstance(error, KeyInUse) or status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_AFTER_S)}
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="moodreel"'}
    return {}


def render_problem_page(problem: Mapping[str, Any]) -> str:
    """The same for a person whose browser followed a link: it needs no style and no script."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(problem['title'])}</title></head>\n"
        f"<body><h1>{escape(problem['title'])}</h1><p>{escape(problem['detail'])}</p></body></html>\n"
    )


def to_invalid_fields(error: ValidationError) -> InvalidFields:
    """A validation's errors as field paths and sentences; what was sent is not repeated."""
    fields = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(step) for step in one["loc"]) or "body"
        fields.append((path, f"{path}: {one['msg'].removeprefix('Value error, ')}."))
    return InvalidFields(fields)


def _body(
    docs_url: str, code: str, status: HTTPStatus, detail: str, request_id: str
) -> dict[str, Any]:
    return {
        "type": f"{docs_url}/problems/{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": int(status),
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
