"""The OpenAPI 3.1 document of a table of routes: nothing in it is written by hand that the code
knows, so it cannot say anything else than what is done."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.errors import (
    FirestoreUnavailable,
    IdentityUnavailable,
    InvalidRequest,
    LimitReached,
    MailUnavailable,
    MoodreelError,
    NotFound,
    StorageUnavailable,
    TopicUnavailable,
    Unauthenticated,
)
from shared.http import problems
from shared.http.headers import IDEMPOTENCY_KEY, REQUEST_ID
from shared.http.problems import error_status
from shared.http.routing import PATH_PARAM_PATTERNS, Route
from shared.http.schemas import ResponseModel

DEPENDENCY_ERRORS = (
    IdentityUnavailable, FirestoreUnavailable, MailUnavailable, StorageUnavailable,
    TopicUnavailable,
)  # fmt: skip
"""What may be away whatever is asked."""
UNEXPECTED = "unexpected"
"""The code of what nobody foresaw."""
_REF = "#/components/schemas/{model}"
_TOKEN = "bearer"  # noqa: S105 - a scheme's name


class FieldError(ResponseModel):
    """One field that cannot be used."""

    field: str
    message: str


class Problem(ResponseModel):
    """Why a request was not done, after RFC 9457. `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] | None = None


_T = TypeVar("_T")


def cache_document(render: Callable[[str], _T]) -> Callable[[str], _T]:
    """Keeps the document that `render(server)` returned last. Requests that come before it is made
    wait for one rendering instead of making one each."""
    lock, kept = threading.Lock(), lru_cache(maxsize=1)(render)

    @wraps(render)
    def get(server: str) -> _T:
        with lock:
            return kept(server)

    return get


def route_problems(route: Route) -> tuple[type[MoodreelError], ...]:
    """Every cause for which a route may refuse, beside what nobody foresaw."""
    found: list[type[MoodreelError]] = [InvalidRequest, *DEPENDENCY_ERRORS, *route.errors]
    if route.response_model is not None:
        found.append(problems.NotAcceptable)
    if route.sign_in_required:
        found.append(Unauthenticated)
    if route.path_params:
        found.append(NotFound)
    if route.body is not None:
        found += [problems.MalformedBody, problems.BodyTooLarge, problems.UnsupportedMediaType]
    if route.conditional:
        found.append(problems.ChangedMeanwhile)
    if route.condition_required:
        found.append(problems.ConditionMissing)
    if route.idempotent:
        found += [problems.KeyReused, problems.KeyInUse]
    if route.rate_limited:
        found.append(LimitReached)
    return tuple(dict.fromkeys(found))


def build_document(
    title: str, summary: str, routes: Iterable[Route], *, version: str, server: str
) -> dict[str, Any]:
    """The whole document. `server` is where the paths begin."""
    routes = tuple(routes)
    schemas, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, schemas)
        operation["responses"][str(route.status)] |= _links(route, routes)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "summary": summary,
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in dict.fromkeys(one.group for one in routes)],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                _TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "Firebase ID token"}
            },
        },
    }


def _schemas(
    routes: tuple[Route, ...],
) -> tuple[Mapping[type[BaseModel], dict[str, Any]], dict[str, Any]]:
    """For each model its reference, and what the references lead to."""
    sent = [one.body for one in routes if one.body is not None]
    told: list[type[BaseModel]] = [
        one.response_model for one in routes if one.response_model is not None
    ]
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in dict.fromkeys(sent)
    ]
    told.append(Problem)
    wanted += [(model, "serialization") for model in dict.fromkeys(told)]
    by_model, whole = models_json_schema([*wanted], ref_template=_REF)
    references = {model: by_model[model, mode] for model, mode in wanted}
    return references, whole["$defs"]


def _operation(route: Route, schemas: Mapping[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [route.group],
        "security": [{_TOKEN: []}] if route.sign_in_required else [],
        "parameters": [*_in_path(route), *_in_query(route), *_in_headers(route)],
        "responses": _responses(route, schemas),
    }
    if told := inspect.getdoc(route.handler):
        operation["description"] = " ".join(told.split())
    if route.body is not None:
        content = {"application/json": {"schema": schemas[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{PATH_PARAM_PATTERNS[name]}$"},
        }
        for name in route.path_params
    ]


def _in_query(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": False, "schema": _given(one)}
        for name, one in schema["properties"].items()
    ]


def _given(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema when it is there: null is to leave it out."""
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    kept = {name: one for name, one in schema.items() if name not in ("anyOf", "title")}
    if len(options) == 1:
        kept |= options[0]
    return {name: one for name, one in kept.items() if not (name == "default" and one is None)}


def _in_headers(route: Route) -> list[dict[str, Any]]:
    found = []
    if route.idempotent:
        text = "Makes a repeat safe: the same key and body get the saved answer, for 24 hours."
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        found.append(_header_in(IDEMPOTENCY_KEY, text, schema, required=False))
    if route.conditional:
        text = "The ETag of the state that is to be changed, or `*`."
        required = route.condition_required
        found.append(_header_in("If-Match", text, {"type": "string"}, required=required))
    if route.method == "GET" and route.response_model is not None:
        text = "An ETag that the caller has already."
        found.append(_header_in("If-None-Match", text, {"type": "string"}, required=False))
    if 206 in route.other_statuses:
        for name, text in _PARTS.items():
            found.append(_header_in(name, text, {"type": "string"}, required=False))
    return found


def _header_in(name: str, text: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {
        "name": name, "in": "header", "required": required, "description": text, "schema": schema,
    }  # fmt: skip


def _responses(route: Route, schemas: Mapping[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": _DONE[route.status], "headers": _headers(route)}
    if route.response_model is not None:
        done["content"] = {route.media_type: {"schema": schemas[route.response_model]}}
    elif route.status == 200:
        done["content"] = {route.media_type: {}}
    responses = {str(route.status): done}
    if route.method == "GET" and route.status == 200:
        responses["304"] = {"description": "It is what the caller has.", "headers": _headers(route)}
    for status in sorted(set(route.other_statuses) - {304}):
        responses[str(status)] = _further(status, route)
    by_status: dict[int, list[tuple[str, str]]] = {500: [(UNEXPECTED, "Something went wrong.")]}
    for cause in route_problems(route):
        by_status.setdefault(int(error_status(cause)), []).append(
            (cause.code, describe_error(cause))
        )
    for status, causes in sorted(by_status.items()):
        responses[str(status)] = _refusal(status, causes, schemas[Problem])
    return responses


def _further(status: int, route: Route) -> dict[str, Any]:
    """Another answer that is no error: a part of it, or where it is."""
    headers = {REQUEST_ID: _header("Names this request when you ask about it.")}
    told: dict[str, Any] = {"description": _DONE[status], "headers": headers}
    if status == 302:
        headers["Location"] = _header("Where it is.")
    if status == 206:
        headers["Content-Range"] = _header("Which bytes of how many.")
        told["content"] = {route.media_type: {}}
    return told


def _links(route: Route, routes: tuple[Route, ...]) -> dict[str, Any]:
    """What can be done with what an operation has made."""
    links = {
        one.handler.__name__: {
            "operationId": one.handler.__name__,
            "parameters": {
                f"path.{name}": f"$response.body#{pointer}"
                for name, pointer in route.response_links.items()
                if name in one.path_params
            },
        }
        for one in routes
        if route.response_links.keys() & set(one.path_params)
    }
    return {"links": links} if links else {}


def _refusal(status: int, causes: list[tuple[str, str]], problem: dict[str, Any]) -> dict[str, Any]:
    headers = {REQUEST_ID: _header("Names this request when you ask about it.")}
    if status in (429, 503):
        headers["Retry-After"] = _header("Seconds until it may work.", kind="integer")
    if status == 429:
        headers |= _RATE
    if status == 401:
        headers["WWW-Authenticate"] = _header("How to sign in.")
    codes = sorted({code for code, _ in causes})
    schema = {"allOf": [problem, {"properties": {"code": {"enum": codes}}}]}
    return {
        "description": "\n".join(f"- `{code}`: {text}" for code, text in causes),
        "headers": headers,
        "content": {problems.MEDIA_TYPE: {"schema": schema}, "text/html": {}},
    }


def describe_error(cause: type[MoodreelError]) -> str:
    """What a cause says of itself."""
    return " ".join((cause.__doc__ or cause.code).split("\n\n")[0].split())


def _headers(route: Route) -> dict[str, Any]:
    found = {REQUEST_ID: _header("Names this request when you ask about it.")}
    if route.has_etag and route.status == 200:
        found["ETag"] = _header("Names this state of it.")
    if route.status in (201, 302):
        found["Location"] = _header("Where it is.")
    if route.rate_limited:
        found |= {name: {**one, "required": False} for name, one in _RATE.items()}
    if route.idempotent:
        found["Idempotency-Replayed"] = _header("`true`: a saved answer.", required=False)
    return found


def _header(text: str, *, kind: str = "string", required: bool = True) -> dict[str, Any]:
    return {"description": text, "required": required, "schema": {"type": kind}}


_RATE = {
    "RateLimit-Policy": _header(
        "The limit's name, its quota q and its window w in seconds.", required=False
    ),
    "RateLimit": _header("What remains of it, r, and in how many seconds t there is more.",
                         required=False),
}  # fmt: skip
_PARTS = {
    "Range": "One range of bytes; several, or another unit, are answered with the whole.",
    "If-Range": "An ETag or a date: the range of that version, else the whole.",
    "If-Match": "ETags, or `*`: refused when it is another version.",
    "If-None-Match": "ETags that the caller has already.",
    "If-Modified-Since": "A date, for who has no ETag.",
    "If-Unmodified-Since": "A date: refused when it was changed since.",
}
"""What a route reads that answers in parts: see `shared.http.ranges`."""
_DONE = {
    200: "Here it is.",
    201: "It is made.",
    202: "It is taken on.",
    204: "It is done.",
    206: "Here is the range that was asked for.",
    302: "It is at `Location`.",
}
