"""The state of a batch in its folder, which survives the end of the process at any time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import uuid
from collections.abc import Collection
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from moodreel.errors import MoodreelError
from moodreel.files.names import numbered_name

STATE_FILE = ".moodreel-batch.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS digests (
  path TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS items (key TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS folders (name TEXT PRIMARY KEY, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch (id TEXT NOT NULL);
"""


class FolderInUse(MoodreelError):
    """Another batch writes to the folder."""


class ItemState(StrEnum):
    """How far a file is."""

    UNFINISHED = "unfinished"
    """Its job may exist: the next run continues it."""
    DONE = "done"
    """Its results are saved."""
    FAILED = "failed"


@dataclass(frozen=True)
class ItemRecord:
    """What is known of a file of a batch.

    Attributes:
        folder: Folder of its results, relative to that of the batch.
        results: Name and size of each saved result.
        attempt: Number of the job, from 0: a failed one is replaced when the batch runs again.
        seconds: From the creation of the job to its end.
        deleted: Whether the job was deleted once its results were saved.
    """

    folder: str
    state: ItemState = ItemState.UNFINISHED
    job: str = ""
    attempt: int = 0
    code: str = ""
    message: str = ""
    seconds: float = 0.0
    results: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = ()
    deleted: bool = False


class BatchStore:
    """The records of a batch in an SQLite file. Threads can share it; processes cannot. `id` is
    random and stays.

    Raises:
        FolderInUse: Another process has the file open.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            folder / STATE_FILE, timeout=0.5, isolation_level=None, check_same_thread=False
        )
        try:
            # The lock is held until the process ends, however it ends.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("BEGIN EXCLUSIVE")
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            if self._db.execute("SELECT id FROM batch").fetchone() is None:
                self._db.execute("INSERT INTO batch VALUES (?)", (uuid.uuid4().hex,))
            (self.id,) = self._db.execute("SELECT id FROM batch").fetchone()
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._db.close()
            raise FolderInUse(f"Another batch writes to {folder}.") from error

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    def find(self, key: str) -> ItemRecord | None:
        """Returns the record of a key, or None."""
        row = self._fetch("SELECT record FROM items WHERE key = ?", key)
        if row is None:
            return None
        fields = json.loads(row[0])
        fields["state"] = ItemState(fields["state"])
        fields["results"] = tuple((name, size) for name, size in fields["results"])
        fields["warnings"] = tuple(fields["warnings"])
        return ItemRecord(**fields)

    def save(self, key: str, record: ItemRecord) -> None:
        """Stores the record of a key."""
        self._execute("REPLACE INTO items VALUES (?, ?)", key, json.dumps(asdict(record)))

    def reserve_folder(self, key: str, name: str, keys: Collection[str]) -> str:
        """Returns the folder of the results of a key: `name`, or with a number if another file of
        the batch has it. The folder of a file that is not in the batch any more is taken over:
        its results are deleted.

        Args:
            keys: The keys of all files of this run.
        """
        number = 1
        while True:
            folder = numbered_name(name, number)
            row = self._fetch("SELECT key FROM folders WHERE name = ?", folder.casefold())
            owner = None if row is None else str(row[0])
            if owner not in (None, key) and owner not in keys:
                self._delete_results(owner)
                owner = None
            if owner in (None, key):
                self._execute("REPLACE INTO folders VALUES (?, ?)", folder.casefold(), key)
                return folder
            number += 1

    def _delete_results(self, key: str) -> None:
        record = self.find(key)
        if record is None:
            return
        for name, size_bytes in record.results:
            path = self._folder / record.folder / name
            if path.is_file() and path.stat().st_size == size_bytes:
                path.unlink()
        self._execute("DELETE FROM items WHERE key = ?", key)

    def digest(self, path: Path) -> str:
        """Returns the SHA-256 of a file. Reads the file only if its size or time has changed."""
        stat = path.stat()
        name = str(path.resolve())
        row = self._fetch("SELECT size_bytes, mtime_ns, sha256 FROM digests WHERE path = ?", name)
        if row is not None and row[:2] == (stat.st_size, stat.st_mtime_ns):
            return str(row[2])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._execute(
            "REPLACE INTO digests VALUES (?, ?, ?, ?)", name, stat.st_size, stat.st_mtime_ns, digest
        )
        return digest

    def _fetch(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock, closing(self._db.execute(statement, values)) as cursor:
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row

    def _execute(self, statement: str, *values: object) -> None:
        with self._lock:
            self._db.execute(statement, values).close()
