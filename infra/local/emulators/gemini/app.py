"""The REST API of Gemini, for Google's two services:

- Gemini Developer API: `POST /v1beta/models/{model}:generateContent`, with an API key
- Vertex AI: `POST /v1beta1/projects/{project}/locations/{location}/publishers/google/models/
  {model}:generateContent`, with a Bearer token of the emulated metadata server, see
  infra.local.emulators.gemini.auth

`GET /_health` returns the number of calls. `POST /_faults` adds fault rules, see
infra.local.faults.inject. `POST /_responses {"kind": "truncated", "count": 1}` requests responses
with status 200 and bad content:

==============  ==========================================================================
`truncated`     incomplete JSON, with finish reason STOP
`max-tokens`    incomplete JSON, with finish reason MAX_TOKENS
`wrong-schema`  JSON that does not match the schema
`not-json`      a sentence
`empty`         no text
`safety`        the model stopped with SAFETY, or for a picture with IMAGE_SAFETY
`blocked`       the prompt was blocked
`no-picture`    for a picture: a sentence, with finish reason NO_IMAGE
`bad-picture`   for a picture: a file that is not one
==============  ==========================================================================
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from infra.local.emulators.gemini.auth import Authenticator
from infra.local.emulators.gemini.outline import write_outline
from infra.local.emulators.gemini.pictures import (
    build_picture_response,
    count_tokens,
    draw_picture,
    parse_picture_request,
)
from infra.local.emulators.gemini.request import check_roles, parse_request
from infra.local.emulators.gemini.rewording import reword_slides
from infra.local.emulators.google_service import InvalidRequest, error_response, handle_errors
from infra.local.faults.inject import Faults

MAX_BODY_BYTES = 20 << 20
"""The real service's limit for a request."""
BAD_RESPONSE_KINDS = (
    "truncated",
    "max-tokens",
    "wrong-schema",
    "not-json",
    "empty",
    "safety",
    "blocked",
    "no-picture",
    "bad-picture",
)
MODEL_PATH = "{model:[^/:]+}:generateContent"
DEVELOPER_API_PATH = f"/v1beta/models/{MODEL_PATH}"
VERTEX_AI_PATH = (
    "/v1beta1/projects/{project:[^/:]+}/locations/{location:[a-z]+(?:-[a-z]+[0-9]+)?}"
    f"/publishers/google/models/{MODEL_PATH}"
)


@dataclass
class EmulatorState:
    """The requests since the start, and the kinds of bad responses to send next."""

    call_count: int = 0
    queued_kinds: deque[str] = field(default_factory=deque)
    last_body: Mapping[str, Any] = field(default_factory=dict)
    last_path: str = ""


def build_app(state: EmulatorState, authenticator: Authenticator) -> web.Application:
    """Returns the server as an aiohttp application."""

    async def developer_api(request: web.Request) -> web.Response:
        authenticator.check_key(request)
        return await generate(request, vertex=False)

    async def vertex_ai(request: web.Request) -> web.Response:
        authenticator.check_token(request)
        return await generate(request, vertex=True)

    async def generate(request: web.Request, *, vertex: bool) -> web.Response:
        data = await request.read()
        # A request that was cut before its end does not count.
        state.call_count += 1
        try:
            body = json.loads(data)
            state.last_body, state.last_path = body, request.path
            if vertex:
                check_roles(body)
            respond = _respond_to(body, request.match_info["model"])
        except InvalidRequest as error:
            return error_response(400, str(error))
        except ValueError:
            return error_response(400, "Invalid JSON payload received.")
        kind = state.queued_kinds.popleft() if state.queued_kinds else ""
        return web.json_response(respond(kind))

    async def add_bad_responses(request: web.Request) -> web.Response:
        body = await request.json()
        kind, count = body.get("kind"), body.get("count", 1)
        if kind not in BAD_RESPONSE_KINDS or not isinstance(count, int) or not 0 < count <= 1000:
            return error_response(
                400,
                f"kind must be one of {', '.join(BAD_RESPONSE_KINDS)}; "
                "count must be from 1 to 1000.",
            )
        state.queued_kinds.extend([kind] * count)
        return web.json_response({"queued": list(state.queued_kinds)}, status=201)

    async def clear_bad_responses(_request: web.Request) -> web.Response:
        state.queued_kinds.clear()
        return web.json_response({"queued": []})

    async def get_last_request(_request: web.Request) -> web.Response:
        return web.json_response({"path": state.last_path, "body": dict(state.last_body)})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "calls": state.call_count})

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[handle_errors])
    app.router.add_post(DEVELOPER_API_PATH, developer_api)
    app.router.add_post(VERTEX_AI_PATH, vertex_ai)
    authenticator.install(app)
    app.router.add_post("/_responses", add_bad_responses)
    app.router.add_delete("/_responses", clear_bad_responses)
    app.router.add_get("/_last", get_last_request)
    app.router.add_get("/_health", health)
    # Rules apply to the model only. The metadata server shares the port but is another service.
    Faults(
        lambda _, status: error_response(status, "Injected fault."),
        applies_to=lambda path: ":generateContent" in path,
    ).install(app)
    return app


def _respond_to(body: Any, model: str) -> Callable[[str], dict[str, Any]]:
    """Returns what makes the response of a request from the kind of bad response, or "". Raises
    InvalidRequest."""
    picture = parse_picture_request(body, model)
    if picture is not None:
        return partial(build_picture_response, draw_picture(picture), model=model)
    deck = parse_request(body)
    result = reword_slides(deck) if deck.drafts else write_outline(deck)
    return partial(build_response, json.dumps(result, ensure_ascii=False), model=model)


def build_response(text: str, kind: str, *, model: str) -> dict[str, Any]:
    """Returns a GenerateContentResponse with `text`, or a bad response of the given kind."""
    response: dict[str, Any] = {
        "modelVersion": model,
        "usageMetadata": count_tokens(len(text) // 4),
    }
    if kind == "blocked":
        return response | {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
    if kind == "safety":
        return response | {"candidates": [{"finishReason": "SAFETY", "index": 0}]}
    if kind in ("truncated", "max-tokens"):
        text = text[: len(text) * 2 // 3]
    elif kind == "wrong-schema":
        text = json.dumps({"title": 7, "pages": [{"headline": "No such form"}]})
    elif kind == "not-json":
        text = "Here is the outline that you asked for."
    parts = [] if kind == "empty" else [{"text": text}]
    candidate = {
        "content": {"parts": parts, "role": "model"},
        "finishReason": "MAX_TOKENS" if kind == "max-tokens" else "STOP",
        "index": 0,
    }
    return response | {"candidates": [candidate]}
