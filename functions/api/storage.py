"""The storage limit of a user, see `shared.runtime.storage`."""

from __future__ import annotations

from shared.errors import StorageFull
from shared.http.request import ApiRequest
from shared.runtime import storage


def free_storage_bytes(request: ApiRequest) -> int:
    """Returns what the user may still store; negative when the limit is exceeded."""
    return storage.free_storage_bytes(request.services.store, request.user.uid, request.settings)


def check_storage(request: ApiRequest, additional_bytes: int) -> None:
    """Raises StorageFull when `additional_bytes` more do not fit."""
    if free_storage_bytes(request) < additional_bytes:
        raise StorageFull
