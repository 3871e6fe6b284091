"""The routes of the page of a share link. It needs no script to play and to download."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from functions.downloads.share_page.parts import SharedParts, read_lines
from shared.emails.values import format_size
from shared.errors import NotFound
from shared.http.artifacts import SharedResult, read_shared_result
from shared.http.openapi.documentation import CACHE_HEADERS, StaticContent
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.share_links import share_embed_url, share_page_url
from shared.runtime.settings import Settings

FOLDER = Path(__file__).parent
STORAGE = "https://storage.googleapis.com"


def get_page(request: ApiRequest) -> ApiResponse:
    """Returns the page with the result of a share link, for people. No other site may embed it.

    Raises NotFound, LinkExpired, LinkRevoked.
    """
    return _render(request, "page.html.jinja", frame_ancestors="'none'")


def get_embed(request: ApiRequest) -> ApiResponse:
    """Returns the player of a shared video alone, for an iframe on any site.

    Raises NotFound, LinkExpired, LinkRevoked.
    """
    return _render(request, "embed.html.jinja", frame_ancestors="*")


def get_script(_: ApiRequest) -> ApiResponse:
    """Returns the script of the page."""
    return _read_static("share.js").to_response(CACHE_HEADERS)


def get_style(_: ApiRequest) -> ApiResponse:
    """Returns the style sheet of the page."""
    return _read_static("share.css").to_response(CACHE_HEADERS)


def _render(request: ApiRequest, template: str, *, frame_ancestors: str) -> ApiResponse:
    token = request.path_params["token"]
    shared = read_shared_result(request, token)
    is_video = shared.artifact.content_type.startswith("video/")
    if template == "embed.html.jinja" and not is_video:
        raise NotFound("Only a shared video has a player.")
    parts = SharedParts.find(shared)
    page = _environment().get_template(template)
    html = page.render(_values(request, token, shared, parts, is_video=is_video))
    headers = _headers(request.settings, frame_ancestors)
    return StaticContent.compress(html.encode()).to_response(headers)


def _values(
    request: ApiRequest, token: str, shared: SharedResult, parts: SharedParts, *, is_video: bool
) -> dict[str, Any]:
    settings, artifact, job = request.settings, shared.artifact, shared.job
    file_url = f"/v1/media/share/{token}"
    # Captions that are drawn into the pictures would appear twice.
    burned = job.options.get("subtitles") == "burned" or artifact.name.startswith("burned")
    media_url = settings.media_url
    return {
        "title": shared.title,
        "artifact": artifact,
        "is_video": is_video,
        "is_image": artifact.content_type in ("image/png", "image/jpeg"),
        "file_url": file_url,
        "inline_url": f"{file_url}?disposition=inline",
        "poster_url": f"{file_url}/poster" if parts.poster else "",
        "captions_url": f"{file_url}/captions" if parts.captions else "",
        "shows_captions": parts.captions is not None and not burned,
        "language": str(job.options.get("language") or "en").replace("auto", "und"),
        "chapters": read_lines(request, parts.chapters),
        "lines": read_lines(request, parts.captions),
        "expires_at": shared.expires_at,
        "page_url": share_page_url(media_url, token),
        "embed_url": share_embed_url(media_url, token),
        # Previews of links are made by services that keep what they read.
        "preview_url": f"{media_url}{file_url}/poster"
        if parts.poster and not job.scores_faces
        else "",
    }


def _headers(settings: Settings, frame_ancestors: str) -> Mapping[str, str]:
    storage = settings.storage_emulator or STORAGE
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        # Large files are redirected to Cloud Storage.
        "img-src": f"'self' data: {storage}",
        "media-src": f"'self' {storage}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": frame_ancestors,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Robots-Tag": "noindex",
    }


@cache
def _read_static(name: str) -> StaticContent:
    return StaticContent.compress((FOLDER / name).read_bytes())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["size"] = format_size
    return environment
