"""The health check of an HTTPS function."""

from __future__ import annotations

from typing import Literal

from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel

LIMIT_EXEMPTION = "It reads nothing, and answers while Firestore, which counts, is unavailable."
"""Why requests to a health route count against no policy."""


class Health(ResponseModel):
    """The API responds."""

    status: Literal["ok"] = "ok"


def health(_request: ApiRequest) -> ApiResponse:
    """Responds without calling Firestore or any other service: restarting the API would not
    repair those."""
    return ApiResponse(Health())


def healthz(request: ApiRequest) -> ApiResponse:
    """The same as `/v1/health`, at the path that probes commonly use."""
    return health(request)
