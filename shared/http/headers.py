"""The headers that every answer carries, and what a browser on another origin is told."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from werkzeug.wrappers import Request, Response

from shared.config import Settings

REQUEST_ID = "X-Request-Id"
PREFLIGHT_S = 3600
ACCEPTED = (
    "Authorization", "Content-Type", "If-None-Match", "If-Range", "Range", REQUEST_ID,
    "traceparent",
)  # fmt: skip
EXPOSED = (
    "Accept-Ranges", "Allow", "Content-Disposition", "Content-Length", "Content-Range", "ETag",
    "Location", "Retry-After", REQUEST_ID,
)  # fmt: skip

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def request_id(request: Request) -> str:
    """The caller's own id when it is a sane one, else a fresh one."""
    given = request.headers.get(REQUEST_ID, "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def traceparent(request: Request) -> str:
    """W3C trace context, or "" when none that can be read is given."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else ""


def secure(response: Response, settings: Settings) -> None:
    """Nothing of ours is kept, framed, sniffed or named in a Referer."""
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault(
        "Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


def share_with_origin(request: Request, response: Response, settings: Settings) -> None:
    """CORS for the configured origins only. A token is sent in a header, so cookies and other
    credentials of the browser are never asked for."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin and origin in settings.origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)


def preflight(request: Request, response: Response, allowed: Iterable[str]) -> None:
    """What OPTIONS answers: the methods, and for a preflight what may be sent along."""
    methods = ", ".join(allowed)
    response.headers["Allow"] = methods
    if "Access-Control-Allow-Origin" in response.headers and request.headers.get(
        "Access-Control-Request-Method"
    ):
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = ", ".join(ACCEPTED)
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
