"""The console's files over HTTP: hashed names are kept for ever, the page is asked for anew.

There is one page and the address says what it shows: every path that looks like one leads to it.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.wrappers import Request, Response

from functions.console.policy import page_settings, security_headers, to_json_block
from shared.errors import ConfigurationError
from shared.runtime.settings import Settings

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".png": "image/png",
}
CONTENT_ENCODINGS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}
"""How a file may be packed for the way, the best first, and what its name ends with then."""
CACHE_IMMUTABLE = "public, max-age=31536000, immutable"
CACHE_REVALIDATE = "no-cache"
SETTINGS_BLOCK = '<script type="application/json" id="settings">{}</script>'
ALLOWED_METHODS = "GET, HEAD"
_PAGE = re.compile(r"/(?!v1/|assets/)[A-Za-z0-9/_-]{0,200}")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent: plain, and packed in some codings."""

    content_type: str
    cache_control: str
    content: bytes
    encoded: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """Weak, since it is the same for every coding."""
        return hashlib.sha256(self.content).hexdigest()[:32]


def serve_pages(settings: Settings) -> Callable[[Request], Response]:
    """Answers requests with the built files. Raises ConfigurationError when they are not there."""
    folder = Path(settings.console_files or Path(__file__).with_name("site"))
    files = read_files(folder, settings)
    always = security_headers(settings)

    def respond(request: Request) -> Response:
        response = _answer(request, files)
        response.headers.update(always)
        return response

    return respond


def read_files(folder: Path, settings: Settings) -> dict[str, StaticFile]:
    """Every file by its path; the page, with the settings in it, at `/`."""
    try:
        page = (folder / "index.html").read_text()
    except OSError as missing:
        raise ConfigurationError(f"The console is not built: there is no {folder}.") from missing
    if SETTINGS_BLOCK not in page:
        raise ConfigurationError("The console's page has no place for its settings.")
    block = SETTINGS_BLOCK.replace("{}", to_json_block(page_settings(settings)))
    content = page.replace(SETTINGS_BLOCK, block).encode()
    packed = {"gzip": gzip.compress(content, mtime=0)}
    files = {"/": StaticFile(CONTENT_TYPES[".html"], CACHE_REVALIDATE, content, packed)}
    for path in sorted(folder.rglob("*")):
        name = "/" + path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix in CONTENT_TYPES and name != "/index.html":
            packed = {
                coding: path.with_name(path.name + end).read_bytes()
                for coding, end in CONTENT_ENCODINGS.items()
                if path.with_name(path.name + end).is_file()
            }
            keep = CACHE_IMMUTABLE if name.startswith("/assets/") else CACHE_REVALIDATE
            files[name] = StaticFile(CONTENT_TYPES[path.suffix], keep, path.read_bytes(), packed)
    return files


def _answer(request: Request, files: Mapping[str, StaticFile]) -> Response:
    found = files.get(request.path)
    if found is None and _PAGE.fullmatch(request.path):
        found = files["/"]
    if found is None:
        return _refusal(404, "There is nothing at this path.")
    if request.method not in ALLOWED_METHODS.split(", "):
        refused = _refusal(405, "The console is only read.")
        refused.headers["Allow"] = ALLOWED_METHODS
        return refused
    coding = next(
        (one for one in CONTENT_ENCODINGS if one in found.encoded and _takes(request, one)), ""
    )
    response = Response(found.encoded.get(coding, found.content), content_type=found.content_type)
    if coding:
        response.headers["Content-Encoding"] = coding
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = found.cache_control
    response.set_etag(found.etag, weak=True)
    return response.make_conditional(request)


def _takes(request: Request, coding: str) -> bool:
    return request.accept_encodings.provided and request.accept_encodings.quality(coding) > 0


def _refusal(status: int, sentence: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(f"{sentence}\n", status, headers, content_type=CONTENT_TYPES[".txt"])
