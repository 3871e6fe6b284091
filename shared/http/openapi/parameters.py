"""The parameters of an operation in an OpenAPI document: in the path, the query and the headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.http.headers import IDEMPOTENCY_KEY
from shared.http.routing import PATH_PARAM_PATTERNS, Route

_RANGE_HEADERS = {
    "Range": "One byte range. Several ranges or another unit return the complete content.",
    "If-Range": "An ETag or a date: the range of that version, otherwise the complete content.",
    "If-Match": "ETags, or `*`: fails for another version.",
    "If-None-Match": "ETags of responses that the client has cached.",
    "If-Modified-Since": "A date, for clients without an ETag.",
    "If-Unmodified-Since": "A date: fails when the content has changed since.",
}
"""The request headers of a route with partial responses: see `shared.http.ranges`."""


def list_parameters(route: Route) -> list[dict[str, Any]]:
    """Returns the parameters of a route."""
    return [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)]


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
