"""The headers that every answer carries, and what a browser on another origin is told."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable

from werkzeug.wrappers import Request, Response

from shared.http.problems import InvalidFields
from shared.runtime.settings import Settings

REQUEST_ID = "X-Request-Id"
PREFLIGHT_MAX_AGE_S = 3600
IDEMPOTENCY_KEY = "Idempotency-Key"
ALLOWED_HEADERS = (
    "Authorization", "Content-Type", IDEMPOTENCY_KEY, "If-Match", "If-None-Match", "If-Range",
    "Range", REQUEST_ID, "traceparent",
)  # fmt: skip
EXPOSED_HEADERS = (
    "Accept-Ranges", "Allow", "Content-Disposition", "Content-Length", "Content-Range", "ETag",
    "Idempotency-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", REQUEST_ID,
)  # fmt: skip

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def request_id(request: Request) -> str:
    """The caller's own id when it is a sane one, else a fresh one."""
    given = request.headers.get(REQUEST_ID, "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def traceparent(request: Request) -> str:
    """W3C trace context, or "" when none that can be read is given."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else ""


def idempotency_key(request: Request) -> str:
    """The caller's key for this request, "" without one. Raises InvalidFields."""
    given = request.headers.get(IDEMPOTENCY_KEY, "")
    if IDEMPOTENCY_KEY in request.headers and not _IDEMPOTENCY_KEY.fullmatch(given):
        raise InvalidFields([(IDEMPOTENCY_KEY, "A key is 1 to 255 characters without spaces.")])
    return given


def if_match(request: Request) -> tuple[str, ...]:
    """The tags of If-Match, without their quotes; a weak one matches nothing."""
    given = request.headers.get("If-Match")
    if given is None:
        return ()
    if given.strip() == "*":
        return ("*",)
    # What was sent and could not be read is a condition all the same: one that never holds.
    return tuple(tag for weak, tag in _TAG.findall(given) if not weak) or ("",)


def client_address(request: Request, proxy_count: int) -> str:
    """Where the request came from: the address that the last of `proxies` trusted proxies saw, or
    the peer's without any. An IPv6 network counts as one, since whoever has one has all of it."""
    told = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    seen = told[-proxy_count] if 0 < proxy_count <= len(told) else ""
    text = seen or request.remote_addr or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def add_security_headers(response: Response, settings: Settings) -> None:
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


def add_cors_headers(request: Request, response: Response, settings: Settings) -> None:
    """CORS for the configured origins only. A token is sent in a header, so cookies and other
    credentials of the browser are never asked for."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin and origin in settings.allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED_HEADERS)


def add_preflight_headers(request: Request, response: Response, methods: Iterable[str]) -> None:
    """What OPTIONS answers: the methods, and for a preflight what may be sent along."""
    methods = ", ".join(methods)
    response.headers["Allow"] = methods
    if "Access-Control-Allow-Origin" in response.headers and request.headers.get(
        "Access-Control-Request-Method"
    ):
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = ", ".join(ALLOWED_HEADERS)
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE_S)
