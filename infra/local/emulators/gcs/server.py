"""The state that all parts of the server share."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from infra.local.emulators.gcs.errors import no_such_object
from infra.local.emulators.gcs.storage import objects
from infra.local.emulators.gcs.storage.database import Database
from infra.local.emulators.gcs.storage.files import Content, Files, lock_folder
from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import StoredObjectRow
from infra.local.emulators.gcs.xml_api.signer import Signer

_MAX_COUNTED_OBJECTS = 20_000
"""Maximum number of objects with their own counters. The oldest counters are dropped."""


def _new_counters() -> dict[str, int]:
    return {"bytes_in": 0, "bytes_out": 0}


@dataclass
class Emulator:
    """A running emulator: its folder, database, signer and counters."""

    data_folder: Path
    project: str
    signer: Signer
    base_url: str
    has_pubsub: bool
    bucket_stats: defaultdict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(_new_counters)
    )
    object_stats: defaultdict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(_new_counters)
    )
    outbox_filled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.data_folder.mkdir(parents=True, exist_ok=True)
        self._lock: BinaryIO = lock_folder(self.data_folder)
        self.db = Database(self.data_folder / "metadata.sqlite3")
        self.files = Files(self.data_folder / "bytes")

    async def sweep(self) -> int:
        """Deletes the files of uploads that a crash interrupted. Returns their number."""
        referenced = await self.db.read(objects.list_referenced_files)
        return await asyncio.to_thread(self.files.sweep, referenced)

    def close(self) -> None:
        """Closes the database and releases the folder."""
        self.db.close()
        self._lock.close()

    def count_bytes(self, bucket: str, name: str, *, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """Adds to the counters of a bucket and an object."""
        if len(self.object_stats) >= _MAX_COUNTED_OBJECTS:
            del self.object_stats[next(iter(self.object_stats))]
        for counters in (self.bucket_stats[bucket], self.object_stats[f"{bucket}/{name}"]):
            counters["bytes_in"] += bytes_in
            counters["bytes_out"] += bytes_out

    async def commit(
        self,
        bucket: str,
        name: str,
        content: Content,
        settable: dict[str, Any],
        conditions: Conditions,
        *,
        extra_write: Callable[[Any, StoredObjectRow], None] | None = None,
    ) -> StoredObjectRow:
        """Makes complete content an object. The file is deleted when the conditions fail.

        `extra_write` runs in the same transaction. Raises ApiError.
        """

        def step(tx: Any) -> tuple[StoredObjectRow, str | None]:
            stored, replaced = objects.put(
                tx, bucket, name, content, settable, conditions, self.base_url
            )
            if extra_write is not None:
                extra_write(tx, stored)
            return stored, replaced

        try:
            stored, replaced = await self.db.write(step)
        except Exception:
            # Not on cancellation: the writer may still commit. If not, the sweep deletes the file.
            await asyncio.to_thread(self.files.remove, content.file_id)
            raise
        self.outbox_filled.set()
        if replaced is not None:
            await asyncio.to_thread(self.files.remove, replaced)
        return stored

    async def open_object(
        self, bucket: str, name: str, conditions: Conditions, generation: int | None = None
    ) -> tuple[StoredObjectRow, BinaryIO]:
        """Returns the object and its open file, both of the same generation."""
        # An overwrite may delete the file between the query and the open. Then query again.
        for _ in range(8):
            stored = await self.db.read(
                lambda tx: objects.find(tx, bucket, name, conditions, generation)
            )
            try:
                return stored, await asyncio.to_thread(self.files.path(stored.file_id).open, "rb")
            except FileNotFoundError:
                continue
        raise no_such_object(bucket, name)
