"""The SQLite database of buckets, objects, sessions and the outbox.

One thread executes all writes, so that there are no write conflicts. Other threads read at the same
time (WAL). Waiting write steps are committed together.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_MAX_STEPS_PER_COMMIT = 64
"""Maximum number of steps in one commit."""

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
CREATE TABLE IF NOT EXISTS multipart_uploads (
  id TEXT PRIMARY KEY, created_us INTEGER NOT NULL, bucket TEXT NOT NULL, name TEXT NOT NULL,
  settable TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS multipart_parts (
  upload_id TEXT NOT NULL, number INTEGER NOT NULL, file_id TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, md5 TEXT NOT NULL,
  PRIMARY KEY (upload_id, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notification_configs (
  bucket TEXT NOT NULL, id INTEGER NOT NULL, settable TEXT NOT NULL,
  PRIMARY KEY (bucket, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, created_us INTEGER NOT NULL, topic TEXT NOT NULL,
  message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass
class _Step:
    """One write of a caller, with the future for its result."""

    work: Callable[[sqlite3.Connection], Any]
    done: Future[Any]


class Database:
    """Runs transactions on the metadata outside the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        connection = self._connect()
        connection.executescript(_SCHEMA)
        connection.close()
        self._steps: SimpleQueue[_Step | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write_loop, name="gcs-write")
        self._writer.start()
        self._readers = ThreadPoolExecutor(2, "gcs-read")
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: an acknowledged object survives a power failure, as Google guarantees.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _write_loop(self) -> None:
        connection = self._connect()
        while (step := self._steps.get()) is not None:
            # All waiting steps share this commit, and so one flush to disk.
            steps = [step]
            while len(steps) < _MAX_STEPS_PER_COMMIT and not self._steps.empty():
                next_step = self._steps.get()
                if next_step is None:
                    self._steps.put(None)
                    break
                steps.append(next_step)
            self._commit(connection, steps)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, steps: list[_Step]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_run_step(connection, step) for step in steps]
            connection.execute("COMMIT")
        except BaseException as error:  # such as a full disk: all callers get the error
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for step in steps:
                step.done.set_exception(error)
            return
        for step, (result, failure) in zip(steps, outcomes, strict=True):
            if failure is not None:
                step.done.set_exception(failure)
            else:
                step.done.set_result(result)

    def _run_read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` atomically: if it raises, all its changes are rolled back.

        Returns its result when the changes are on disk.
        """
        step = _Step(work, Future())
        self._steps.put(step)
        # Shielded: cancelling the caller must not cancel a step that the writer executes.
        result: T = await asyncio.shield(asyncio.wrap_future(step.done))
        return result

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` on a consistent snapshot. Returns its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._run_read, work)

    def close(self) -> None:
        """Finishes pending steps and stops the threads."""
        self._steps.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)


def _run_step(connection: sqlite3.Connection, step: _Step) -> tuple[Any, Exception | None]:
    connection.execute("SAVEPOINT step")
    try:
        result = step.work(connection)
    except Exception as error:
        connection.execute("ROLLBACK TO step")
        connection.execute("RELEASE step")
        return None, error
    connection.execute("RELEASE step")
    return result, None


def next_generation(tx: sqlite3.Connection, now_us: int) -> int:
    """Returns a new generation number: microseconds since the epoch, strictly increasing."""
    row = tx.execute("SELECT value FROM counters WHERE name = 'generation'").fetchone()
    generation = now_us if row is None else max(now_us, int(row["value"]) + 1)
    tx.execute("INSERT OR REPLACE INTO counters VALUES ('generation', ?)", (generation,))
    return generation
