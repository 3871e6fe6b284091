"""Serves the built console: hashed assets are cached for a year, the page is revalidated.

The console is a single page: every path that is not a file and looks like a page returns it.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.wrappers import Request, Response

from functions.console.headers import security_headers
from functions.console.page_settings import page_settings, to_inline_json
from shared.errors import ConfigurationError
from shared.runtime.settings import Settings

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mp4": "video/mp4",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".png": "image/png",
}
ENCODINGS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}
"""Content codings in order of preference, with the suffix of the compressed file."""
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
SETTINGS_TAG = '<script type="application/json" id="settings">{}</script>'
METHODS = "GET, HEAD"
_PAGE = re.compile(r"/(?!v1/|assets/)[A-Za-z0-9/_-]{0,200}")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served, with its compressed variants by content coding."""

    content_type: str
    cache_control: str
    content: bytes
    encoded: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """A weak ETag: it is the same for every content coding."""
        return hashlib.sha256(self.content).hexdigest()[:32]


def create_site(settings: Settings) -> Callable[[Request], Response]:
    """Returns a handler that serves the built files.

    Raises:
        ConfigurationError: The console has not been built.
    """
    folder = Path(settings.console_files or Path(__file__).with_name("site"))
    files = load_files(folder, settings)
    headers = security_headers(settings)

    def respond(request: Request) -> Response:
        response = _respond(request, files)
        response.headers.update(headers)
        return response

    return respond


def load_files(folder: Path, settings: Settings) -> dict[str, StaticFile]:
    """Returns every file by its URL path; `/` is the page with its settings.

    Raises:
        ConfigurationError: The page is missing, or has no element for the settings.
    """
    try:
        page = (folder / "index.html").read_text()
    except OSError as error:
        raise ConfigurationError(f"The console is not built: there is no {folder}.") from error
    if SETTINGS_TAG not in page:
        raise ConfigurationError("The console's page has no place for its settings.")
    settings_tag = SETTINGS_TAG.replace("{}", to_inline_json(page_settings(settings)))
    content = page.replace(SETTINGS_TAG, settings_tag).encode()
    encoded = {"gzip": gzip.compress(content, mtime=0)}
    files = {"/": StaticFile(CONTENT_TYPES[".html"], REVALIDATE, content, encoded)}
    for path in sorted(folder.rglob("*")):
        name = "/" + path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix in CONTENT_TYPES and name != "/index.html":
            encoded = {
                coding: path.with_name(path.name + suffix).read_bytes()
                for coding, suffix in ENCODINGS.items()
                if path.with_name(path.name + suffix).is_file()
            }
            cache_control = IMMUTABLE if name.startswith("/assets/") else REVALIDATE
            content_type = CONTENT_TYPES[path.suffix]
            files[name] = StaticFile(content_type, cache_control, path.read_bytes(), encoded)
    return files


def _respond(request: Request, files: Mapping[str, StaticFile]) -> Response:
    file = files.get(request.path)
    if file is None and _PAGE.fullmatch(request.path):
        file = files["/"]
    if file is None:
        return _error(404, "There is nothing at this path.")
    if request.method not in METHODS.split(", "):
        response = _error(405, "The console is only read.")
        response.headers["Allow"] = METHODS
        return response
    coding = next((c for c in ENCODINGS if c in file.encoded and _accepts(request, c)), "")
    response = Response(file.encoded.get(coding, file.content), content_type=file.content_type)
    if coding:
        response.headers["Content-Encoding"] = coding
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = file.cache_control
    response.set_etag(file.etag, weak=True)
    return response.make_conditional(request)


def _accepts(request: Request, coding: str) -> bool:
    return request.accept_encodings.provided and request.accept_encodings.quality(coding) > 0


def _error(status: int, message: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(f"{message}\n", status, headers, content_type=CONTENT_TYPES[".txt"])
