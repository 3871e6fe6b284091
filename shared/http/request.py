"""A request as a handler sees it, and what a handler answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from shared.flows.effects import ClockAndIds, Flow
from shared.http.problems import (
    BodyTooLarge,
    ChangedMeanwhile,
    InvalidFields,
    MalformedBody,
    UnsupportedMediaType,
    to_invalid_fields,
)
from shared.jobs.model import Job
from shared.ports.identity import User
from shared.runtime.interpreter import Interpreter, Services
from shared.runtime.settings import Settings

MAX_BODY_BYTES = 1 << 20

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What goes back. `status` None: the route's own.

    `stream` are bytes in blocks, read while they are sent and closed when the other side hangs up;
    their type and number stand in `headers`."""

    body: BaseModel | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    """A body that is written already, in the route's media type."""
    stream: Iterator[bytes] | None = None

    @classmethod
    def redirect(cls, url: str) -> ApiResponse:
        """302: the bytes are elsewhere."""
        return cls(None, 302, {"Location": url})


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request that passed the frame: who asks, for what, with which words."""

    services: Services
    settings: Settings
    path_params: Mapping[str, str]
    is_head: bool = False
    """Whether only the headers are wanted: then nothing is counted as used."""
    user_or_none: User | None = None
    job_or_none: Job | None = None
    body_or_none: BaseModel | None = None
    query_or_none: BaseModel | None = None
    traceparent: str = ""
    if_match: tuple[str, ...] = ()
    """The tags of If-Match; `*` among them stands for whatever is there."""
    idempotency_key: str = ""
    seed: str = ""
    """From which the handler derives the names of what it makes: a repeat with the same key, after
    a crash, has the same one."""
    client_address: str = ""
    """Where the request came from, for limits: an IPv4 address or the /64 of an IPv6 one."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """The headers of `shared.http.ranges` that came along."""

    def check_if_match(self, current: BaseModel) -> None:
        """Raises ChangedMeanwhile unless If-Match is absent, `*` or names this state."""
        if (
            self.if_match
            and "*" not in self.if_match
            and compute_etag(current) not in self.if_match
        ):
            raise ChangedMeanwhile

    @property
    def user(self) -> User:
        """Who asks. Only on routes that ask for a sign-in."""
        if self.user_or_none is None:
            raise TypeError("this route asks for no sign-in")
        return self.user_or_none

    @property
    def job(self) -> Job:
        """The caller's own job that the path names."""
        if self.job_or_none is None:
            raise TypeError("this route's path names no job")
        return self.job_or_none

    def body(self, model: type[M]) -> M:
        """The body, as the route declares it."""
        if not isinstance(self.body_or_none, model):
            raise TypeError(f"this route's body is no {model.__name__}")
        return self.body_or_none

    def query(self, model: type[M]) -> M:
        """The query, as the route declares it."""
        if not isinstance(self.query_or_none, model):
            raise TypeError(f"this route's query is no {model.__name__}")
        return self.query_or_none

    def run(self, flow: Callable[[ClockAndIds], Flow[T]]) -> T:
        """Run one of the domain's flows now."""
        interpreter = Interpreter(self.services, traceparent=self.traceparent)
        return interpreter.run(flow(self.services.clock_and_ids))


def compute_etag(body: BaseModel) -> str:
    """The ETag of a body as we send it."""
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:32]


def read_body(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    """The typed body. Raises UnsupportedMediaType, MalformedBody or InvalidFields."""
    if model is None:
        return None
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType
    # The limit also ends a body that comes in chunks and does not say how long it is.
    request.max_content_length = MAX_BODY_BYTES
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge as long:
        raise BodyTooLarge from long
    try:
        return model.model_validate_json(data)
    except ValidationError as invalid:
        if any(one["type"] == "json_invalid" for one in invalid.errors(include_url=False)):
            raise MalformedBody from invalid
        raise to_invalid_fields(invalid) from invalid


def read_query(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    """The typed query. Raises InvalidFields, also for what is given twice or not known."""
    given = request.args.to_dict(flat=False)
    twice = [name for name, values in given.items() if len(values) > 1]
    if twice:
        raise InvalidFields([(name, f"{name} is given more than once.") for name in twice])
    asked = {name: values[0] for name, values in given.items()}
    if model is None:
        if asked:
            raise InvalidFields([(name, f"There is no parameter {name!r}.") for name in asked])
        return None
    try:
        return model.model_validate(asked)
    except ValidationError as invalid:
        raise to_invalid_fields(invalid) from invalid
