"""Resumable uploads of both APIs. Sessions survive lost connections and server restarts.

https://cloud.google.com/storage/docs/performing-resumable-uploads. Bytes that are acknowledged with
`Range` are on disk and in the database. After a restart the digests are recalculated from the file.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict

from infra.local.emulators.gcs.errors import invalid_argument, not_found
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import objects
from infra.local.emulators.gcs.storage.content_range import (
    ContentRange,
    check_offset,
    length_mismatch,
    parse_content_range,
)
from infra.local.emulators.gcs.storage.files import FileWriter
from infra.local.emulators.gcs.storage.integrity import check_digests, check_length
from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, now_us
from infra.local.emulators.gcs.storage.upload_plan import UploadPlan, UploadProgress

MAX_AGE_US = 7 * 24 * 3600 * 1_000_000
"""Lifetime of a session: one week."""
_CHECKPOINT_BYTES = 32 << 20
"""Maximum number of bytes of a long request that a crash can lose."""
_MAX_OPEN_SESSIONS = 64
"""Maximum number of sessions whose file and digests stay open between requests."""


class _OpenSession:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        self.writer: FileWriter | None = None


class UploadSessions:
    """All unfinished resumable uploads."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._open_sessions: OrderedDict[str, _OpenSession] = OrderedDict()

    async def start(self, plan: UploadPlan) -> str:
        """Starts a session. Returns the upload id. Raises 412 when the conditions fail."""
        session_id = secrets.token_urlsafe(48)
        file_id = self._emulator.files.create_id()

        def step(tx: sqlite3.Connection) -> None:
            objects.check_target(tx, plan.bucket, plan.name, plan.conditions)
            tx.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, 0, ?, NULL)",
                (session_id, now_us(), file_id, json.dumps(asdict(plan))),
            )

        await self._emulator.db.write(step)
        return session_id

    async def plan(self, session_id: str) -> UploadPlan:
        """Returns the parameters of a session. Raises 404 when it does not exist."""
        row = await self._read_row(session_id)
        plan = json.loads(row["plan"])
        plan["conditions"] = Conditions(**plan["conditions"])
        plan["bounds"] = tuple(plan["bounds"]) if plan["bounds"] else None
        return UploadPlan(**plan)

    async def _read_row(self, session_id: str) -> sqlite3.Row:
        def find(tx: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = tx.execute(
                "SELECT * FROM sessions WHERE id = ?", (session_id,)
            ).fetchone()
            return row

        row = await self._emulator.db.read(find)
        if row is None or row["created_us"] < now_us() - MAX_AGE_US:
            raise not_found("The upload session was not found, or has expired.")
        return row

    async def cancel(self, session_id: str) -> None:
        """Deletes a session and its bytes."""
        async with self._locked(session_id):
            row = await self._read_row(session_id)
            await self._drop(session_id, row["file_id"] if row["finished"] is None else None)

    async def _drop(self, session_id: str, file_id: str | None) -> None:
        session = self._open_sessions.pop(session_id, None)
        if session is not None and session.writer is not None:
            await session.writer.close()
        await self._emulator.db.write(
            lambda tx: tx.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
        )
        if file_id is not None:
            await asyncio.to_thread(self._emulator.files.remove, file_id)

    @asynccontextmanager
    async def _locked(self, session_id: str) -> AsyncIterator[_OpenSession]:
        """Yields the open session, for one request at a time."""
        session = self._open_sessions.setdefault(session_id, _OpenSession())
        self._open_sessions.move_to_end(session_id)
        session.users += 1
        try:
            async with session.lock:
                yield session
        finally:
            session.users -= 1
            await self._close_idle()

    async def _close_idle(self) -> None:
        idle = [key for key, session in self._open_sessions.items() if session.users == 0]
        for key in idle[: max(len(self._open_sessions) - _MAX_OPEN_SESSIONS, 0)]:
            writer = self._open_sessions.pop(key).writer
            if writer is not None:
                await writer.close()

    async def put(
        self,
        session_id: str,
        content_range: str | None,
        length: int | None,
        chunks: AsyncIterator[bytes],
        digests: Mapping[str, str],
    ) -> UploadProgress:
        """Handles a chunk, a complete body (no Content-Range) or a status probe."""
        async with self._locked(session_id) as session:
            row = await self._read_row(session_id)
            if row["finished"] is not None:
                return UploadProgress(0, StoredObjectRow(**json.loads(row["finished"])))
            plan = await self.plan(session_id)
            if session.writer is None:
                writer = FileWriter(self._emulator.files, row["file_id"])
                await asyncio.to_thread(writer.resume, row["persisted_bytes"])
                session.writer = writer
            writer = session.writer
            span = parse_content_range(content_range, length)
            self._check(span, plan, writer, length)
            if span.first is not None:
                try:
                    await self._receive(session_id, plan, writer, span, chunks)
                except BaseException:
                    # The next request resumes from the persisted file and its row.
                    session.writer = None
                    await writer.close()
                    raise
            end = writer.size_bytes
            is_whole_body = span.first is not None and span.last is None
            if not is_whole_body and end != span.total:
                return UploadProgress(end, None)
            return await self._finish(session_id, plan, writer, digests)

    def _check(
        self, span: ContentRange, plan: UploadPlan, writer: FileWriter, length: int | None
    ) -> None:
        check_offset(span, writer.size_bytes, length)
        if span.total is not None:
            check_length(span.total, plan.bounds, final=True)
            if plan.declared_bytes not in (None, span.total) or span.total < writer.size_bytes:
                raise invalid_argument("The total size does not match the announced size.")

    async def _receive(
        self,
        session_id: str,
        plan: UploadPlan,
        writer: FileWriter,
        span: ContentRange,
        chunks: AsyncIterator[bytes],
    ) -> None:
        skip = writer.size_bytes - (span.first or 0)
        persisted = writer.size_bytes
        received = 0
        is_complete = False
        try:
            async for chunk in chunks:
                received += len(chunk)
                self._emulator.count_bytes(plan.bucket, plan.name, bytes_in=len(chunk))
                # Bytes that overlap persisted bytes are ignored, as documented.
                new_bytes = chunk[skip:]
                skip = max(skip - len(chunk), 0)
                check_length(writer.size_bytes + len(new_bytes), plan.bounds, final=False)
                await writer.write(new_bytes)
                if writer.size_bytes - persisted >= _CHECKPOINT_BYTES:
                    persisted = await self._checkpoint(session_id, writer)
            if span.last is not None and received != span.last - (span.first or 0) + 1:
                raise length_mismatch(received, span)
            is_complete = span.total == writer.size_bytes or span.last is None
        finally:
            # Also after a lost connection: complete multiples are persisted, the rest is dropped.
            if not is_complete:
                await self._checkpoint(session_id, writer)
                writer.drop_pending()

    async def _checkpoint(self, session_id: str, writer: FileWriter) -> int:
        persisted = await writer.persist()
        await self._emulator.db.write(
            lambda tx: tx.execute(
                "UPDATE sessions SET persisted_bytes = ? WHERE id = ?", (persisted, session_id)
            )
        )
        return persisted

    async def _finish(
        self, session_id: str, plan: UploadPlan, writer: FileWriter, digests: Mapping[str, str]
    ) -> UploadProgress:
        try:
            check_length(writer.size_bytes, plan.bounds, final=True)
            content = await writer.finish()
            # The digests of the last chunk do not replace those that the start declared.
            check_digests(plan.digests, content)
            check_digests(digests, content)

            def save_result(tx: sqlite3.Connection, stored: StoredObjectRow) -> None:
                # A client that missed the response repeats it with a probe.
                tx.execute(
                    "UPDATE sessions SET finished = ? WHERE id = ?",
                    (json.dumps(vars(stored)), session_id),
                )

            stored = await self._emulator.commit(
                plan.bucket,
                plan.name,
                content,
                plan.settable,
                plan.conditions,
                extra_write=save_result,
            )
        except Exception:
            await self._drop(session_id, writer.file_id)
            raise
        self._open_sessions.pop(session_id, None)
        return UploadProgress(stored.size_bytes, stored)


def delete_expired_sessions(tx: sqlite3.Connection) -> None:
    """Deletes expired sessions. The following sweep deletes their files."""
    tx.execute("DELETE FROM sessions WHERE created_us < ?", (now_us() - MAX_AGE_US,))
