"""Records which account used which permission, so that a test can compare it with the cloud roles.

Local functions send the name of their service account as bearer token, which is not a secret.
Nothing is refused. Each entry is recorded once.
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
_SINGLE_OBJECT = re.compile(_OBJECT)
_COMPOSE = re.compile(_OBJECT + "/compose")
_REWRITE = re.compile(_OBJECT + r"/rewriteTo/b/([^/]+)/o/([^/]+)")
_VERBS = {"GET": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update"}
_MAX_ENTRIES = 5_000

AccessEntry = tuple[str, str, str, str]
"""Account, permission (the last part of storage.objects.*), bucket, and the object's folder: its
name up to the first slash, or to the second one in NESTED_PREFIX."""
NESTED_PREFIX = "cache/"
"""Functions have roles for different folders in it."""


class AccessLog:
    """Records the permissions that accounts used."""

    def __init__(self) -> None:
        self._entries: set[AccessEntry] = set()

    def list_entries(self) -> list[AccessEntry]:
        """Returns all entries, sorted."""
        return sorted(self._entries)

    def install(self, app: web.Application) -> None:
        """Adds a middleware that records every request, and the route `GET /_access`."""

        @web.middleware
        async def record_access(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            account = _ACCOUNT.fullmatch(request.headers.get("Authorization", ""))
            if account and len(self._entries) < _MAX_ENTRIES:
                self._record(account[1], request, response)
            return response

        async def list_access(_request: web.Request) -> web.Response:
            return web.json_response(self.list_entries())

        app.middlewares.append(record_access)
        app.router.add_get("/_access", list_access)

    def _record(self, account: str, request: web.Request, response: web.StreamResponse) -> None:
        for permission, bucket, name in _required_permissions(request, response):
            prefix = _prefix(name)
            self._entries.add((account, permission, bucket, prefix))


def _required_permissions(
    request: web.Request, response: web.StreamResponse
) -> Iterator[tuple[str, str, str]]:
    """Yields the permissions that a request needs, each with bucket and object."""
    path, query = split_query(request.raw_path)
    if rewrite := _REWRITE.fullmatch(path):
        bucket, name, to_bucket, to_name = map(decode_segment, rewrite.groups())
        yield "get", bucket, name
        yield "create", to_bucket, to_name
    elif compose := _COMPOSE.fullmatch(path):
        bucket, name = map(decode_segment, compose.groups())
        yield "create", bucket, name
    elif upload := _UPLOAD.fullmatch(path):
        name = query.get("name") or _created_object(response)
        if name:
            yield "create", decode_segment(upload[1]), name
    elif match := _SINGLE_OBJECT.fullmatch(path):
        bucket, name = map(decode_segment, match.groups())
        yield _VERBS.get(request.method, "update"), bucket, name
    elif listing := _LIST.fullmatch(path):
        yield "list", decode_segment(listing[1]), query.get("prefix", "")


def _created_object(response: web.StreamResponse) -> str:
    """Returns the name of the object that an upload created, or "". Used when the name is only in
    the body."""
    body = getattr(response, "body", None)
    try:
        resource = json.loads(body) if isinstance(body, bytes) else None
    except ValueError:
        return ""
    return str(resource.get("name", "")) if isinstance(resource, dict) else ""


def _prefix(name: str) -> str:
    """Returns the folder of an object to which roles are granted."""
    first, slash, rest = name.partition("/")
    if f"{first}/" == NESTED_PREFIX and "/" in rest:
        return f"{NESTED_PREFIX}{rest.partition('/')[0]}/"
    return f"{first}/" if slash else name
