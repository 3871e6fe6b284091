"""The source of a camera with its user and password, as `camera_secrets/{camera}` stores it."""

from __future__ import annotations

from datetime import datetime

from shared.cameras.camera import Camera
from shared.cameras.camera_secret import read_source, secret_path, source_context
from shared.cameras.source import Source
from shared.flows.encrypted import Decrypt
from shared.ports.store import JobStore


class StoredSource:
    """Reads the source for each connection, and remembers which one was read last."""

    def __init__(self, store: JobStore, camera: Camera, decrypt: Decrypt) -> None:
        self._store = store
        self._path = secret_path(camera.id)
        self._context = source_context(camera.id, camera.owner)
        self._decrypt = decrypt
        self._stored_at: datetime | None = None

    def read(self) -> Source | None:
        """Returns the source, or None when the camera was deleted. Raises KeyUnavailable,
        DecryptionFailed."""
        (doc,) = self._store.read([self._path])
        if doc is None:
            return None
        self._stored_at = doc.data["created_at"]
        return read_source(doc.data, self._context, self._decrypt)

    def find_replaced_at(self) -> datetime | None:
        """Returns when another source, usually with another password, was stored since the last
        `read`, or None."""
        (doc,) = self._store.read([self._path])
        if doc is None or self._stored_at is None or doc.data["created_at"] == self._stored_at:
            return None
        replaced_at: datetime = doc.data["created_at"]
        return replaced_at
