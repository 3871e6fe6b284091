"""The request that a handler receives, and the response that it returns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from shared.flows.effects import ClockAndIds, Flow
from shared.http.field_errors import to_invalid_fields
from shared.http.limits.limiter import RateLimiter
from shared.http.limits.policy import PolicyOf
from shared.http.problems import (
    BodyTooLarge,
    ChangedMeanwhile,
    InvalidFields,
    MalformedBody,
    UnsupportedMediaType,
    UrlTooLong,
)
from shared.http.schemas import RequestModel
from shared.jobs.model import Job
from shared.ports.identity import User
from shared.runtime.interpreter import Interpreter
from shared.runtime.services import Services
from shared.runtime.settings import Settings

MAX_BODY_BYTES = 1 << 20
MAX_URL_BYTES = 8 << 10
"""Path and query together. functions-framework turns off gunicorn's limit of a request line; those
of headers remain (100, and 8 KB each)."""

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """The response of a handler.

    Attributes:
        status: None for the route's own status.
        stream: Blocks of bytes that are read while they are sent. It is closed when the client
            disconnects. `headers` contain its type and length.
    """

    body: BaseModel | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    """A serialized body in the route's media type."""
    gzipped: bytes | None = None
    """`content` as gzip, for clients that accept it."""
    stream: Iterator[bytes] | None = None

    @classmethod
    def redirect(cls, url: str) -> ApiResponse:
        """Returns a 302 response."""
        return cls(None, 302, {"Location": url})


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request that has passed all checks of the application."""

    services: Services
    settings: Settings
    path_params: Mapping[str, str]
    is_head: bool = False
    """Whether only headers are requested. Such a request does not count as a use."""
    user_or_none: User | None = None
    job_or_none: Job | None = None
    body_or_none: BaseModel | None = None
    query_or_none: BaseModel | None = None
    traceparent: str = ""
    if_match: tuple[str, ...] = ()
    """The ETags of If-Match; `*` matches every version."""
    idempotency_key: str = ""
    seed: str = ""
    """The handler derives the names of new resources from the seed. A repetition with the same
    idempotency key, after a crash, has the same seed."""
    client_address: str = ""
    """The client's address for rate limits: an IPv4 address, or the /64 of an IPv6 address."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """The request headers that `shared.http.ranges` reads."""
    prefers_html: bool = False
    """Whether the client accepts HTML before other types, as browsers do for pages."""
    limiter: RateLimiter = field(default_factory=RateLimiter)
    """The counts of this instance."""

    def check_if_match(self, current: BaseModel) -> None:
        """Raises ChangedMeanwhile unless If-Match is absent, `*` or contains the current ETag."""
        if (
            self.if_match
            and "*" not in self.if_match
            and compute_etag(current.model_dump_json().encode()) not in self.if_match
        ):
            raise ChangedMeanwhile

    def check_rate(self, policy: PolicyOf, key: str) -> None:
        """Counts this request of `key`. Raises LimitReached when the quota is exhausted."""
        self.limiter.check(self.services, policy(self.settings), key)

    @property
    def user(self) -> User:
        """The user. Only for routes that require a sign-in."""
        if self.user_or_none is None:
            raise TypeError("this route does not require a sign-in")
        return self.user_or_none

    @property
    def job(self) -> Job:
        """The job in the path, which belongs to the user."""
        if self.job_or_none is None:
            raise TypeError("this route has no job in its path")
        return self.job_or_none

    def body(self, model: type[M]) -> M:
        """Returns the body as the type that the route declares."""
        if not isinstance(self.body_or_none, model):
            raise TypeError(f"the body of this route is not {model.__name__}")
        return self.body_or_none

    def query(self, model: type[M]) -> M:
        """Returns the query as the type that the route declares."""
        if not isinstance(self.query_or_none, model):
            raise TypeError(f"the query of this route is not {model.__name__}")
        return self.query_or_none

    def run(self, flow: Callable[[ClockAndIds], Flow[T]]) -> T:
        """Runs a flow and returns its result."""
        interpreter = Interpreter(self.services, traceparent=self.traceparent)
        return interpreter.run(flow(self.services.clock_and_ids))


def compute_etag(data: bytes) -> str:
    """Returns the ETag of a serialized response body."""
    return hashlib.sha256(data).hexdigest()[:32]


def check_url(request: Request) -> None:
    """Raises UrlTooLong."""
    if len(request.path.encode()) + len(request.query_string) > MAX_URL_BYTES:
        raise UrlTooLong


def read_body(request: Request) -> bytes:
    """Returns the body. Raises BodyTooLarge."""
    # The limit also applies to a chunked body without a declared length.
    request.max_content_length = MAX_BODY_BYTES
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise BodyTooLarge from error


def parse_body(request: Request, data: bytes, model: type[RequestModel]) -> RequestModel:
    """Returns the parsed body. Raises UnsupportedMediaType, MalformedBody or InvalidFields."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        if any(details["type"] == "json_invalid" for details in error.errors(include_url=False)):
            raise MalformedBody from error
        fields = to_invalid_fields(error).fields
        known = {path for path, _ in fields}
        more = [pair for pair in model.find_more_errors(data) if pair[0] not in known]
        raise InvalidFields(fields + more) from error


def read_query(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    """Returns the parsed query. Raises InvalidFields, also for repeated or unknown parameters."""
    values_by_name = request.args.to_dict(flat=False)
    repeated = [name for name, values in values_by_name.items() if len(values) > 1]
    if repeated:
        raise InvalidFields([(name, f"{name} is given more than once.") for name in repeated])
    parameters = {name: values[0] for name, values in values_by_name.items()}
    if model is None:
        if parameters:
            raise InvalidFields([(name, f"There is no parameter {name!r}.") for name in parameters])
        return None
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        raise to_invalid_fields(error) from error
