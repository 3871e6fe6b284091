"""The OpenAPI 3.1 document of a table of routes. It is derived from the code, so it cannot disagree
with the implementation."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.api_keys import scope_of
from shared.http.openapi.parameters import list_parameters
from shared.http.openapi.responses import Problem, describe_problems, describe_responses
from shared.http.routing import Route

_SCHEMA_REF = "#/components/schemas/{model}"
_SECURITY_SCHEME = "bearer"


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
            "examples": describe_problems(routes, server),
            "securitySchemes": {
                _SECURITY_SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "Firebase ID token or API key",
                    "description": "An ID token of `POST /v1/accounts/login`, or an API key.",
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
        "parameters": list_parameters(route),
        "responses": describe_responses(route, schemas),
    }
    paragraphs = []
    if description := inspect.getdoc(route.handler):
        # The paragraphs that follow, such as "Raises", are for developers of the API.
        paragraphs.append(" ".join(description.split("\n\n")[0].split()))
    if route.sign_in_required:
        paragraphs.append(_describe_keys(route))
    if paragraphs:
        operation["description"] = "\n\n".join(paragraphs)
    if route.body is not None:
        content = {"application/json": {"schema": schemas[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _describe_keys(route: Route) -> str:
    """Returns the sentence about API keys."""
    if route.key_resource is None:
        return "API keys are not accepted."
    scope = scope_of(route.key_resource, writes=route.method != "GET")
    return f"API keys need the scope `{scope}`."


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
