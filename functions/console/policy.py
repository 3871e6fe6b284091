"""What the console's pages may do in a browser, and what they are told about where they run."""

from __future__ import annotations

import json
from typing import Any

from shared.runtime.settings import Settings

STORAGE = "https://storage.googleapis.com"
GOOGLE = (
    "https://identitytoolkit.googleapis.com",
    "https://securetoken.googleapis.com",
    "https://firestore.googleapis.com",
)
"""Whom Firebase's web SDK asks for signing in, for fresh tokens, and for documents."""


def told(settings: Settings) -> dict[str, Any]:
    """What a page has to know. None of it is secret: a web API key names a project."""
    emulators = None
    if settings.local:
        emulators = {
            "auth": f"http://{settings.auth_emulator}",
            "firestore": settings.firestore_emulator,
        }
    return {
        "api": settings.public_url,
        "downloads": _media(settings),
        "firebase": {"apiKey": settings.web_api_key, "projectId": settings.project},
        "emulators": emulators,
    }


def as_data(value: Any) -> str:
    """JSON that can stand in a block of data in HTML, whatever is in it."""
    return json.dumps(value, sort_keys=True).replace("<", "\\u003c")


def headers(settings: Settings) -> dict[str, str]:
    """The headers of every answer. Nothing but our own files is run, and nothing is written into a
    page: no inline script or style, no eval, no frame around it."""
    storage = settings.storage_emulator or STORAGE
    asked = {settings.public_url, _media(settings), storage}
    if settings.local:
        asked |= {f"http://{settings.auth_emulator}", f"http://{settings.firestore_emulator}"}
    else:
        asked |= set(GOOGLE)
    seen = " ".join(sorted({storage, settings.public_url, _media(settings)}))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' blob: data: {seen}",
        "media-src": f"'self' blob: {seen}",
        "connect-src": " ".join(["'self'", *sorted(asked)]),
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    found = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.console_url.startswith("https://"):
        found["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return found


def _media(settings: Settings) -> str:
    return settings.media_url or settings.public_url
