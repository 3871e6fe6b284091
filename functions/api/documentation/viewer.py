"""The viewer of the documentation: Swagger UI, which the build of the console bundles.

Its page allows no inline script or style, and requests to the API and to Cloud Storage only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shared.errors import NotFound
from shared.http.openapi.documentation import CACHE_HEADERS, StaticContent
from shared.runtime.settings import Settings

PLAIN_PATH = "/v1/docs/plain"
"""The page without scripts."""
STORAGE = "https://storage.googleapis.com"
_PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Moodreel: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/v1/docs/style.css">
<script src="/v1/docs/viewer.js" defer></script></head>
<body><nav>Also <a href="{PLAIN_PATH}">without scripts</a>, and as
<a href="/v1/openapi.json">OpenAPI document</a>.</nav>
<div id="viewer" data-document="/v1/openapi.json"></div></body></html>
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The page and its files."""

    page: StaticContent
    script: StaticContent
    style: StaticContent


@lru_cache(maxsize=1)
def read_viewer(folder: str) -> Viewer | None:
    """Returns the viewer, or None if it has not been built.

    Args:
        folder: The folder with the build; "" for the one beside this module.
    """
    files = Path(folder) if folder else Path(__file__).with_name("viewer")
    try:
        script, style = ((files / name).read_bytes() for name in ("viewer.js", "style.css"))
    except FileNotFoundError:
        return None
    return Viewer(*map(StaticContent.compress, (_PAGE.encode(), script, style)))


def require_viewer(folder: str) -> Viewer:
    """Returns the viewer. Raises NotFound if it has not been built."""
    viewer = read_viewer(folder)
    if viewer is None:
        raise NotFound(f"The viewer is not installed; see {PLAIN_PATH}.")
    return viewer


def viewer_headers(settings: Settings) -> dict[str, str]:
    """Returns the headers of the page. Redirects to results lead to Cloud Storage."""
    connect = " ".join(["'self'", settings.public_url, settings.storage_emulator or STORAGE])
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": connect,
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        **CACHE_HEADERS,
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
    }
