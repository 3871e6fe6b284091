"""The security headers of every response of the console."""

from __future__ import annotations

from functions.console.page_settings import downloads_url
from shared.runtime.settings import Settings

STORAGE = "https://storage.googleapis.com"
FIREBASE = (
    "https://identitytoolkit.googleapis.com",
    "https://securetoken.googleapis.com",
    "https://firestore.googleapis.com",
)
"""Origins that Firebase's web SDK calls: sign-in, token renewal and Firestore."""


def security_headers(settings: Settings) -> dict[str, str]:
    """Returns the headers of every response.

    The Content-Security-Policy allows only the console's own scripts and styles: nothing inline,
    no `eval`, no framing.
    """
    storage = settings.storage_emulator or STORAGE
    own_origins = {storage, settings.public_url, downloads_url(settings)}
    if settings.local:
        firebase = {
            f"http://{settings.auth_emulator}",
            f"http://{settings.firestore_emulator}",
        }
    else:
        firebase = set(FIREBASE)
    media = " ".join(sorted(own_origins))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' blob: data: {media}",
        "media-src": f"'self' blob: {media}",
        "connect-src": " ".join(["'self'", *sorted(own_origins | firebase)]),
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.console_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers
