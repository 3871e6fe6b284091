"""Whether the API answers."""

from __future__ import annotations

from typing import Literal

from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel


class Health(ResponseModel):
    """It does."""

    status: Literal["ok"] = "ok"


def health(_request: ApiRequest) -> ApiResponse:
    """Asks no neighbour: a ledger that is away is not mended by starting us again."""
    return ApiResponse(Health())


def healthz(request: ApiRequest) -> ApiResponse:
    """The same under the name that probes look for."""
    return health(request)
