"""The source of a camera with its user and password, as `camera_secrets/{camera}` stores it."""

from __future__ import annotations

from datetime import datetime

from shared.cameras.camera import secret_path
from shared.cameras.source import Source
from shared.ports.store import JobStore


class StoredSource:
    """Reads the source for each connection, and remembers which one was read last."""

    def __init__(self, store: JobStore, camera_id: str) -> None:
        self._store = store
        self._path = secret_path(camera_id)
        self._stored_at: datetime | None = None

    def read(self) -> Source | None:
        """Returns the source, or None when the camera was deleted."""
        (doc,) = self._store.read([self._path])
        if doc is None:
            return None
        self._stored_at = doc.data["created_at"]
        return Source.from_dict(doc.data["source"])

    def find_replaced_at(self) -> datetime | None:
        """Returns when another source, usually with another password, was stored since the last
        `read`, or None."""
        (doc,) = self._store.read([self._path])
        if doc is None or self._stored_at is None or doc.data["created_at"] == self._stored_at:
            return None
        replaced_at: datetime = doc.data["created_at"]
        return replaced_at
