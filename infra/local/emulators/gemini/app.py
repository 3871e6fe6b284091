"""The REST interface of Gemini, as Google's two APIs have it:

- Gemini Developer API: `POST /v1beta/models/{model}:generateContent`, with an API key
- Vertex AI: `POST /v1beta1/projects/{project}/locations/{location}/publishers/google/models/
  {model}:generateContent`, with a Bearer token that the metadata server here issued, see
  infra.local.emulators.gemini.auth

`GET /_health` counts the calls. Faults on the wire are told by `POST /_faults`, see
infra.local.faults.inject; answers that come well and are bad by
`POST /_responses {"kind": "truncated", "count": 1}`:

==============  ==========================================================================
`truncated`     the JSON breaks off, and the answer says that it is complete
`max-tokens`    the JSON breaks off at the answer's greatest length
`wrong-schema`  JSON of another form than was asked for
`not-json`      a sentence
`empty`         no text at all
`safety`        the model stopped: SAFETY
`blocked`       the prompt itself was blocked
==============  ==========================================================================
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web

from infra.local.emulators.gemini.auth import AccessDenied, Authenticator
from infra.local.emulators.gemini.outline import write_outline
from infra.local.emulators.gemini.request import InvalidRequest, check_roles, parse_request
from infra.local.emulators.gemini.rewording import reword_slides
from infra.local.faults.inject import Faults, is_from_browser

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
)
MODEL_PATH = "{model:[^/:]+}:generateContent"
DEVELOPER_API_PATH = f"/v1beta/models/{MODEL_PATH}"
VERTEX_AI_PATH = (
    "/v1beta1/projects/{project:[^/:]+}/locations/{location:[a-z]+(?:-[a-z]+[0-9]+)?}"
    f"/publishers/google/models/{MODEL_PATH}"
)
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class EmulatorState:
    """What was asked since the start, and what bad answers are still to be given."""

    call_count: int = 0
    queued_kinds: deque[str] = field(default_factory=deque)
    last_body: Mapping[str, Any] = field(default_factory=dict)
    last_path: str = ""


def build_app(state: EmulatorState, authenticator: Authenticator) -> web.Application:
    """The server."""

    async def developer_api(request: web.Request) -> web.Response:
        authenticator.check_key(request)
        return await generate(request, vertex=False)

    async def vertex_ai(request: web.Request) -> web.Response:
        authenticator.check_token(request)
        return await generate(request, vertex=True)

    async def generate(request: web.Request, *, vertex: bool) -> web.Response:
        sent = await request.read()
        # Who hung up before all was sent has asked nothing.
        state.call_count += 1
        try:
            body = json.loads(sent)
            state.last_body, state.last_path = body, request.path
            asked = parse_request(body)
            if vertex:
                check_roles(body)
        except InvalidRequest as wrong:
            return error_response(400, str(wrong))
        except ValueError:
            return error_response(400, "Invalid JSON payload received.")
        kind = state.queued_kinds.popleft() if state.queued_kinds else ""
        told = reword_slides(asked) if asked.drafts else write_outline(asked)
        text = json.dumps(told, ensure_ascii=False)
        return web.json_response(build_response(text, kind, request.match_info["model"]))

    async def order(request: web.Request) -> web.Response:
        given = await request.json()
        kind, count = given.get("kind"), given.get("count", 1)
        if kind not in BAD_RESPONSE_KINDS or not isinstance(count, int) or not 0 < count <= 1000:
            return error_response(
                400, f"kind can be {', '.join(BAD_RESPONSE_KINDS)}; count a whole number from 1."
            )
        state.queued_kinds.extend([kind] * count)
        return web.json_response({"queued": list(state.queued_kinds)}, status=201)

    async def forget(_request: web.Request) -> web.Response:
        state.queued_kinds.clear()
        return web.json_response({"queued": []})

    async def last(_request: web.Request) -> web.Response:
        return web.json_response({"path": state.last_path, "body": dict(state.last_body)})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "calls": state.call_count})

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_plain])
    app.router.add_post(DEVELOPER_API_PATH, developer_api)
    app.router.add_post(VERTEX_AI_PATH, vertex_ai)
    authenticator.install(app)
    app.router.add_post("/_responses", order)
    app.router.add_delete("/_responses", forget)
    app.router.add_get("/_last", last)
    app.router.add_get("/_health", health)
    # Rules are for the model: the metadata server is another one, although it shares the port.
    Faults(
        lambda _, status: error_response(status, "Injected fault."),
        applies_to=lambda path: ":generateContent" in path,
    ).install(app)
    return app


@web.middleware
async def _plain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No page in a browser may ask; what there is not is answered in the service's shape."""
    if is_from_browser(request):
        return error_response(403, "Not for pages.")
    try:
        return await handler(request)
    except AccessDenied as denied:
        return error_response(denied.status, str(denied))
    except web.HTTPException as wrong:
        return error_response(wrong.status, HTTPStatus(wrong.status).phrase)


def error_response(status: int, message: str) -> web.Response:
    """An error in the JSON shape of Google's APIs."""
    told = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
    return web.json_response({"error": told}, status=status)


def build_response(text: str, kind: str, model: str) -> dict[str, Any]:
    """A GenerateContentResponse with `text`, or with what `kind` makes of it."""
    told: dict[str, Any] = {"modelVersion": model, "usageMetadata": _usage(text)}
    if kind == "blocked":
        return told | {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
    if kind == "safety":
        return told | {"candidates": [{"finishReason": "SAFETY", "index": 0}]}
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
    return told | {"candidates": [candidate]}


def _usage(text: str) -> dict[str, int]:
    tokens = len(text) // 4
    return {"candidatesTokenCount": tokens, "totalTokenCount": tokens}
