"""The server application: dispatches to the JSON and XML API, formats errors, serves `/_` paths."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from infra.local.emulators.gcs.access_log import AccessLog
from infra.local.emulators.gcs.errors import ApiError, access_denied
from infra.local.emulators.gcs.json_api import batch, routes, uploads
from infra.local.emulators.gcs.publisher import publish_forever
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage.resumable import UploadSessions, delete_expired_sessions
from infra.local.emulators.gcs.xml_api import routes as xml_api
from infra.local.faults.inject import (
    FaultCutError,
    Faults,
    Handler,
    has_foreign_host,
    is_from_browser,
)

logger = logging.getLogger(__name__)

_UPLOAD_PATHS = ("/upload/storage/v1/", "/resumable/upload/storage/v1/")
# Complete prefixes, because a bucket may be named "upload" or "storage".
_JSON_PATHS = (*_UPLOAD_PATHS, "/storage/v1/", "/download/storage/v1/", "/batch/storage/v1")


def _is_json(request: web.Request) -> bool:
    return request.raw_path.startswith(_JSON_PATHS)


def error_response(request: web.Request, error: ApiError) -> web.Response:
    """Returns an error in the format of the requested API."""
    status, headers = error.status, error.headers
    if status == 304 or request.method == "HEAD":
        return web.Response(status=status, headers=headers)
    if status == 503:
        return web.Response(status=status, text=error.message)
    if _is_json(request):
        return web.json_response(error.as_json(), status=status, headers=headers)
    xml_headers = {"Content-Type": "application/xml; charset=UTF-8", **headers}
    return web.Response(status=status, body=error.as_xml().encode(), headers=xml_headers)


def _fault_response(request: web.Request, status: int) -> web.Response:
    reason = "rateLimitExceeded" if status == 429 else "backendError"
    code = "SlowDown" if status == 429 else "ServiceUnavailable"
    return error_response(request, ApiError(status, reason, code, "Injected fault."))


@web.middleware
async def _reject_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Rejects requests of web pages to paths that need no signature."""
    unsigned = _is_json(request) or request.raw_path.startswith("/_")
    if has_foreign_host(request) or (unsigned and is_from_browser(request)):
        return error_response(
            request, access_denied("Only programs on this machine may use this server.")
        )
    return await handler(request)


def build_app(emulator: Emulator, pubsub_url: str | None) -> web.Application:
    """Returns the server as an aiohttp application."""
    sessions = UploadSessions(emulator)
    faults = Faults(_fault_response)

    async def dispatch(request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        extra: dict[str, str] = {}
        try:
            if path.startswith(_UPLOAD_PATHS):
                response = await uploads.handle(emulator, sessions, request)
            elif path == "/batch/storage/v1":
                response = await batch.handle(emulator, request)
            elif _is_json(request):
                response = await routes.handle(emulator, request)
            else:
                extra = await xml_api.cors_headers(emulator, sessions, request)
                response = await xml_api.handle(emulator, sessions, request, extra)
        except ApiError as error:
            if error.status in (400, 403):
                logger.info("%s %r: %s %s", request.method, path, error.xml_code, error.details)
            response = error_response(request, error)
        except (FaultCutError, ConnectionError):
            raise
        except Exception:
            logger.exception("%s %s", request.method, path)
            response = error_response(
                request, ApiError(500, "backendError", "InternalError", "Internal Error")
            )
        if not response.prepared:
            response.headers.update(extra)
        return response

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "service": "gcs", "project": emulator.project})

    async def stats(_request: web.Request) -> web.Response:
        return web.json_response(
            {"buckets": emulator.bucket_stats, "objects": emulator.object_stats}
        )

    async def run_background_tasks(_app: web.Application) -> AsyncIterator[None]:
        await emulator.db.write(delete_expired_sessions)
        removed_count = await emulator.sweep()
        if removed_count:
            logger.info("removed the bytes of %d unfinished uploads", removed_count)
        task = pubsub_url and asyncio.create_task(publish_forever(emulator, faults, pubsub_url))
        yield
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        emulator.close()

    async def ignore_expect(_request: web.Request) -> None:
        """Sends nothing: the code that reads the body sends 100 Continue, after the checks."""

    app = web.Application()
    faults.install(app)
    app.middlewares.insert(0, _reject_pages)
    app.router.add_get("/_health", health)
    app.router.add_get("/_stats", stats)
    AccessLog().install(app)
    app.router.add_route("*", "/{path:.*}", dispatch, expect_handler=ignore_expect)
    app.cleanup_ctx.append(run_background_tasks)
    return app
