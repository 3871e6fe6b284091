"""Reads request headers, and sets the response headers for security and CORS."""

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
    """Returns the client's request id when it is valid, otherwise a new one."""
    value = request.headers.get(REQUEST_ID, "")
    return value if _REQUEST_ID.fullmatch(value) else secrets.token_hex(16)


def traceparent(request: Request) -> str:
    """Returns the W3C trace context, or "" when it is missing or invalid."""
    value = request.headers.get("traceparent", "")
    return value if _TRACEPARENT.fullmatch(value) else ""


def idempotency_key(request: Request) -> str:
    """Returns the client's idempotency key, or "". Raises InvalidFields."""
    value = request.headers.get(IDEMPOTENCY_KEY, "")
    if IDEMPOTENCY_KEY in request.headers and not _IDEMPOTENCY_KEY.fullmatch(value):
        raise InvalidFields([(IDEMPOTENCY_KEY, "A key is 1 to 255 characters without spaces.")])
    return value


def if_match(request: Request) -> tuple[str, ...]:
    """Returns the ETags of If-Match without quotes. A weak one matches nothing."""
    value = request.headers.get("If-Match")
    if value is None:
        return ()
    if value.strip() == "*":
        return ("*",)
    # A header that cannot be parsed is still a condition: one that is never satisfied.
    return tuple(tag for weak, tag in _TAG.findall(value) if not weak) or ("",)


def client_address(request: Request, proxy_count: int) -> str:
    """Returns the client's address for limits.

    It is the address that the last of `proxy_count` trusted proxies saw, or the peer's address
    without proxies. An IPv6 address is reduced to its /64, since a client usually owns all of it.
    """
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    seen = forwarded[-proxy_count] if 0 < proxy_count <= len(forwarded) else ""
    text = seen or request.remote_addr or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def add_security_headers(response: Response, settings: Settings) -> None:
    """Forbids to cache, frame or sniff responses, and to send a Referer."""
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
    """Sets CORS headers for the configured origins.

    Tokens are sent in a header, so browser credentials such as cookies are not allowed.
    """
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin and origin in settings.allowed_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED_HEADERS)


def add_preflight_headers(request: Request, response: Response, methods: Iterable[str]) -> None:
    """Sets the headers for OPTIONS: the methods, and for a preflight the allowed headers."""
    methods = ", ".join(methods)
    response.headers["Allow"] = methods
    if "Access-Control-Allow-Origin" in response.headers and request.headers.get(
        "Access-Control-Request-Method"
    ):
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = ", ".join(ALLOWED_HEADERS)
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_MAX_AGE_S)
