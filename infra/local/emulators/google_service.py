"""Errors in the form of Google's services, and the server process of their emulators."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from infra.local.faults.inject import is_from_browser

HOST = "127.0.0.1"
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class InvalidRequest(Exception):
    """An invalid request. The text is the service's error message."""


class AccessDenied(Exception):
    """A caller is not authorized. `status` is the HTTP status of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def error_response(status: int, message: str) -> web.Response:
    """Returns an error in the JSON format of Google's APIs."""
    error = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
    return web.json_response({"error": error}, status=status)


@web.middleware
async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Rejects requests of web pages, and returns HTTP errors in the services' format."""
    if is_from_browser(request):
        return error_response(403, "Requests from web pages are not allowed.")
    try:
        return await handler(request)
    except AccessDenied as error:
        return error_response(error.status, str(error))
    except web.HTTPException as error:
        return error_response(error.status, HTTPStatus(error.status).phrase)


def check_fields(part: Any, name: str, known: Mapping[str, Collection[str]]) -> None:
    """Checks that a part of a body has known fields only: `known` has those of each part by its
    name. Raises InvalidRequest."""
    if not isinstance(part, Mapping):
        raise InvalidRequest("Invalid JSON payload received.")
    for key in part:
        if key not in known[name]:
            location = f" at '{name}'" if name else ""
            raise InvalidRequest(
                f'Invalid JSON payload received. Unknown name "{key}"{location}: Cannot find field.'
            )


def run_service(name: str, build: Callable[[], web.Application], port: int) -> int:
    """Runs a server until SIGINT or SIGTERM. Returns 2 and prints the reason when it cannot
    start."""
    try:
        asyncio.run(_serve(build(), port))
    except OSError as error:
        print(f"{name}: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


async def _serve(app: web.Application, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    try:
        await web.TCPSite(runner, HOST, port).start()
        await stop_requested.wait()
    finally:
        await runner.cleanup()
