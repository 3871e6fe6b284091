"""Errors as RFC 9457 problem+json, with a stable code and a message for the user."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any

from shared import errors
from shared.errors import InvalidRequest, LimitReached, NotFound, PermanentError, TransientError
from shared.http import authentication
from shared.ports import identity

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
MAX_SENTENCES = 10
"""The detail of a problem has the sentences of at most this many fields; `errors` has all."""
UNEXPECTED = "unexpected"
"""The code of an unexpected error."""


class MalformedBody(InvalidRequest):
    """The body is not JSON in UTF-8."""

    code = "malformed-body"


class UnsupportedMediaType(PermanentError):
    """The body must be sent as application/json in UTF-8."""

    code = "unsupported-media-type"


class MethodNotAllowed(PermanentError):
    """The path does not support this method; the Allow header lists the supported methods."""

    code = "method-not-allowed"


class NotAcceptable(PermanentError):
    """The response is application/json, which the Accept header excludes."""

    code = "not-acceptable"


class BodyTooLarge(PermanentError):
    """The body is too large for this path; send files to the upload URLs of a job."""

    code = "body-too-large"


class UrlTooLong(PermanentError):
    """The path and the query are too long; send larger values in a body."""

    code = "url-too-long"


class ChangedMeanwhile(PermanentError):
    """The state has changed since the version in If-Match; get it again before you change it."""

    code = "changed-meanwhile"


class ConditionMissing(PermanentError):
    """This request replaces the current state; send If-Match with the version that you have."""

    code = "condition-missing"


class KeyReused(PermanentError):
    """This Idempotency-Key was used for another request; use a new one."""

    code = "idempotency-key-reused"


class KeyInUse(TransientError):
    """The first request with this Idempotency-Key is still in progress."""

    code = "idempotency-key-in-use"


class UploadMissing(PermanentError):
    """Nothing was uploaded for this input; upload it to its URL first."""

    code = "upload-missing"


class LinkExpired(PermanentError):
    """This link has expired; sign in to get the file."""

    code = "link-expired"


class LinkRevoked(PermanentError):
    """The owner has revoked this link."""

    code = "link-revoked"


class PreconditionFailed(PermanentError):
    """The current version does not satisfy the conditions of the request."""

    code = "precondition-failed"


class RangeNotSatisfiable(PermanentError):
    """The range is malformed or beyond the end.

    `size` is the number of bytes.
    """

    code = "range-not-satisfiable"

    def __init__(self, size: int = 0) -> None:
        self.size = size
        super().__init__(f"The Range header must request bytes=FIRST-LAST out of {size} bytes.")


class InvalidFields(InvalidRequest):
    """Fields of the request are invalid.

    `fields` are pairs of a path and a message.
    """

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = fields
        sentences = list(dict.fromkeys(sentence for _, sentence in fields))
        hidden = len(sentences) - MAX_SENTENCES
        if hidden > 0:
            sentences[MAX_SENTENCES:] = [f"{hidden} more of the fields cannot be used."]
        super().__init__(" ".join(sentences))


STATUSES: Mapping[type[Exception], HTTPStatus] = {
    MalformedBody: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    identity.WrongCredentials: HTTPStatus.UNAUTHORIZED,
    identity.SessionExpired: HTTPStatus.UNAUTHORIZED,
    errors.EmailNotVerified: HTTPStatus.FORBIDDEN,
    authentication.ScopeMissing: HTTPStatus.FORBIDDEN,
    authentication.KeyNotAccepted: HTTPStatus.FORBIDDEN,
    errors.StorageFull: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    errors.WrongState: HTTPStatus.CONFLICT,
    KeyInUse: HTTPStatus.CONFLICT,
    UploadMissing: HTTPStatus.CONFLICT,
    identity.InvalidCode: HTTPStatus.GONE,
    LinkExpired: HTTPStatus.GONE,
    LinkRevoked: HTTPStatus.GONE,
    errors.SourceExpired: HTTPStatus.GONE,
    ChangedMeanwhile: HTTPStatus.PRECONDITION_FAILED,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UrlTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ConditionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    errors.LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    # Invalid content of a request: the remaining permanent errors.
    PermanentError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TransientError: HTTPStatus.SERVICE_UNAVAILABLE,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each class of errors; other classes have the status of their base class."""


def error_status(error_class: type[BaseException]) -> HTTPStatus:
    """Returns the status of a class of errors."""
    statuses = (STATUSES[base] for base in error_class.__mro__ if base in STATUSES)
    return next(statuses, HTTPStatus.INTERNAL_SERVER_ERROR)


def build_problem(error: Exception, request_id: str, docs_url: str) -> dict[str, Any]:
    """Returns the body for an error.

    Only errors that are meant for users contribute their message. The messages of dependencies and
    of unexpected errors are only logged.
    """
    status = error_status(type(error))
    if isinstance(error, PermanentError | LimitReached | KeyInUse):
        code, detail = error.code, str(error)
    elif isinstance(error, TransientError):
        code, detail = error.code, "This cannot be done right now; try again in a few seconds."
    else:
        code, detail = UNEXPECTED, f"Something went wrong. Please report request {request_id}."
    body = _body(docs_url, code, status, detail, request_id)
    fields = []
    if isinstance(error, InvalidFields):
        fields = error.fields
    elif isinstance(error, errors.InvalidOption):
        fields = option_fields(error)
    if fields:
        body["errors"] = [{"field": path, "message": message} for path, message in fields]
    return body


def build_protocol_problem(
    status: HTTPStatus, detail: str, request_id: str, docs_url: str
) -> dict[str, Any]:
    """Returns the body for an error of the HTTP layer; the code is the name of the status."""
    code = status.name.lower().replace("_", "-")
    return _body(docs_url, code, status, detail, request_id)


def error_headers(error: Exception, status: HTTPStatus) -> dict[str, str]:
    """Returns the headers of an error: how to sign in, and when to retry."""
    if isinstance(error, LimitReached):
        return {"Retry-After": str(error.retry_after_s), **error.headers}
    if isinstance(error, KeyInUse) or status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_AFTER_S)}
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="moodreel"'}
    return {}


def render_problem_page(problem: Mapping[str, Any]) -> str:
    """Returns the problem as an HTML page for browsers, without styles and scripts."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(problem['title'])}</title></head>\n"
        f"<body><h1>{escape(problem['title'])}</h1><p>{escape(problem['detail'])}</p></body></html>\n"
    )


def option_fields(error: errors.InvalidOption | None) -> list[tuple[str, str]]:
    """Returns the problems of options as pairs of a field and a message."""
    return [(f"options.{name}", message) for name, message in error.problems] if error else []


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
