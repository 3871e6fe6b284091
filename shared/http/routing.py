"""Routes as data: what is served, what it takes, what it answers, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from shared.errors import MoodreelError, NotFound
from shared.http.request import ApiRequest, ApiResponse

PATH_PARAM_PATTERNS: Mapping[str, str] = {
    "job_id": r"[a-z0-9]{20}",
    "token": r"[0-9a-f]{48}",
    "name": r"[^/]{1,200}",
    "slide_id": r"[a-z0-9][a-z0-9-]{0,39}",
    "input": r"[a-z]{1,20}[0-9]{0,2}",
    "code": r"[a-z]+(-[a-z]+)*",
    "camera_id": r"[a-z0-9]{20}",
    "recording_id": r"[a-z0-9]{20}",
    "webhook_id": r"[a-z0-9]{20}",
    "delivery_id": r"[a-z0-9]{20}",
    "request_id": r"[a-z0-9]{20}",
    "number": r"[1-9][0-9]{0,3}",
}
"""What may stand in a path, by name. Whoever names something else asks for what is not there."""
_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. Whatever has `{job_id}` in its path is served to the job's owner alone:
    the frame reads the job and compares before the body is looked at."""

    method: str
    path: str
    handler: Callable[[ApiRequest], ApiResponse]
    summary: str
    response_model: type[BaseModel] | None = None
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    sign_in_required: bool = True
    allows_deleted: bool = False
    """Whether the owner of a deleted job may ask again, so that a deletion can be finished."""
    errors: tuple[type[MoodreelError], ...] = ()
    media_type: str = "application/json"
    """Of its answer: another one stands for a body that the handler writes itself."""
    idempotent: bool = False
    """Whether it takes an Idempotency-Key: what it makes is made once."""
    conditional: bool = False
    """Whether it takes If-Match."""
    condition_required: bool = False
    """Whether it asks for If-Match, since it replaces all that is there."""
    rate_limited: bool = False
    """Whether it counts against a limit of the caller's."""
    response_links: Mapping[str, str] = field(default_factory=dict)
    """Where its answer names what it has made: a path's parameter to a JSON pointer."""
    group: str = ""
    """The heading under which its documentation stands."""
    other_statuses: tuple[int, ...] = ()
    """Further statuses that are no errors, such as 206, 302 and 304."""

    @property
    def path_params(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(_PLACE.findall(self.path))

    def with_group(self, name: str) -> Route:
        """The same under a heading."""
        return replace(self, group=name)

    @property
    def has_etag(self) -> bool:
        """Whether its answer carries an ETag: what is got, and what If-Match leads to."""
        return self.method == "GET" or self.conditional

    @property
    def has_job(self) -> bool:
        """Whether its path names a job."""
        return "job_id" in self.path_params


class RouteTable:
    """Finds routes by path, then by method."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._paths: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for route in self.routes:
            shape = re.compile(_PLACE.sub(r"(?P<\1>[^/]+)", route.path))
            self._paths.setdefault(route.path, (shape, {}))[1][route.method] = route

    def match(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        """The routes at a path by method, and what the path names. Raises NotFound."""
        for shape, methods in self._paths.values():
            if found := shape.fullmatch(path):
                return methods, found.groupdict()
        raise NotFound("There is nothing at this path.")


def check_path_params(path_params: Mapping[str, str]) -> None:
    """Raises NotFound for a name that none of ours can be; it never reaches the ledger."""
    for name, value in path_params.items():
        if not re.fullmatch(PATH_PARAM_PATTERNS[name], value):
            raise NotFound
