"""Routes as data: the path, the request, the response and the required access."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from shared.api_keys import Resource
from shared.errors import MoodreelError, NotFound
from shared.http.limits.policy import PolicyOf
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import RequestModel

PATH_PARAM_PATTERNS: Mapping[str, str] = {
    "job_id": r"[a-z0-9]{20}",
    "token": r"[0-9a-f]{48}",
    "erasure_token": r"[0-9a-f]{20}(-[0-9a-f]{48})?",
    "share_id": r"[0-9a-f]{64}",
    "key_id": r"[0-9a-f]{64}",
    "name": r"[^/]{1,200}",
    "slide_id": r"[a-z0-9][a-z0-9-]{0,39}",
    "input": r"[a-z]{1,20}[0-9]{0,2}",
    "code": r"[a-z]+(-[a-z]+)*",
    "bucket_id": r"[0-9a-f]{20}",
    "camera_id": r"[a-z0-9]{20}",
    "recording_id": r"[a-z0-9]{20}",
    "webhook_id": r"[a-z0-9]{20}",
    "delivery_id": r"[a-z0-9]{20}",
    "request_id": r"[a-z0-9]{20}",
    "voice": r"[A-Za-z0-9_-]{1,90}",
    "number": r"[1-9][0-9]{0,3}",
}
"""The patterns of path parameters, by name. A path with another value is not found."""
CAPABILITY_PARAMS = frozenset({"token", "erasure_token"})
"""The path parameters that give access without a sign-in: see `shared.capabilities`."""
_PATH_PARAM = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    A route with `{job_id}` in its path is only available to the owner of the job: the application
    reads the job and compares the owner before it reads the body.
    """

    method: str
    path: str
    handler: Callable[[ApiRequest], ApiResponse]
    summary: str
    response_model: type[BaseModel] | None = None
    status: int = 200
    body: type[RequestModel] | None = None
    query: type[BaseModel] | None = None
    sign_in_required: bool = True
    allows_deleted: bool = False
    """Whether the owner of a deleted job may repeat the request, to finish a deletion."""
    errors: tuple[type[MoodreelError], ...] = ()
    media_type: str = "application/json"
    """The media type of the response; for another than JSON the handler serializes the body."""
    idempotent: bool = False
    """Whether it supports an Idempotency-Key."""
    has_capability: bool = False
    """Whether the response contains a capability. It is not saved for an idempotency key; a
    repetition calls the handler again with the same seed, and must get the same response."""
    conditional: bool = False
    """Whether it supports If-Match."""
    condition_required: bool = False
    """Whether it requires If-Match, because it replaces the current state."""
    policies: tuple[PolicyOf, ...] = ()
    """The rate limit policies that its handler counts against, besides the one of all routes."""
    limit_exemption: str = ""
    """Why its requests count against no policy, not even the one of all routes; "" if they do. Only
    for a route that reads nothing: one without sign-in, body and path parameters."""
    response_links: Mapping[str, str] = field(default_factory=dict)
    """The parameters of other paths that the response contains: parameter to JSON pointer."""
    group: str = ""
    """The heading of its documentation."""
    key_resource: Resource | None = None
    """What its requests are about, for the scopes of API keys. None accepts no API key."""
    other_statuses: tuple[int, ...] = ()
    """Further statuses that are not errors, such as 206, 302 and 304."""

    def __post_init__(self) -> None:
        if self.key_resource and not self.sign_in_required:
            raise ValueError(f"{self.method} {self.path} needs no API key")
        reads = self.sign_in_required or self.body is not None or self.path_params or self.policies
        if self.limit_exemption and reads:
            raise ValueError(f"{self.method} {self.path} cannot be exempt from limits")

    @property
    def path_params(self) -> tuple[str, ...]:
        """The names of its path parameters."""
        return tuple(_PATH_PARAM.findall(self.path))

    def with_group(self, name: str, key_resource: Resource | None = None) -> Route:
        """Returns the route under a heading. If it requires a sign-in, API keys with a scope of
        `key_resource` are accepted."""
        resource = self.key_resource or (key_resource if self.sign_in_required else None)
        return replace(self, group=name, key_resource=resource)

    @property
    def has_etag(self) -> bool:
        """Whether the response has an ETag: for GET, and for a route that supports If-Match."""
        return self.method == "GET" or self.conditional

    @property
    def has_job(self) -> bool:
        """Whether its path contains a job."""
        return "job_id" in self.path_params


class RouteTable:
    """Finds routes by path, then by method."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._paths: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for route in self.routes:
            pattern = re.compile(_PATH_PARAM.sub(r"(?P<\1>[^/]+)", route.path))
            self._paths.setdefault(route.path, (pattern, {}))[1][route.method] = route

    def match(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        """Returns the routes of a path by method, and the path parameters. Raises NotFound."""
        for pattern, methods in self._paths.values():
            if match := pattern.fullmatch(path):
                return methods, match.groupdict()
        raise NotFound("There is nothing at this path.")


def check_path_params(path_params: Mapping[str, str]) -> None:
    """Raises NotFound for a value that cannot exist; saves a read of Firestore."""
    for name, value in path_params.items():
        if not re.fullmatch(PATH_PARAM_PATTERNS[name], value):
            raise NotFound
