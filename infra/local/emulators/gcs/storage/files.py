"""Object bytes on disk, under names of our own: an object's name never becomes a path."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import google_crc32c

BLOCK_BYTES = 1 << 20
"""Bodies are hashed and written in blocks of this size: what one upload costs in memory."""

CHUNK_MULTIPLE_BYTES = 256 * 1024
"""A resumable upload persists multiples of this much until its last byte has come."""


@dataclass(frozen=True)
class Content:
    """Bytes at rest: which file, how many, and their digests in base64."""

    file_id: str
    size_bytes: int
    md5: str | None
    crc32c: str
    component_count: int | None = None


class Files:
    """The folder of immutable byte files. A file counts once a transaction names it."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root

    def path(self, file_id: str) -> Path:
        """Where the bytes of `file_id` lie."""
        return self._root / file_id[:2] / file_id

    def create_id(self) -> str:
        """An unused id, its folder made."""
        file_id = secrets.token_hex(16)
        self.path(file_id).parent.mkdir(exist_ok=True)
        return file_id

    def remove(self, file_id: str) -> None:
        """Unlink; whoever has it open reads on to the end."""
        self.path(file_id).unlink(missing_ok=True)

    def link(self, file_id: str) -> str:
        """The same bytes under a second id, without copying (files never change)."""
        twin = self.create_id()
        os.link(self.path(file_id), self.path(twin))
        return twin

    def sweep(self, referenced: Iterable[str]) -> int:
        """Remove what a crash left behind: every file that no row names. Returns how many."""
        wanted = set(referenced)
        orphans = [p for p in self._root.glob("??/*") if p.name not in wanted]
        for orphan in orphans:
            orphan.unlink()
        return len(orphans)


class FileWriter:
    """Writes one file while it is received, hashing as it goes.

    Hashing and writing run in a thread, one block at a time, while the next block is received.
    """

    def __init__(self, files: Files, file_id: str, *, sha256: bool = False) -> None:
        self.file_id = file_id
        self._files = files
        self._pending = bytearray()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256() if sha256 else None
        self._crc32c = 0
        self._file: BinaryIO | None = None
        self._writing: asyncio.Task[None] | None = None
        self.size_bytes = 0
        """Bytes taken so far, those not yet written included."""

    def resume(self, persisted_bytes: int) -> None:
        """Open at `persisted_bytes`, cutting off what lies behind and reading back the digests."""
        path = self._files.path(self.file_id)
        path.touch()
        self._file = path.open("r+b")
        self._file.truncate(persisted_bytes)
        while chunk := self._file.read(BLOCK_BYTES):
            self._digest(chunk)
            self.size_bytes += len(chunk)
        if self.size_bytes != persisted_bytes:
            raise OSError(f"{self.file_id}: {self.size_bytes} of {persisted_bytes} bytes left")

    def _digest(self, data: bytes) -> None:
        self._md5.update(data)
        if self._sha256 is not None:
            self._sha256.update(data)
        self._crc32c = google_crc32c.extend(self._crc32c, data)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._files.path(self.file_id).open("xb")
        self._digest(data)
        self._file.write(data)

    async def write(self, chunk: bytes) -> None:
        """Take a chunk; waits when two blocks are unwritten (that is the back-pressure)."""
        self._pending += chunk
        self.size_bytes += len(chunk)
        while len(self._pending) >= BLOCK_BYTES:
            block = bytes(self._pending[:BLOCK_BYTES])
            del self._pending[:BLOCK_BYTES]
            await self._join()
            self._writing = asyncio.create_task(asyncio.to_thread(self._write, block))

    async def _join(self) -> None:
        task, self._writing = self._writing, None
        if task is not None:
            await task

    def _settle(self, grain_bytes: int) -> None:
        ready = len(self._pending) // grain_bytes * grain_bytes
        self._write(bytes(self._pending[:ready]))
        del self._pending[:ready]
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    async def persist(self) -> int:
        """Bring whole grains to disk; returns how many bytes are safe. The rest stays pending."""
        await self._join()
        await asyncio.to_thread(self._settle, CHUNK_MULTIPLE_BYTES)
        return self.size_bytes - len(self._pending)

    def drop_pending(self) -> None:
        """Forget the bytes that are not on disk, as if they had not been sent."""
        self.size_bytes -= len(self._pending)
        self._pending.clear()

    async def finish(self) -> Content:
        """Bring everything to disk and close."""
        await self._join()
        await asyncio.to_thread(self._settle, 1)
        await self.close()
        return Content(
            file_id=self.file_id,
            size_bytes=self.size_bytes,
            md5=base64.b64encode(self._md5.digest()).decode(),
            crc32c=_in_base64(self._crc32c),
        )

    @property
    def sha256_hex(self) -> str:
        """SHA-256 of what was written, if it was asked for."""
        return self._sha256.hexdigest() if self._sha256 is not None else ""

    async def close(self) -> None:
        """Close the file; its bytes stay."""
        # A block that a thread still writes must not meet a closed file.
        with contextlib.suppress(OSError):
            await self._join()
        if self._file is not None:
            self._file.close()
            self._file = None

    async def discard(self) -> None:
        """Close and remove."""
        await self.close()
        await asyncio.to_thread(self._files.remove, self.file_id)


def _in_base64(crc32c: int) -> str:
    return base64.b64encode(crc32c.to_bytes(4, "big")).decode()


def concatenate(files: Files, sources: list[str]) -> tuple[str, int, str]:
    """Copy `sources` one behind the other into a new file: (file_id, size in bytes, crc32c)."""
    file_id = files.create_id()
    crc32c = 0
    size_bytes = 0
    with files.path(file_id).open("xb") as out:
        for source in sources:
            with files.path(source).open("rb") as part:
                while chunk := part.read(BLOCK_BYTES):
                    crc32c = google_crc32c.extend(crc32c, chunk)
                    out.write(chunk)
                    size_bytes += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return file_id, size_bytes, _in_base64(crc32c)


def lock_folder(folder: Path) -> BinaryIO:
    """Hold `folder` for this process; BlockingIOError when another server already does."""
    handle = (folder / "lock").open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise
    return handle
