"""The parameters and the state of a resumable upload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import StoredObjectRow


@dataclass(frozen=True)
class UploadPlan:
    """The parameters of a session, set at its start."""

    bucket: str
    name: str
    settable: dict[str, Any]
    conditions: Conditions
    digests: dict[str, str]
    bounds: tuple[int, int] | None = None
    declared_bytes: int | None = None
    origin: str | None = None


@dataclass(frozen=True)
class UploadProgress:
    """The state of a session: persisted bytes, and the object when the upload is complete."""

    persisted_bytes: int
    stored: StoredObjectRow | None
