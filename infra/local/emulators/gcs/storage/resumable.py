"""Resumable uploads of both APIs: sessions that outlive connections and the server itself.

https://cloud.google.com/storage/docs/performing-resumable-uploads. What is acknowledged with
`Range` is on disk and in the database; behind a restart the digests are read back from the file.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from infra.local.emulators.gcs.errors import ApiError, invalid_argument, not_found
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import objects
from infra.local.emulators.gcs.storage.files import FileWriter
from infra.local.emulators.gcs.storage.integrity import check_digests, check_length
from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, now_us

MAX_AGE_US = 7 * 24 * 3600 * 1_000_000
"""A session's life: one week."""
_CHECKPOINT_BYTES = 32 << 20
"""How much of one long request may be lost to a crash."""
_MAX_LIVE = 64
"""Sessions whose file and running digests are kept open between requests."""

_RANGE = re.compile(r"bytes (?:\*|(\d{1,18})-(\d{1,18}))/(\*|\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class UploadPlan:
    """What the start of a session laid down."""

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
    """Where a session stands: bytes persisted, and the object once it is there."""

    persisted_bytes: int
    stored: StoredObjectRow | None


@dataclass(frozen=True)
class _Span:
    """A parsed Content-Range: `first` None is a probe, `last` None a body to its end."""

    first: int | None
    last: int | None
    total: int | None


class _Live:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        self.sink: FileWriter | None = None


class UploadSessions:
    """All resumable uploads under way."""

    def __init__(self, emulator: Emulator) -> None:
        self._stand = emulator
        self._live: OrderedDict[str, _Live] = OrderedDict()

    async def start(self, plan: UploadPlan) -> str:
        """Open a session once the target's conditions hold; returns the upload id."""
        session_id = secrets.token_urlsafe(48)
        file_id = self._stand.files.create_id()

        def step(tx: sqlite3.Connection) -> None:
            objects.check_target(tx, plan.bucket, plan.name, plan.conditions)
            tx.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, 0, ?, NULL)",
                (session_id, now_us(), file_id, json.dumps(asdict(plan))),
            )

        await self._stand.db.write(step)
        return session_id

    async def plan(self, session_id: str) -> UploadPlan:
        """What was laid down for the session; 404 when there is none."""
        row = await self._row(session_id)
        found = json.loads(row["plan"])
        found["conditions"] = Conditions(**found["conditions"])
        found["bounds"] = tuple(found["bounds"]) if found["bounds"] else None
        return UploadPlan(**found)

    async def _row(self, session_id: str) -> sqlite3.Row:
        def look(tx: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = tx.execute(
                "SELECT * FROM sessions WHERE id = ?", (session_id,)
            ).fetchone()
            return row

        row = await self._stand.db.read(look)
        if row is None or row["created_us"] < now_us() - MAX_AGE_US:
            raise not_found("The upload session was not found, or has expired.")
        return row

    async def cancel(self, session_id: str) -> None:
        """Forget the session and its bytes."""
        async with self._held(session_id):
            row = await self._row(session_id)
            await self._drop(session_id, row["file_id"] if row["finished"] is None else None)

    async def _drop(self, session_id: str, file_id: str | None) -> None:
        live = self._live.pop(session_id, None)
        if live is not None and live.sink is not None:
            await live.sink.close()
        await self._stand.db.write(
            lambda tx: tx.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
        )
        if file_id is not None:
            await asyncio.to_thread(self._stand.files.remove, file_id)

    @asynccontextmanager
    async def _held(self, session_id: str) -> AsyncIterator[_Live]:
        """The session's live half, for one request at a time."""
        live = self._live.setdefault(session_id, _Live())
        self._live.move_to_end(session_id)
        live.users += 1
        try:
            async with live.lock:
                yield live
        finally:
            live.users -= 1
            await self._close_idle()

    async def _close_idle(self) -> None:
        idle = [key for key, live in self._live.items() if live.users == 0]
        for key in idle[: max(len(self._live) - _MAX_LIVE, 0)]:
            sink = self._live.pop(key).sink
            if sink is not None:
                await sink.close()

    async def put(
        self,
        session_id: str,
        content_range: str | None,
        length: int | None,
        chunks: AsyncIterator[bytes],
        digests: Mapping[str, str],
    ) -> UploadProgress:
        """Take a chunk, a whole body (no Content-Range) or a status probe."""
        async with self._held(session_id) as live:
            row = await self._row(session_id)
            if row["finished"] is not None:
                return UploadProgress(0, StoredObjectRow(**json.loads(row["finished"])))
            plan = await self.plan(session_id)
            if live.sink is None:
                sink = FileWriter(self._stand.files, row["file_id"])
                await asyncio.to_thread(sink.resume, row["persisted_bytes"])
                live.sink = sink
            sink = live.sink
            span = _parse(content_range, length)
            self._check(span, plan, sink, length)
            if span.first is not None:
                try:
                    await self._take_bytes(session_id, plan, sink, span, chunks)
                except BaseException:
                    # Whatever went wrong, the file and its row say what is left to go on from.
                    live.sink = None
                    await sink.close()
                    raise
            end = sink.size_bytes
            whole_body = span.first is not None and span.last is None
            if not whole_body and end != span.total:
                return UploadProgress(end, None)
            return await self._finish(session_id, plan, sink, digests)

    def _check(self, span: _Span, plan: UploadPlan, sink: FileWriter, length: int | None) -> None:
        have = sink.size_bytes
        if span.first is not None and span.first > have:
            raise ApiError(
                503,
                "backendError",
                "ServiceUnavailable",
                "Invalid request.  According to the Content-Range header, the upload offset is "
                f"{span.first} byte(s), which exceeds already uploaded size of {have} byte(s).",
            )
        given = None if span.last is None else span.last - (span.first or 0) + 1
        if given is not None and length not in (None, given):
            raise _wrong_length(length, span)
        if span.total is not None:
            check_length(span.total, plan.bounds, final=True)
            if plan.declared_bytes not in (None, span.total) or span.total < have:
                raise invalid_argument("The total size does not fit what was announced before.")

    async def _take_bytes(
        self,
        session_id: str,
        plan: UploadPlan,
        sink: FileWriter,
        span: _Span,
        chunks: AsyncIterator[bytes],
    ) -> None:
        skip = sink.size_bytes - (span.first or 0)
        safe = sink.size_bytes
        received = 0
        whole = False
        try:
            async for chunk in chunks:
                received += len(chunk)
                self._stand.count_bytes(plan.bucket, plan.name, bytes_in=len(chunk))
                # What overlaps bytes already persisted is ignored, as documented.
                fresh = chunk[skip:]
                skip = max(skip - len(chunk), 0)
                check_length(sink.size_bytes + len(fresh), plan.bounds, final=False)
                await sink.write(fresh)
                if sink.size_bytes - safe >= _CHECKPOINT_BYTES:
                    safe = await self._checkpoint(session_id, sink)
            if span.last is not None and received != span.last - (span.first or 0) + 1:
                raise _wrong_length(received, span)
            whole = span.total == sink.size_bytes or span.last is None
        finally:
            # Also when the connection broke: whole grains are kept, the torn rest is not.
            if not whole:
                await self._checkpoint(session_id, sink)
                sink.drop_pending()

    async def _checkpoint(self, session_id: str, sink: FileWriter) -> int:
        safe = await sink.persist()
        await self._stand.db.write(
            lambda tx: tx.execute(
                "UPDATE sessions SET persisted_bytes = ? WHERE id = ?", (safe, session_id)
            )
        )
        return safe

    async def _finish(
        self, session_id: str, plan: UploadPlan, sink: FileWriter, digests: Mapping[str, str]
    ) -> UploadProgress:
        try:
            check_length(sink.size_bytes, plan.bounds, final=True)
            content = await sink.finish()
            check_digests({**plan.digests, **digests}, content)

            def remember(tx: sqlite3.Connection, stored: StoredObjectRow) -> None:
                # A lost answer is asked for again with a probe: it must be found.
                tx.execute(
                    "UPDATE sessions SET finished = ? WHERE id = ?",
                    (json.dumps(vars(stored)), session_id),
                )

            stored = await self._stand.commit(
                plan.bucket,
                plan.name,
                content,
                plan.settable,
                plan.conditions,
                extra_write=remember,
            )
        except Exception:
            await self._drop(session_id, sink.file_id)
            raise
        self._live.pop(session_id, None)
        return UploadProgress(stored.size_bytes, stored)


def _wrong_length(length: int | None, span: _Span) -> ApiError:
    wanted = (span.last or 0) - (span.first or 0) + 1
    return invalid_argument(
        f"Invalid request.  There were {length} byte(s) in the request body.  There should have "
        f"been {wanted} byte(s) (starting at offset {span.first} and ending at offset {span.last}) "
        "according to the Content-Range header."
    )


def _parse(content_range: str | None, length: int | None) -> _Span:
    if content_range is None:
        return _Span(0, None, length)
    match = _RANGE.fullmatch(content_range.strip())
    if match is None:
        raise invalid_argument(f"Failed to parse Content-Range header: {content_range[:80]}")
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return _Span(None, None, total)
    first, last = int(match[1]), int(match[2])
    if last < first or (total is not None and last >= total):
        raise invalid_argument(f"Failed to parse Content-Range header: {content_range[:80]}")
    return _Span(first, last, total)


def delete_expired_sessions(tx: sqlite3.Connection) -> None:
    """Drop sessions past their week; the sweep that follows takes their bytes."""
    tx.execute("DELETE FROM sessions WHERE created_us < ?", (now_us() - MAX_AGE_US,))
