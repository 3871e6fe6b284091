"""All routes of `downloads`."""

from __future__ import annotations

from functions.downloads.preview_stream import get_preview
from functions.downloads.share_page.page import get_embed, get_page, get_script, get_style
from functions.downloads.stream import (
    DownloadQuery,
    get_clip,
    get_result,
    get_shared_captions,
    get_shared_poster,
    get_shared_result,
)
from shared.api_keys import Resource
from shared.cameras.viewers import NoPictures, TooManyViewers
from shared.cameras.watched import TooManyWatchedCameras
from shared.errors import SourceExpired
from shared.http.health import LIMIT_EXEMPTION, Health, health
from shared.http.openapi.documentation import Documentation
from shared.http.problems import LinkExpired, LinkRevoked, PreconditionFailed, RangeNotSatisfiable
from shared.http.routing import Route

DOCUMENTATION = Documentation(
    "Moodreel media",
    "Downloads of results and clips, whole or in ranges, and camera previews.",
    lambda: ROUTES,
)
_OTHER_STATUSES = (206, 302, 304)
_DOWNLOAD_ERRORS = (SourceExpired, PreconditionFailed, RangeNotSatisfiable)

_ROUTES = (
    Route(
        "GET", "/v1/media/jobs/{job_id}/{name}", get_result,
        "Download a result of your job, or a range of it.",
        query=DownloadQuery, errors=_DOWNLOAD_ERRORS, other_statuses=_OTHER_STATUSES,
        media_type="*/*", key_resource=Resource.JOBS,
    ),
    Route(
        "GET", "/v1/media/share/{token}", get_shared_result,
        "Download a shared result, without signing in.",
        query=DownloadQuery, sign_in_required=False,
        errors=(*_DOWNLOAD_ERRORS, LinkExpired, LinkRevoked),
        other_statuses=_OTHER_STATUSES, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/share/{token}/page", get_page,
        "Open the page of a share link, without signing in.",
        sign_in_required=False, errors=(LinkExpired, LinkRevoked), media_type="text/html",
    ),
    Route(
        "GET", "/v1/media/share/{token}/embed", get_embed,
        "Open the player of a shared video, which other sites may embed.",
        sign_in_required=False, errors=(LinkExpired, LinkRevoked), media_type="text/html",
    ),
    Route(
        "GET", "/v1/media/share/{token}/poster", get_shared_poster,
        "Get the poster of a shared film.",
        query=DownloadQuery, sign_in_required=False,
        errors=(*_DOWNLOAD_ERRORS, LinkExpired, LinkRevoked),
        other_statuses=_OTHER_STATUSES, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/share/{token}/captions", get_shared_captions,
        "Get the captions of a shared video.",
        query=DownloadQuery, sign_in_required=False,
        errors=(*_DOWNLOAD_ERRORS, LinkExpired, LinkRevoked),
        other_statuses=_OTHER_STATUSES, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/page/share.js", get_script, "Get the script of the page.",
        sign_in_required=False, media_type="text/javascript",
    ),
    Route(
        "GET", "/v1/media/page/share.css", get_style, "Get the style sheet of the page.",
        sign_in_required=False, media_type="text/css",
    ),
    Route(
        "GET", "/v1/media/recordings/{recording_id}/clip", get_clip,
        "Download the clip of your recording, or a range of it.",
        query=DownloadQuery, errors=_DOWNLOAD_ERRORS, other_statuses=_OTHER_STATUSES,
        media_type="*/*", key_resource=Resource.CAMERAS,
    ),
    Route(
        "GET", "/v1/media/previews/{token}", get_preview,
        "Stream a camera's preview pictures to the holder of a preview token.",
        sign_in_required=False,
        errors=(LinkExpired, TooManyViewers, TooManyWatchedCameras, NoPictures),
        media_type="multipart/x-mixed-replace",
    ),
    Route(
        "GET", "/v1/media/openapi.json", DOCUMENTATION.get_openapi, "Get this OpenAPI document.",
        sign_in_required=False,
    ),
    Route("GET", "/v1/media/health", health, "Check that the function responds.", Health,
          sign_in_required=False, limit_exemption=LIMIT_EXEMPTION),
)  # fmt: skip
ROUTES: tuple[Route, ...] = tuple(route.with_group("Results") for route in _ROUTES)
