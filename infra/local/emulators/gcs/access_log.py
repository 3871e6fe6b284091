"""Who asked for what, by account: so that a test can hold it against the roles in the cloud.

The functions of a suite name the account that they would have (a bearer token that is no secret).
Nothing is refused here; what was asked is remembered, each kind once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from aiohttp import web

from infra.local.emulators.gcs.json_api.api_request import decode_segment, split_query
from infra.local.faults.inject import Handler

_ACCOUNT = re.compile(r"Bearer (mr-[a-z0-9-]{1,27})")
_OBJECT = r"(?:/download)?/storage/v1/b/([^/]+)/o/([^/]+)"
_UPLOAD = re.compile(r"(?:/resumable)?/upload/storage/v1/b/([^/]+)/o")
_LIST = re.compile(r"/storage/v1/b/([^/]+)/o")
_ONE = re.compile(_OBJECT)
_COMPOSE = re.compile(_OBJECT + "/compose")
_REWRITE = re.compile(_OBJECT + r"/rewriteTo/b/([^/]+)/o/([^/]+)")
_VERBS = {"GET": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update"}
_MOST = 5_000

AccessEntry = tuple[str, str, str, str]
"""Account, permission (as in storage.objects.<it>), bucket, and the object's name up to its first
slash: enough to tell a prefix."""


class AccessLog:
    """Remembers what accounts asked for."""

    def __init__(self) -> None:
        self._seen: set[AccessEntry] = set()

    def list_entries(self) -> list[AccessEntry]:
        """All of it, sorted."""
        return sorted(self._seen)

    def install(self, app: web.Application) -> None:
        """Look at every request, and tell at `GET /_access`."""

        @web.middleware
        async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            account = _ACCOUNT.fullmatch(request.headers.get("Authorization", ""))
            if account and len(self._seen) < _MOST:
                self._remember(account[1], request, response)
            return response

        async def tell(_request: web.Request) -> web.Response:
            return web.json_response(self.list_entries())

        app.middlewares.append(look)
        app.router.add_get("/_access", tell)

    def _remember(self, account: str, request: web.Request, response: web.StreamResponse) -> None:
        for permission, bucket, name in _asked(request, response):
            prefix = name.split("/", 1)[0] + "/" if "/" in name else name
            self._seen.add((account, permission, bucket, prefix))


def _asked(request: web.Request, response: web.StreamResponse) -> Iterator[tuple[str, str, str]]:
    """The permissions that a request needs, each with its bucket and object."""
    path, query = split_query(request.raw_path)
    if rewrite := _REWRITE.fullmatch(path):
        bucket, name, to_bucket, to_name = map(decode_segment, rewrite.groups())
        yield "get", bucket, name
        yield "create", to_bucket, to_name
    elif compose := _COMPOSE.fullmatch(path):
        bucket, name = map(decode_segment, compose.groups())
        yield "create", bucket, name
    elif upload := _UPLOAD.fullmatch(path):
        name = query.get("name") or _named(response)
        if name:
            yield "create", decode_segment(upload[1]), name
    elif one := _ONE.fullmatch(path):
        bucket, name = map(decode_segment, one.groups())
        yield _VERBS.get(request.method, "update"), bucket, name
    elif listing := _LIST.fullmatch(path):
        yield "list", decode_segment(listing[1]), query.get("prefix", "")


def _named(response: web.StreamResponse) -> str:
    """The object that an upload made, when its name stood in the body alone."""
    body = getattr(response, "body", None)
    try:
        told = json.loads(body) if isinstance(body, bytes) else None
    except ValueError:
        return ""
    return str(told.get("name", "")) if isinstance(told, dict) else ""
