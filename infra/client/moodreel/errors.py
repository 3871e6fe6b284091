"""The errors of the client. Each has a message for users, and those of the API a stable code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from moodreel.models import JobView, RecordingView

_MEMBERS = ("type", "title", "status", "detail", "code", "request_id", "errors")


class MoodreelError(Exception):
    """The base class of all errors of this package."""


class ConnectionFailed(MoodreelError):
    """The server does not respond."""


class TransferFailed(MoodreelError):
    """A file could not be uploaded or downloaded."""


class WaitTimeout(MoodreelError):
    """The job has not ended in the time given."""


class SignatureError(MoodreelError):
    """The call of a webhook is not from Moodreel, or not recent."""


class JobFailed(MoodreelError):
    """The job failed or was cancelled. `job` is what the API returned."""

    def __init__(self, job: JobView) -> None:
        self.job = job
        self.code = job.error.code if job.error else str(job.status)
        super().__init__(job.error.message if job.error else f"The job was {job.status}.")


class RecordingFailed(MoodreelError):
    """The recording ended without a clip. `recording` is what the API returned."""

    def __init__(self, recording: RecordingView) -> None:
        self.recording = recording
        error = recording.error
        super().__init__(error.message if error else "The recording has no clip.")


@dataclass(frozen=True)
class FieldError:
    """An invalid field of a request, such as `options.every`, and what is wrong with it."""

    field: str
    message: str


class ApiError(MoodreelError):
    """The API refused a request (RFC 9457).

    `code` is stable, `detail` is for people, `errors` has all invalid fields. `params` are the
    other members of the problem document; `retry_after_s` is the value of `Retry-After`.
    """

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.code = str(problem.get("code") or "unexpected")
        self.detail = str(problem.get("detail") or f"The API responded with {status}.")
        self.request_id = str(problem.get("request_id") or "")
        self.errors = tuple(
            FieldError(str(error.get("field")), str(error.get("message")))
            for error in problem.get("errors") or ()
        )
        self.params = {key: value for key, value in problem.items() if key not in _MEMBERS}
        self.retry_after_s = retry_after_s
        super().__init__(self.detail)


class NotSignedIn(ApiError):
    """401: the API key, token or password is not valid, or has expired."""


class Forbidden(ApiError):
    """403: the key lacks a scope, the address is not confirmed, or the storage is full."""


class NotFound(ApiError):
    """404: there is no such object of yours."""


class Conflict(ApiError):
    """409: the state of the object does not allow the request."""


class Gone(ApiError):
    """410: the object has expired."""


class ChangedMeanwhile(ApiError):
    """412 or 428: the object has another version than the one that was sent."""


class InvalidRequest(ApiError):
    """Another 4xx: the request is invalid; `errors` has the fields."""


class RateLimited(ApiError):
    """429: a limit is reached; try again after `retry_after_s`."""


class ServerFailed(ApiError):
    """5xx: the server cannot answer now."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: ChangedMeanwhile,
    428: ChangedMeanwhile,
    429: RateLimited,
}


def api_error(response: httpx.Response) -> ApiError:
    """Returns the error of a response with a status of 400 or more."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    problem = body if isinstance(body, dict) else {}
    default = InvalidRequest if response.status_code < 500 else ServerFailed
    error_class = _BY_STATUS.get(response.status_code, default)
    return error_class(response.status_code, problem, retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Returns the seconds of a `Retry-After` header; None without one, or for a date."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None
