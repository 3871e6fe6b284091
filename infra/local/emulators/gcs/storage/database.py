"""The SQLite file that says which buckets and objects exist.

One thread writes, step by step, so that a step never meets another writer; a few read beside it
(WAL). Steps that wait for the writer at the same time are committed together.
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

_MAX_SHARED = 64
"""Steps that one commit may carry."""

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


@dataclass
class _Step:
    """One caller's work on its way through the writer."""

    work: Callable[[sqlite3.Connection], Any]
    done: Future[Any]


class Database:
    """Transactions on the metadata, off the event loop."""

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
        # FULL: an acknowledged object is still there after a power cut, as Google promises.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _write_loop(self) -> None:
        connection = self._connect()
        while (step := self._steps.get()) is not None:
            # Whoever waits already shares this commit: one flush to disk for all of them.
            steps = [step]
            while len(steps) < _MAX_SHARED and not self._steps.empty():
                following = self._steps.get()
                if following is None:
                    self._steps.put(None)
                    break
                steps.append(following)
            self._commit(connection, steps)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, steps: list[_Step]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_run(connection, step) for step in steps]
            connection.execute("COMMIT")
        except BaseException as error:  # a full disk, say: the waiting callers must hear of it
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

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` as one step that is done or, when it raises, undone as a whole.

        Returns once the step is on disk.
        """
        step = _Step(work, Future())
        self._steps.put(step)
        # Shielded: a caller who is cancelled must not cancel what the writer is about to finish.
        result: T = await asyncio.shield(asyncio.wrap_future(step.done))
        return result

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on one consistent snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._look, work)

    def close(self) -> None:
        """Finish what was asked for and stop the threads."""
        self._steps.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)


def _run(connection: sqlite3.Connection, step: _Step) -> tuple[Any, Exception | None]:
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
    """A generation number: microseconds since the epoch, never twice, never going back."""
    row = tx.execute("SELECT value FROM counters WHERE name = 'generation'").fetchone()
    generation = now_us if row is None else max(now_us, int(row["value"]) + 1)
    tx.execute("INSERT OR REPLACE INTO counters VALUES ('generation', ?)", (generation,))
    return generation
