"""The SQLite file that says which buckets and objects exist.

One thread writes, so a transaction never meets another writer; a few read beside it (WAL).
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
  name TEXT PRIMARY KEY, metageneration INTEGER NOT NULL, created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL, settable TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
  bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL,
  metageneration INTEGER NOT NULL, file_id TEXT NOT NULL, size_bytes INTEGER NOT NULL,
  md5 TEXT, crc32c TEXT NOT NULL, component_count INTEGER, created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL, settable TEXT NOT NULL,
  PRIMARY KEY (bucket, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, created_us INTEGER NOT NULL, file_id TEXT NOT NULL,
  persisted_bytes INTEGER NOT NULL, plan TEXT NOT NULL, finished TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notification_configs (
  bucket TEXT NOT NULL, id INTEGER NOT NULL, settable TEXT NOT NULL,
  PRIMARY KEY (bucket, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, created_us INTEGER NOT NULL, topic TEXT NOT NULL,
  message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Database:
    """Transactions on the metadata, off the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, "gcs-write")
        self._readers = ThreadPoolExecutor(2, "gcs-read")
        self._local = threading.local()
        connection = self._connect()
        connection.executescript(_SCHEMA)
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: an acknowledged object is still there after a power cut, as Google promises.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _mine(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _transact(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._mine()
        connection.execute(begin)
        try:
            result = work(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction; it is undone as a whole when `work` raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._transact, "BEGIN IMMEDIATE", work)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on one consistent snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._transact, "BEGIN", work)

    def close(self) -> None:
        """Wait for running transactions and stop the threads."""
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)


def next_generation(tx: sqlite3.Connection, now_us: int) -> int:
    """A generation number: microseconds since the epoch, never twice, never going back."""
    row = tx.execute("SELECT value FROM counters WHERE name = 'generation'").fetchone()
    generation = now_us if row is None else max(now_us, int(row["value"]) + 1)
    tx.execute("INSERT OR REPLACE INTO counters VALUES ('generation', ?)", (generation,))
    return generation
