"""The OpenAPI 3.1 document of a table of routes. It is derived from the code, so it cannot disagree
with the implementation."""

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
"""Dependencies that every request may find unavailable."""
UNEXPECTED = "unexpected"
"""The code of an unexpected error."""
_SCHEMA_REF = "#/components/schemas/{model}"
_SECURITY_SCHEME = "bearer"


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


_T = TypeVar("_T")


def cache_document(render: Callable[[str], _T]) -> Callable[[str], _T]:
    """Caches the last document that `render(server)` returned.

    Requests that arrive during the first rendering wait for it instead of rendering again.
    """
    lock, cached = threading.Lock(), lru_cache(maxsize=1)(render)

    @wraps(render)
    def get(server: str) -> _T:
        with lock:
            return cached(server)

    return get


def route_problems(route: Route) -> tuple[type[MoodreelError], ...]:
    """Returns the errors that a route may return, except unexpected ones."""
    errors: list[type[MoodreelError]] = [InvalidRequest, *DEPENDENCY_ERRORS, *route.errors]
    if route.response_model is not None:
        errors.append(problems.NotAcceptable)
    if route.sign_in_required:
        errors.append(Unauthenticated)
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
    if route.rate_limited:
        errors.append(LimitReached)
    return tuple(dict.fromkeys(errors))


def build_document(
    title: str, summary: str, routes: Iterable[Route], *, version: str, server: str
) -> dict[str, Any]:
    """Returns the document. `server` is the base URL of the paths."""
    routes = tuple(routes)
    schemas, definitions = _collect_schemas(routes)
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
        "tags": [{"name": name} for name in dict.fromkeys(route.group for route in routes)],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                _SECURITY_SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "Firebase ID token",
                }
            },
        },
    }


def _collect_schemas(
    routes: tuple[Route, ...],
) -> tuple[Mapping[type[BaseModel], dict[str, Any]], dict[str, Any]]:
    """Returns the reference of each model, and the definitions of the references."""
    request_models = [route.body for route in routes if route.body is not None]
    response_models: list[type[BaseModel]] = [
        route.response_model for route in routes if route.response_model is not None
    ]
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in dict.fromkeys(request_models)
    ]
    response_models.append(Problem)
    models += [(model, "serialization") for model in dict.fromkeys(response_models)]
    by_model, schema = models_json_schema([*models], ref_template=_SCHEMA_REF)
    references = {model: by_model[model, mode] for model, mode in models}
    return references, schema["$defs"]


def _operation(route: Route, schemas: Mapping[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [route.group],
        "security": [{_SECURITY_SCHEME: []}] if route.sign_in_required else [],
        "parameters": [
            *_path_parameters(route),
            *_query_parameters(route),
            *_header_parameters(route),
        ],
        "responses": _responses(route, schemas),
    }
    if description := inspect.getdoc(route.handler):
        # The paragraphs that follow, such as "Raises", are for developers of the API.
        operation["description"] = " ".join(description.split("\n\n")[0].split())
    if route.body is not None:
        content = {"application/json": {"schema": schemas[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{PATH_PARAM_PATTERNS[name]}$"},
        }
        for name in route.path_params
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": False, "schema": _parameter_schema(property_)}
        for name, property_ in schema["properties"].items()
    ]


def _parameter_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schema of a present parameter: null means that it is absent."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    result = {name: value for name, value in schema.items() if name not in ("anyOf", "title")}
    if len(options) == 1:
        result |= options[0]
    return {
        name: value for name, value in result.items() if not (name == "default" and value is None)
    }


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    parameters = []
    if route.idempotent:
        text = "Makes retries safe: the same key and body return the saved response for 24 hours."
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        parameters.append(_header_parameter(IDEMPOTENCY_KEY, text, schema, required=False))
    if route.conditional:
        text = "The ETag of the state to change, or `*`."
        required = route.condition_required
        parameters.append(
            _header_parameter("If-Match", text, {"type": "string"}, required=required)
        )
    if route.method == "GET" and route.response_model is not None:
        text = "An ETag of a response that the client has cached."
        parameters.append(
            _header_parameter("If-None-Match", text, {"type": "string"}, required=False)
        )
    if 206 in route.other_statuses:
        for name, text in _RANGE_HEADERS.items():
            parameters.append(_header_parameter(name, text, {"type": "string"}, required=False))
    return parameters


def _header_parameter(
    name: str, text: str, schema: dict[str, Any], *, required: bool
) -> dict[str, Any]:
    return {
        "name": name, "in": "header", "required": required, "description": text, "schema": schema,
    }  # fmt: skip


def _responses(route: Route, schemas: Mapping[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
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
        responses[str(status)] = _other_response(status, route)
    by_status: dict[int, list[tuple[str, str]]] = {500: [(UNEXPECTED, "Something went wrong.")]}
    for error in route_problems(route):
        by_status.setdefault(int(error_status(error)), []).append(
            (error.code, error.default_message())
        )
    for status, errors in sorted(by_status.items()):
        responses[str(status)] = _error_response(status, errors, schemas[Problem])
    return responses


def _other_response(status: int, route: Route) -> dict[str, Any]:
    """Returns another response that is not an error: a partial one, or a redirect."""
    headers = {REQUEST_ID: _response_header("Identifies this request for support.")}
    response: dict[str, Any] = {"description": _SUCCESS_DESCRIPTIONS[status], "headers": headers}
    if status == 302:
        headers["Location"] = _response_header("The URL of the resource.")
    if status == 206:
        headers["Content-Range"] = _response_header("The range, and the total number of bytes.")
        response["content"] = {route.media_type: {}}
    return response


def _links(route: Route, routes: tuple[Route, ...]) -> dict[str, Any]:
    """Returns the operations that can follow with the resource of an operation."""
    links = {
        target.handler.__name__: {
            "operationId": target.handler.__name__,
            "parameters": {
                f"path.{name}": f"$response.body#{pointer}"
                for name, pointer in route.response_links.items()
                if name in target.path_params
            },
        }
        for target in routes
        if route.response_links.keys() & set(target.path_params)
    }
    return {"links": links} if links else {}


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
    schema = {"allOf": [problem, {"properties": {"code": {"enum": codes}}}]}
    return {
        "description": "\n".join(f"- `{code}`: {text}" for code, text in errors),
        "headers": headers,
        "content": {problems.MEDIA_TYPE: {"schema": schema}, "text/html": {}},
    }


def _response_headers(route: Route) -> dict[str, Any]:
    headers = {REQUEST_ID: _response_header("Identifies this request for support.")}
    if route.has_etag and route.status == 200:
        headers["ETag"] = _response_header("Identifies this version of the resource.")
    if route.status in (201, 302):
        headers["Location"] = _response_header("The URL of the resource.")
    if route.rate_limited:
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
_RANGE_HEADERS = {
    "Range": "One byte range. Several ranges or another unit return the complete content.",
    "If-Range": "An ETag or a date: the range of that version, otherwise the complete content.",
    "If-Match": "ETags, or `*`: fails for another version.",
    "If-None-Match": "ETags of responses that the client has cached.",
    "If-Modified-Since": "A date, for clients without an ETag.",
    "If-Unmodified-Since": "A date: fails when the content has changed since.",
}
"""The request headers of a route with partial responses: see `shared.http.ranges`."""
_SUCCESS_DESCRIPTIONS = {
    200: "The request succeeded.",
    201: "The resource was created.",
    202: "The request was accepted.",
    204: "The request succeeded; there is no content.",
    206: "The requested range.",
    302: "The content is at `Location`.",
}
