"""Every operation of `downloads`."""

from __future__ import annotations

from typing import Literal

from functions.downloads.openapi import Documentation
from functions.downloads.preview_stream import get_preview
from functions.downloads.stream import DownloadQuery, get_clip, get_result, get_shared_result
from shared.cameras.viewers import NoPictures, TooManyViewers
from shared.errors import SourceExpired
from shared.http.problems import LinkExpired, LinkRevoked, PreconditionFailed, RangeNotSatisfiable
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from shared.http.schemas import ResponseModel


class Health(ResponseModel):
    """It answers."""

    status: Literal["ok"] = "ok"


def health(_request: ApiRequest) -> ApiResponse:
    """Asks no neighbour."""
    return ApiResponse(Health())


DOCUMENTATION = Documentation(lambda: ROUTES)
_ALSO = (206, 302, 304)
_ERRORS = (SourceExpired, PreconditionFailed, RangeNotSatisfiable)

_ROUTES = (
    Route(
        "GET", "/v1/media/jobs/{job_id}/{name}", get_result,
        "The bytes of a result of mine, or of a range of it.",
        query=DownloadQuery, errors=_ERRORS, other_statuses=_ALSO, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/share/{token}", get_shared_result,
        "The bytes of a shared result, without signing in.",
        query=DownloadQuery, sign_in_required=False, errors=(*_ERRORS, LinkExpired, LinkRevoked),
        other_statuses=_ALSO,
        media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/recordings/{recording_id}/clip", get_clip,
        "The bytes of a clip of mine, or of a range of it.",
        query=DownloadQuery, errors=_ERRORS, other_statuses=_ALSO, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/previews/{token}", get_preview,
        "A camera's pictures one after the other, for who has a seat.",
        sign_in_required=False, errors=(LinkExpired, TooManyViewers, NoPictures),
        media_type="multipart/x-mixed-replace",
    ),
    Route(
        "GET", "/v1/media/openapi.json", DOCUMENTATION.get_openapi, "This document.",
        sign_in_required=False,
    ),
    Route("GET", "/v1/media/health", health, "Whether downloads answers.", Health,
    sign_in_required=False),
)  # fmt: skip
ROUTES: tuple[Route, ...] = tuple(one.with_group("Results") for one in _ROUTES)
