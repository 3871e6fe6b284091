"""Every operation of `downloads`."""

from __future__ import annotations

from typing import Literal

from functions.downloads.openapi import Documentation
from functions.downloads.preview_stream import get_preview
from functions.downloads.stream import MediaQuery, get_clip, get_own, get_shared
from shared.cameras.viewers import NoPictures, TooManyViewers
from shared.errors import SourceExpired
from shared.http.problems import LinkExpired, LinkRevoked, PreconditionFailed, RangeNotSatisfiable
from shared.http.request import Answer, Call
from shared.http.routing import Route
from shared.http.schemas import Told


class Health(Told):
    """It answers."""

    status: Literal["ok"] = "ok"


def health(_call: Call) -> Answer:
    """Asks no neighbour."""
    return Answer(Health())


DOCUMENTATION = Documentation(lambda: ROUTES)
_ALSO = (206, 302, 304)
_ERRORS = (SourceExpired, PreconditionFailed, RangeNotSatisfiable)

_ROUTES = (
    Route(
        "GET", "/v1/media/jobs/{job_id}/{name}", get_own,
        "The bytes of a result of mine, or of a range of it.",
        query=MediaQuery, errors=_ERRORS, also=_ALSO, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/share/{token}", get_shared,
        "The bytes of a shared result, without signing in.",
        query=MediaQuery, signed_in=False, errors=(*_ERRORS, LinkExpired, LinkRevoked), also=_ALSO,
        media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/recordings/{recording_id}/clip", get_clip,
        "The bytes of a clip of mine, or of a range of it.",
        query=MediaQuery, errors=_ERRORS, also=_ALSO, media_type="*/*",
    ),
    Route(
        "GET", "/v1/media/previews/{token}", get_preview,
        "A camera's pictures one after the other, for who has a seat.",
        signed_in=False, errors=(LinkExpired, TooManyViewers, NoPictures),
        media_type="multipart/x-mixed-replace",
    ),
    Route(
        "GET", "/v1/media/openapi.json", DOCUMENTATION.get_openapi, "This document.",
        signed_in=False,
    ),
    Route("GET", "/v1/media/health", health, "Whether downloads answers.", Health, signed_in=False),
)  # fmt: skip
ROUTES: tuple[Route, ...] = tuple(one.of_group("Results") for one in _ROUTES)
